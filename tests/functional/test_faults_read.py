"""Each section of the record that cannot be read says so, and no advice rests on it unseen (F01 to F16, H04, H10)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.testing import RunningSandbox, start_sandbox
from smart_app.clinical.facts import FactState, PatientRecord, Search, SearchState
from smart_app.fhir.queries import QUERIES
from smart_app.fhir.transport import Limits
from smart_app.workflow.reviewing import Review, review
from tests.support.app_server import LaunchedPage, RunningApp, heading_of, launch, start_app

ONE = "varkonyi"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(only=[ONE]) as running:
        yield running


@pytest.fixture(scope="module")
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    with start_app(sandbox) as running:
        running.clock.waits = []
        yield running


@pytest.fixture(autouse=True)
def no_faults_left(sandbox: RunningSandbox, app: RunningApp) -> Iterator[None]:
    yield
    sandbox.set_faults()


def reviewed(page: LaunchedPage) -> Review:
    context = page.app.services.contexts.require(page.handle, page.cookie_value())
    return review(page.app.services, context)


def search_of(record: PatientRecord, resource_type: str) -> Search:
    return next(search for search in record.searches if search.resource_type == resource_type)


def words(page: LaunchedPage) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text)))


def faulty(app: RunningApp, sandbox: RunningSandbox, *faults: dict[str, Any]) -> LaunchedPage:
    sandbox.set_faults(*faults)
    return launch(app, sandbox, "open", ONE)


FAILURES: dict[str, dict[str, Any]] = {
    "500": {"kind": "status", "status": 500},
    "503": {"kind": "status", "status": 503},
    "429-for-a-day": {"kind": "status", "status": 429, "headers": {"Retry-After": "86400"}},
    "403": {"kind": "status", "status": 403},
    "404": {"kind": "status", "status": 404},
    "400": {"kind": "status", "status": 400},
    "html": {"kind": "html", "status": 200},
    "empty": {"kind": "empty"},
    "truncated": {"kind": "truncated"},
    "cut": {"kind": "cut"},
    "reset": {"kind": "reset"},
    "wrong-type": {"kind": "wrong-type"},
    "outcome": {"kind": "outcome", "severity": "error"},
    "entry-outcome": {"kind": "entry-outcome", "severity": "error"},
    "break-the-glass": {"kind": "break-the-glass"},
    "deep": {"kind": "deep"},
    "gzip-bomb": {"kind": "gzip-bomb", "size": 30_000_000},
    "huge": {"kind": "huge", "size": 30_000_000},
    "many": {"kind": "many", "size": 400_000},
    "nonsense": {"kind": "raw", "words": '{"resourceType": "Bundle", "entry": 7}'},
    "list": {"kind": "raw", "words": "[]"},
    "next-to-itself": {"kind": "next"},
    "next-elsewhere": {"kind": "next", "words": "http://evil.example/fhir/x"},
    "total-too-high": {"kind": "total", "size": 5000},
}
STATES = {
    "403": SearchState.NOT_PERMITTED,
    "break-the-glass": SearchState.NOT_PERMITTED,
    "404": SearchState.NOT_OFFERED,
    "400": SearchState.NOT_OFFERED,
}


@pytest.mark.parametrize("fault", FAILURES)
def test_observations_that_could_not_be_read_are_never_a_negative_finding(
    app: RunningApp, sandbox: RunningSandbox, fault: str
) -> None:
    page = faulty(app, sandbox, {"on": "search", "type": "Observation", **FAILURES[fault]})
    found = reviewed(page)
    search = search_of(found.record, "Observation")
    assert not search.whole
    assert search.state is STATES.get(fault, search.state)
    assert search.why
    assert page.response.status_code == 200
    assert search.why.rstrip(".") in words(page)
    missing = [fact for fact in found.record.facts.values() if fact.name in search.supplies]
    assert missing
    assert all(fact.state is not FactState.NOT_FOUND for fact in missing)
    assert not found.record.was_read("er")


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
@pytest.mark.parametrize("fault", ["500", "403", "truncated"])
def test_every_search_that_fails_names_itself_and_what_rests_on_it(
    app: RunningApp, sandbox: RunningSandbox, query: Any, fault: str
) -> None:
    page = faulty(app, sandbox, {"on": "search", "type": query.resource_type, **FAILURES[fault]})
    found = reviewed(page)
    search = search_of(found.record, query.resource_type)
    assert search.state is STATES.get(fault, SearchState.FAILED)
    assert search.why.rstrip(".") in words(page)
    for name in search.supplies:
        assert not found.record.was_read(name)
    others = [each for each in found.record.searches if each is not search]
    assert all(each.whole for each in others)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_a_failure_that_passes_leaves_no_notice(app: RunningApp, sandbox: RunningSandbox, status: int) -> None:
    page = faulty(app, sandbox, {"on": "search", "type": "Condition", "status": status, "times": 1})
    assert all(search.whole for search in reviewed(page).record.searches)


@pytest.mark.parametrize(
    ("fault", "status"),
    [("500", 503), ("403", 403), ("404", 404), ("html", 502), ("truncated", 502), ("reset", 503), ("outcome", 502)],
)
def test_without_the_patient_there_is_no_page_and_nothing_is_half_drawn(
    app: RunningApp, sandbox: RunningSandbox, fault: str, status: int
) -> None:
    sandbox.set_faults({"on": "read", "type": "Patient", **FAILURES[fault]})
    session = app.session()
    response = session.get(sandbox.launch_url(ONE), timeout=60)
    assert response.status_code == status
    assert "data-fact" not in response.text
    assert "Reference" in response.text
    sandbox.set_faults()
    assert session.get(response.url, timeout=60).status_code == 200, "the session is kept"


def test_another_patient_in_the_answer_is_refused(app: RunningApp, sandbox: RunningSandbox) -> None:
    sandbox.set_faults({"on": "read", "type": "Patient", "kind": "malformed", "values": {"id": "somebody-else"}})
    response = app.session().get(sandbox.launch_url(ONE), timeout=60)
    assert response.status_code == 502
    assert "data-fact" not in response.text


@pytest.mark.parametrize("resource_type", ["Condition", "Observation", "Procedure", "MedicationRequest", "CarePlan"])
def test_a_resource_of_another_patient_is_withheld_and_counted(
    app: RunningApp, sandbox: RunningSandbox, resource_type: str
) -> None:
    clean = reviewed(launch(app, sandbox, "open", ONE))
    page = faulty(app, sandbox, {"on": "search", "type": resource_type, "kind": "foreign-patient"})
    found = reviewed(page)
    assert "somebody-else" not in page.text
    assert {name: fact.value for name, fact in found.record.facts.items()} == {
        name: fact.value for name, fact in clean.record.facts.items()
    }
    if resource_type not in ("CarePlan", "Observation"):
        assert found.withheld == clean.withheld + 1


def test_a_warning_beside_the_answer_is_shown_as_it_came_and_escaped(app: RunningApp, sandbox: RunningSandbox) -> None:
    warning = {"kind": "entry-outcome", "severity": "warning", "words": "Some <b>results</b> are & held back."}
    page = faulty(app, sandbox, {"on": "search", "type": "Procedure", **warning})
    assert search_of(reviewed(page).record, "Procedure").whole
    assert "Some &lt;b&gt;results&lt;/b&gt; are &amp; held back." in page.text


def test_entries_that_come_twice_count_once(app: RunningApp, sandbox: RunningSandbox) -> None:
    clean = reviewed(launch(app, sandbox, "open", ONE))
    page = faulty(app, sandbox, {"on": "search", "kind": "duplicate"})
    found = reviewed(page)
    assert found.record.facts == clean.record.facts
    assert found.record.systemic == clean.record.systemic


def test_one_bad_entry_takes_no_other_with_it(app: RunningApp, sandbox: RunningSandbox) -> None:
    bad = {"kind": "malformed", "size": 1, "values": {"code": 7, "effectiveDateTime": "2023-02-30", "status": ["x"]}}
    page = faulty(app, sandbox, {"on": "search", "type": "*", **bad})
    assert page.response.status_code == 200


def test_a_lost_sign_in_is_renewed_once_and_the_page_is_whole(app: RunningApp, sandbox: RunningSandbox) -> None:
    page = faulty(app, sandbox, {"on": "search", "type": "Condition", "status": 401, "times": 1})
    assert all(search.whole for search in reviewed(page).record.searches)
    assert sum('"event": "refreshed"' in line for line in app.logs.getvalue().splitlines()) >= 1


def test_a_sign_in_that_has_ended_is_said_and_nothing_is_shown(app: RunningApp, sandbox: RunningSandbox) -> None:
    sandbox.set_faults({"on": "search", "type": "Condition", "status": 401})
    response = app.session().get(sandbox.launch_url(ONE), timeout=60)
    assert response.status_code == 401
    assert heading_of(response.text) == "Your sign-in at the EHR has ended"
    assert "data-fact" not in response.text


def test_the_capability_statement_may_fail(app: RunningApp, sandbox: RunningSandbox) -> None:
    app.services.network.capabilities.clear()
    page = faulty(app, sandbox, {"on": "metadata", "status": 500})
    assert page.response.status_code == 200
    assert reviewed(page).capability == {}
    app.services.network.capabilities.clear()


def test_a_server_that_hangs_costs_its_section_and_not_the_page(app: RunningApp, sandbox: RunningSandbox) -> None:
    usual = app
    with start_app(sandbox) as app:
        object.__setattr__(app.services, "limits", Limits(read_s=1.5, total_s=6.0))
        sandbox.set_faults({"on": "search", "type": "Observation", "kind": "hang", "seconds": 8.0})
        page = launch(app, sandbox, "open", ONE)
        search = search_of(reviewed(page).record, "Observation")
        assert (search.state, search.why) == (SearchState.FAILED, "timed out: no answer from the EHR")
        sandbox.set_faults({"on": "search", "type": "Observation", "kind": "drip", "seconds": 0.1})
        page = launch(app, sandbox, "open", ONE)
        assert search_of(reviewed(page).record, "Observation").why.startswith("timed out")
    sandbox.use_app(usual.url)


def test_reading_again_after_the_fault_is_whole(app: RunningApp, sandbox: RunningSandbox) -> None:
    page = faulty(app, sandbox, {"on": "search", "type": "Observation", "status": 500})
    sandbox.set_faults()
    assert not reviewed(page).record.was_read("er")
    again = page.get("?reread=1")
    assert again.status_code == 200
    assert reviewed(page).record.was_read("er")


@pytest.mark.parametrize("status", [500, 403])
def test_diagnoses_that_were_not_read_are_never_told_as_no_breast_cancer(
    app: RunningApp, sandbox: RunningSandbox, status: int
) -> None:
    page = faulty(app, sandbox, {"on": "search", "status": status})
    assert reviewed(page).record.scope.reasons == ("no-breast-cancer",)
    refused = [page.get(path) for path in ("plan", "handout", "handover.pdf", "calendar.ics")]
    assert [answer.status_code for answer in refused] == [409, 409, 409, 409]
    for text in (page.text, *(answer.text for answer in refused)):
        assert "No breast cancer is recorded" not in text
        assert "Plan does not apply" not in text
        assert "diagnoses could not be read in full" in text
