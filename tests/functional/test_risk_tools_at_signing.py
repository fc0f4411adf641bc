"""What the risk tools said at signing is kept with the plan (risk.md 7.4): here, and nowhere a patient may read it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import date

import pytest
from pypdf import PdfReader

from sandbox.testing import RunningSandbox, start_sandbox
from tests.functional.test_every_patient import forms_of
from tests.functional.test_pages import checked
from tests.support.app_server import LaunchedPage, RunningApp, launch, start_app
from tests.support.house_checks import text_of
from tests.support.plan_pages import plan_page, press, press_save

AS_OF = date(2026, 11, 25)
PATIENT = "bjarkadottir"  # near the end of five years of letrozole: CTS5 can be computed
FIGURES = re.compile(r"CTS5|Distant recurrence|\b2\.\d{3}\b|less than 5 %")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(as_of=AS_OF, only=(PATIENT,)) as running:
        yield running


@pytest.fixture
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    sandbox.reset()
    with start_app(sandbox, as_of=AS_OF) as running:
        yield running


def words(launched: LaunchedPage) -> str:
    return re.sub(r"\s+", " ", text_of(checked(launched, "")))


def written(sandbox: RunningSandbox, issuer: str) -> str:
    """All that a save left in the record, papers read as text."""
    said = []
    for each in sandbox.record(PATIENT, issuer):
        if each["resourceType"] in ("CarePlan", "Goal", "Provenance"):
            said.append(str(each))
        elif each["resourceType"] == "DocumentReference":
            for kind, data in forms_of(each).items():
                pages = PdfReader(io.BytesIO(data)).pages if kind == "application/pdf" else ()
                said += [page.extract_text() for page in pages] or [data.decode("utf-8", "replace")]
    assert said
    return " ".join(said)


@pytest.mark.parametrize("issuer", ["open", "epic-like"])
def test_they_stand_on_the_clinicians_page_of_a_later_launch_and_not_in_the_record(
    app: RunningApp, sandbox: RunningSandbox, issuer: str
) -> None:
    first = launch(app, sandbox, issuer, PATIENT)
    assert "CTS5" in words(first) and "When the plan was signed" not in words(first)
    press_save(first, plan_page(first), note="Seen today")
    later = words(launch(app, sandbox, issuer, PATIENT))
    told = later.partition("When the plan was signed")[2][:400]
    for part in ("low", "Grade", "Age at diagnosis", "CTS5 2018"):
        assert part in told, told
    assert not FIGURES.search(written(sandbox, issuer))


def test_no_paper_for_the_patient_or_for_primary_care_holds_a_figure(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, "open", PATIENT)
    press_save(launched, plan_page(launched))
    for path in ("handout.pdf", "handover.pdf", "plan.pdf"):
        pages = PdfReader(io.BytesIO(launched.get(path).content)).pages
        assert not FIGURES.search(" ".join(page.extract_text() for page in pages)), path
    for path in ("handout", "calendar.ics"):
        assert not FIGURES.search(launched.get(path).text), path


def test_a_draft_that_nobody_signed_keeps_none(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, "open", PATIENT)
    press(launched, plan_page(launched), "Save as draft, not signed")
    assert "When the plan was signed" not in words(launch(app, sandbox, "open", PATIENT))
