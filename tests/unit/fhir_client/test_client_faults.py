"""What the FHIR client does with every kind of bad answer, to a read and to a write (faults F01 to F12)."""

from __future__ import annotations

import json
import socket
import time
from email.utils import formatdate
from typing import Any

import pytest

from smart_app.errors import (
    FhirError,
    GoneError,
    MalformedAnswerError,
    NotOfferedError,
    NotPermittedError,
    NotSignedInError,
    PermanentFhirError,
    RefusedResourceError,
    TemporaryFhirError,
    UnknownOutcomeError,
    VersionConflictError,
)
from smart_app.fhir.client import FhirClient, outcome_words
from smart_app.fhir.transport import Limits, make_pool, read_retry_after
from tests.support.fhir_client import PATIENT, Waits, client, in_turn
from tests.support.scripted_server import Reply


def test_a_resource_is_read_with_the_token_in_its_header_and_nowhere_else(serve: Any, waits: Waits) -> None:
    server = serve(lambda _: Reply(body=PATIENT))
    assert client(server, waits).read("Patient", "p1") == PATIENT
    assert server.asked[0].headers["authorization"] == "Bearer tok-1"
    assert "tok-1" not in server.asked[0].path
    assert server.asked[0].headers["accept"] == "application/fhir+json"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_a_passing_failure_is_recovered_without_notice(serve: Any, waits: Waits, status: int) -> None:
    server = serve(in_turn(Reply(status), Reply(body=PATIENT)))
    assert client(server, waits).read("Patient", "p1")["id"] == "p1"
    assert waits.waited == [0.3]


def test_a_lasting_failure_ends_after_three_tries(serve: Any, waits: Waits) -> None:
    server = serve(lambda _: Reply(503))
    with pytest.raises(TemporaryFhirError):
        client(server, waits).read("Patient", "p1")
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RefusedResourceError),
        (403, NotPermittedError),
        (404, GoneError),
        (405, NotOfferedError),
        (409, VersionConflictError),
        (410, GoneError),
        (412, VersionConflictError),
        (418, PermanentFhirError),
        (422, RefusedResourceError),
        (501, NotOfferedError),
        (302, PermanentFhirError),
        (204, PermanentFhirError),
    ],
)
def test_what_will_not_pass_is_not_tried_again(serve: Any, waits: Waits, status: int, kind: type[FhirError]) -> None:
    server = serve(lambda _: Reply(status, headers={"Location": "http://127.0.0.1:9/elsewhere"}))
    with pytest.raises(kind):
        client(server, waits).read("Patient", "p1")
    assert len(server.asked) == 1


def test_404_on_a_type_means_that_the_ehr_does_not_offer_it(serve: Any, waits: Waits) -> None:
    server = serve(lambda _: Reply(404))
    with pytest.raises(NotOfferedError):
        list(client(server, waits).search("ImagingStudy", {"patient": "p1"}))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3.0), ("86400", 86400.0), ("-5", None), ("soon", None), ("", None), ("1e3", None), (formatdate(0), 0.0)],
)
def test_retry_after_is_read_as_seconds_or_date_and_garbage_is_none(value: str, seconds: float | None) -> None:
    assert read_retry_after(value, time.time()) == seconds


def test_a_short_retry_after_is_honoured_and_a_long_one_stops_with_its_time(serve: Any, waits: Waits) -> None:
    server = serve(in_turn(Reply(429, headers={"Retry-After": "2"}), Reply(body=PATIENT)))
    client(server, waits).read("Patient", "p1")
    assert waits.waited == [2.0]
    server = serve(lambda _: Reply(429, headers={"Retry-After": "86400"}))
    with pytest.raises(TemporaryFhirError) as caught:
        client(server, Waits()).read("Patient", "p1")
    assert caught.value.retry_after_s == 86400.0
    assert len(server.asked) == 1


def test_an_answer_that_breaks_off_is_never_taken_as_whole(serve: Any, waits: Waits) -> None:
    server = serve(lambda _: Reply(body=PATIENT, cut=10))
    with pytest.raises(TemporaryFhirError):
        client(server, waits).read("Patient", "p1")
    assert len(server.asked) == 3


def test_a_server_that_hangs_is_cut_at_its_deadline(serve: Any, waits: Waits) -> None:
    server = serve(lambda _: Reply(body=PATIENT, hang_s=2.0))
    with pytest.raises(TemporaryFhirError, match="timed out"):
        client(server, waits, limits=Limits(read_s=0.2, tries=1)).read("Patient", "p1")


def test_a_byte_at_a_time_is_cut_at_its_deadline(serve: Any, waits: Waits) -> None:
    server = serve(lambda _: Reply(body=PATIENT, drip_s=0.1))
    with pytest.raises(TemporaryFhirError, match="timed out"):
        client(server, waits, limits=Limits(read_s=0.5, tries=1)).read("Patient", "p1")


def test_no_server_at_all_is_a_passing_failure(waits: Waits) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/fhir"
        dead = FhirClient(url, lambda: "t", make_pool(), waits, jitter=lambda: 0.0)
        with pytest.raises(TemporaryFhirError):
            dead.read("Patient", "p1")


