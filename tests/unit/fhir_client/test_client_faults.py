"""What the FHIR client does with every kind of bad answer (faults F01 to F16)."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
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
    TooLargeError,
    UnknownOutcomeError,
    VersionConflictError,
)
from smart_app.fhir.client import FhirClient, outcome_words
from smart_app.fhir.transport import Limits, make_pool, read_retry_after
from tests.support.scripted_server import Asked, Reply, ScriptedServer, scripted_server

PATIENT = {"resourceType": "Patient", "id": "p1"}


@dataclass
class Waits:
    """A clock whose waiting takes no time."""

    waited: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return time.monotonic() + sum(self.waited)

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Asked], Reply]], ScriptedServer]]:
    open_servers = []

    def start(answer: Callable[[Asked], Reply]) -> ScriptedServer:
        manager = scripted_server(answer)
        open_servers.append(manager)
        return manager.__enter__()

    yield start
    for manager in open_servers:
        manager.__exit__(None, None, None)


def client(server: ScriptedServer, waits: Waits, **more: Any) -> FhirClient:
    limits = more.pop("limits", Limits())
    return FhirClient(f"{server.url}/fhir", lambda: "tok-1", make_pool(), waits, limits, jitter=lambda: 1.0, **more)


def in_turn(*replies: Reply) -> Callable[[Asked], Reply]:
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def bundle(*resources: dict[str, Any], next_url: str = "", total: int | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": r} for r in resources],
    }
    if next_url:
        made["link"] = [{"relation": "next", "url": next_url}]
    if total is not None:
        made["total"] = total
    return made


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


def test_pages_are_followed_to_the_end(serve: Any, waits: Waits) -> None:
    def answer(asked: Asked) -> Reply:
        if "page=2" in asked.path:
            return Reply(body=bundle({"resourceType": "Condition", "id": "b"}))
        return Reply(body=bundle({"resourceType": "Condition", "id": "a"}, next_url="Condition?page=2"))

    pages = list(client(serve(answer), waits).pages("Condition", {"patient": "p1"}))
    assert [page.count for page in pages] == [1, 1]


def test_a_base_with_a_query_is_a_page_link_of_hapi(serve: Any, waits: Waits) -> None:
    server = serve(
        lambda asked: (
            Reply(body=bundle())
            if "_getpages" in asked.path
            else Reply(body=bundle(next_url=f"{server.url}/fhir?_getpages=abc"))
        )
    )
    assert len(list(client(server, waits).pages("Condition", {}))) == 2


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:9/fhir/Condition?page=2",
        "https://evil.example/fhir/Condition",
        "//evil.example/fhir/Condition",
        "{url}/other/Condition?page=2",
        "{url}/fhirx/Condition",
        "{url}/fhir/../admin",
        "{url}/fhir/%2e%2e/admin",
        "{url}@evil.example/fhir/",
        "http://user:pw@{host}/fhir/Condition",
        "/Condition?page=2",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "{url}/fhir/Condition?page=2#x",
        "{url}/fhir/Con\\dition",
        "{url}/fhir/Condition?a=\nHost: evil",
        "{https}/fhir/Condition?page=2",
    ],
)
def test_a_page_link_outside_the_pinned_base_is_never_followed(serve: Any, waits: Waits, link: str) -> None:
    server = serve(lambda _: Reply(body=bundle(next_url=next_link)))
    host = server.url.removeprefix("http://")
    next_link = link.format(url=server.url, host=host, https=f"https://{host}")
    with pytest.raises(MalformedAnswerError):
        list(client(server, waits).pages("Condition", {"patient": "p1"}))
    assert len(server.asked) == 1


def test_pages_that_lead_in_a_circle_end(serve: Any, waits: Waits) -> None:
    server = serve(lambda _: Reply(body=bundle(next_url="Condition?patient=p1")))
    with pytest.raises(MalformedAnswerError, match="circle"):
        list(client(server, waits).pages("Condition", {"patient": "p1"}))
    assert len(server.asked) == 1


def test_pages_without_end_stop_at_the_limit(serve: Any, waits: Waits) -> None:
    server = serve(lambda _: Reply(body=bundle(next_url=f"Condition?page={len(server.asked)}")))
    with pytest.raises(TooLargeError):
        list(client(server, waits, limits=Limits(pages_per_search=5)).pages("Condition", {}))
    assert len(server.asked) == 5


@pytest.mark.parametrize("over", [0, 1])
def test_an_answer_may_be_as_large_as_the_limit_and_not_a_byte_larger(serve: Any, waits: Waits, over: int) -> None:
    body = json.dumps(PATIENT).encode()
    body += b" " * (1000 + over - len(body))
    server = serve(lambda _: Reply(body=body))
    limited = client(server, waits, limits=replace(Limits(), answer_bytes=1000))
    if over:
        with pytest.raises(TooLargeError):
            limited.read("Patient", "p1")
    else:
        assert limited.read("Patient", "p1")["id"] == "p1"


def test_a_gzip_bomb_stops_at_the_limit(serve: Any, waits: Waits) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    server = serve(lambda _: Reply(body=bomb, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(TooLargeError):
        client(server, waits).read("Patient", "p1")


def test_gzip_is_read(serve: Any, waits: Waits) -> None:
    server = serve(
        lambda _: Reply(body=gzip.compress(json.dumps(PATIENT).encode()), headers={"Content-Encoding": "gzip"})
    )
    assert client(server, waits).read("Patient", "p1") == PATIENT


def test_entries_and_bytes_are_counted_over_the_whole_launch(serve: Any, waits: Waits) -> None:
    server = serve(lambda _: Reply(body=bundle(*[{"resourceType": "Condition", "id": str(n)} for n in range(3)])))
    limited = client(server, waits, limits=Limits(launch_entries=5))
    list(limited.pages("Condition", {}))
    with pytest.raises(TooLargeError):
        list(limited.pages("Condition", {"again": "1"}))


@pytest.mark.parametrize(
    "reference",
    ["https://evil.example/Binary/1", "http://127.0.0.1:9/fhir/Binary/1", "Binary/../x", "urn:uuid:1", "#c1", "Binary"],
)
def test_a_reference_outside_this_ehr_is_never_fetched(serve: Any, waits: Waits, reference: str) -> None:
    server = serve(lambda _: Reply(body=PATIENT))
    with pytest.raises(NotOfferedError):
        client(server, waits).read_reference(reference)
    assert server.asked == []


def test_a_reference_with_the_base_is_fetched_without_its_version(serve: Any, waits: Waits) -> None:
    server = serve(lambda _: Reply(body={"resourceType": "Binary", "id": "7"}))
    client(server, waits).read_reference(f"{server.url}/fhir/Binary/7/_history/2")
    assert server.paths() == ["/fhir/Binary/7"]


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
