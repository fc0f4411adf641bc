"""
Each end of a search, at each kind of EHR: said on the page, in the plan, on the handover and on the patient's paper.

What rests on it is not read, never "none recorded", and the advice that it leaves open is named.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from typing import Any

import pypdf
import pytest

from sandbox.testing import RunningSandbox, start_sandbox
from smart_app.clinical.coverage import STATES, TITLES, affected_by, search_title, story_is_whole, unread_words
from smart_app.clinical.facts import FactState, PatientRecord, Search, SearchState
from smart_app.fhir.queries import QUERIES, read_scopes
from smart_app.fhir.transport import Limits
from smart_app.workflow.reviewing import Review, review
from tests.support.app_server import SLUGS, LaunchedPage, RunningApp, launch, start_app
from tests.support.house_checks import check_page, find_all

ONE = "varkonyi"
NEVER_GRANTED = " ".join(scope for scope in read_scopes() if "/Procedure." not in scope)
ENDS: dict[str, tuple[str, SearchState, dict[str, Any]]] = {
    "refused to this user": (
        "Observation", SearchState.NOT_PERMITTED, {"on": "search", "type": "Observation", "status": 403},
    ),
    "not granted at the launch": (
        "Procedure", SearchState.NOT_PERMITTED,
        {"on": "token", "kind": "token-values", "values": {"scope": f"launch openid fhirUser {NEVER_GRANTED}"}},
    ),
    "failed": ("MedicationRequest", SearchState.FAILED, {"on": "search", "type": "MedicationRequest", "status": 500}),
    "timed out": (
        "Condition", SearchState.FAILED, {"on": "search", "type": "Condition", "kind": "hang", "seconds": 9.0},
    ),
    "paging that goes in circles": (
        "Procedure", SearchState.TRUNCATED, {"on": "search", "type": "Procedure", "kind": "next"},
    ),
    "fewer than announced": (
        "DiagnosticReport", SearchState.TRUNCATED,
        {"on": "search", "type": "DiagnosticReport", "kind": "total", "size": 500},
    ),
    "search not offered": (
        "DiagnosticReport", SearchState.NOT_OFFERED, {"on": "search", "type": "DiagnosticReport", "status": 400},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(only=[ONE]) as running:
        yield running


@pytest.fixture(scope="module")
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    with start_app(sandbox) as running:
        running.clock.waits = []
        object.__setattr__(running.services, "limits", Limits(read_s=6.0, total_s=25.0))
        yield running


@pytest.fixture(autouse=True)
def no_faults_left(sandbox: RunningSandbox, app: RunningApp) -> Iterator[None]:
    yield
    sandbox.set_faults()


def words(text: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)))


def reviewed(page: LaunchedPage) -> Review:
    context = page.app.services.contexts.require(page.handle, page.cookie_value())
    return review(page.app.services, context)


def of_type(record: PatientRecord, resource_type: str) -> Search:
    return next(search for search in record.searches if search.resource_type == resource_type)


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("end", ENDS)
def test_a_search_that_was_not_whole_is_told_wherever_its_facts_are(
    app: RunningApp, sandbox: RunningSandbox, end: str, slug: str
) -> None:
    resource_type, state, fault = ENDS[end]
    sandbox.set_faults(fault)
    page = launch(app, sandbox, slug, ONE)
    sandbox.set_faults()
    found = reviewed(page)
    search = of_type(found.record, resource_type)
    assert (search.state, bool(search.why), bool(search.supplies)) == (state, True, True)

    facts = [*found.record.facts.values(), *found.record.cancers[0].facts.values()]
    resting = [fact for fact in facts if fact.name in search.supplies]
    assert resting or {"surgery", "systemic"} & set(search.supplies)
    assert not [fact.name for fact in resting if fact.state is FactState.NOT_FOUND]

    tree, text = check_page(page.text), words(page.text)
    for name in {fact.name for fact in resting if fact.state is FactState.NOT_READ}:
        for row in find_all(tree, "data-fact", name):
            assert row.get("data-state") == "not-read", name
            assert "None recorded" not in "".join(row.itertext()), name
    title = search_title(search)
    assert f"{title[:1].upper()}{title[1:]}: {STATES[state]}" in text, "in the list of what was read"
    affected = affected_by((search,), found.recommendations)
    assert affected.open or affected.outdated
    told = text.partition("What was asked of the EHR, and how it ended")[2]
    for advice in (*affected.open, *affected.outdated):
        assert advice in told, "all advice that it leaves open is named with the search"

    warning = "Not read in full:"
    assert warning in text.partition("What matters today")[0], "at the top of the page"
    for path in ("plan", "handout"):
        other = words(page.get(path).text)
        assert "The record was not read in full" in other
        assert search.why.rstrip(".") in other
    told_on_paper = unread_words(found.record)
    assert told_on_paper.startswith(f"{warning} ") and title in told_on_paper
    handover = pypdf.PdfReader(io.BytesIO(page.get("handover.pdf").content))
    assert told_on_paper in " ".join(" ".join(sheet.extract_text() for sheet in handover.pages).split())
    paper = words(page.get("handout").text.partition("<main")[2])
    assert ("We could not read all of your record" in paper) is not story_is_whole(found.record)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_record_that_was_read_whole_says_so_and_warns_of_nothing(
    app: RunningApp, sandbox: RunningSandbox, slug: str
) -> None:
    page = launch(app, sandbox, slug, ONE)
    found = reviewed(page)
    text = words(page.text)
    states = {search.state for search in found.record.searches}
    assert {SearchState.COMPLETE, SearchState.EMPTY} <= states
    for search in found.record.searches:
        title = search_title(search)
        end = STATES[search.state]
        assert f"{title[:1].upper()}{title[1:]} {end[:1].upper()}{end[1:]}" in text
        assert search.whole or not search.supplies, "what this EHR has no type for, other searches hold"
    assert unread_words(found.record) == ""
    for shown in (text, words(page.get("plan").text), words(page.get("handout").text)):
        assert "Not read in full:" not in shown
        assert "The record was not read in full" not in shown
        assert "We could not read" not in shown


def test_every_search_has_a_name_for_people() -> None:
    assert {query.name for query in QUERIES} <= set(TITLES)
