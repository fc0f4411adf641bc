"""Pages, limits and references: what the FHIR client follows, and where it stops (faults F13, F15, F16)."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import Any

import pytest

from smart_app.errors import (
    MalformedAnswerError,
    NotOfferedError,
    TooLargeError,
)
from smart_app.fhir.transport import Limits
from tests.support.fhir_client import PATIENT, Waits, bundle, client
from tests.support.scripted_server import Asked, Reply


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