def test_a_secure_connection_that_does_not_hold_is_not_tried_again(serve: Any, waits: Waits) -> None:
    server = serve(lambda _: Reply(body=PATIENT))
    secure = FhirClient(server.url.replace("http:", "https:"), lambda: "t", make_pool(), waits)
    with pytest.raises(PermanentFhirError):
        secure.read("Patient", "p1")
    assert waits.waited == []


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b"<html><body>Sign in</body></html>", content_type="text/html"),
        Reply(body=json.dumps(PATIENT).encode(), content_type="text/plain"),
        Reply(body=b""),
        Reply(body=b"   \n"),
        Reply(body=b'{"resourceType": "Patient", "id": "p1"'),
        Reply(body=b'{"resourceType": "Patient", "id": "p1", "id": "p2"}'),
        Reply(body=b'{"resourceType": "Patient", "multipleBirthInteger": NaN}'),
        Reply(body=b'{"resourceType": "Patient", "x": 1e999}'),
        Reply(body=b'{"resourceType": ["Patient"]}'),
        Reply(body=b"[]"),
        Reply(body=b"null"),
        Reply(body=b'{"resourceType": "Patient", "x": ' + b"[" * 5000 + b"]" * 5000 + b"}"),
        Reply(body={"resourceType": "Observation", "id": "p1"}),
        Reply(body=b"\xff\xfe"),
        Reply(
            body=b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><Patient/>', content_type="application/fhir+xml"
        ),
    ],
)
def test_what_is_not_the_fhir_that_was_asked_for_is_refused(serve: Any, waits: Waits, reply: Reply) -> None:
    server = serve(lambda _: reply)
    with pytest.raises(MalformedAnswerError):
        client(server, waits).read("Patient", "p1")


def test_an_operation_outcome_with_200_is_a_failure_with_its_words(serve: Any, waits: Waits) -> None:
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "details": {"text": "No <b>access</b>"}, "diagnostics": "x"}],
    }
    server = serve(lambda _: Reply(body=outcome))
    with pytest.raises(PermanentFhirError) as caught:
        client(server, waits).read("Patient", "p1")
    assert outcome_words(caught.value) == "No <b>access</b>"
    with pytest.raises(PermanentFhirError):
        list(client(server, waits).search("Condition", {"patient": "p1"}))


def test_one_refresh_after_401_and_one_more_try(serve: Any, waits: Waits) -> None:
    tokens = ["old"]

    def renew(refused: str) -> str:
        assert refused == "old"
        tokens[0] = "new"
        return "new"

    server = serve(lambda asked: Reply(body=PATIENT) if asked.headers["authorization"] == "Bearer new" else Reply(401))
    patient = FhirClient(f"{server.url}/fhir", lambda: tokens[0], make_pool(), waits, renew=renew)
    assert patient.read("Patient", "p1")["id"] == "p1"
    assert len(server.asked) == 2


def test_401_again_after_the_refresh_ends_the_sign_in(serve: Any, waits: Waits) -> None:
    server = serve(lambda _: Reply(401))
    with pytest.raises(NotSignedInError):
        client(server, waits, renew=lambda _: "tok-2").read("Patient", "p1")
    assert len(server.asked) == 2
    with pytest.raises(NotSignedInError):
        client(server, waits, renew=lambda _: None).read("Patient", "p1")
    assert len(server.asked) == 3


def test_a_write_is_sent_once_and_a_lost_answer_is_unknown(serve: Any, waits: Waits) -> None:
    plan = {"resourceType": "CarePlan", "id": "1"}
    for reply in (Reply(hang_s=1.0), Reply(201, body=plan, cut=3), Reply(reset=True)):
        server = serve(lambda _, reply=reply: reply)
        with pytest.raises(UnknownOutcomeError):
            client(server, waits, limits=Limits(read_s=0.2)).create(plan)
        assert len(server.asked) == 1
    server = serve(lambda _: Reply(503, headers={"Retry-After": "7"}))
    with pytest.raises(TemporaryFhirError) as caught:
        client(server, waits).create(plan)
    assert not isinstance(caught.value, UnknownOutcomeError)
    assert caught.value.retry_after_s == 7.0
    assert len(server.asked) == 1


def test_an_empty_201_still_tells_what_was_written(serve: Any, waits: Waits) -> None:
    location = "http://127.0.0.1/fhir/CarePlan/9/_history/1"
    server = serve(lambda _: Reply(201, headers={"Location": location, "ETag": 'W/"3"'}))
    answer = client(server, waits).create({"resourceType": "CarePlan"})
    assert (answer.status, answer.version_id, answer.reference, answer.body) == (201, "3", "CarePlan/9", None)


def test_an_update_names_the_version_it_replaces(serve: Any, waits: Waits) -> None:
    server = serve(lambda _: Reply(409))
    with pytest.raises(VersionConflictError):
        client(server, waits).update({"resourceType": "CarePlan", "id": "9"}, "3")
    assert server.asked[0].headers["if-match"] == 'W/"3"'
