"""A clinician accepts what cannot be told, without looking: no paper and no plan gives it a date."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from pypdf import PdfReader

from interop.browser import Page
from sandbox.testing import RunningSandbox, start_sandbox
from tests.functional.test_pages import checked
from tests.support.app_server import LaunchedPage, launch, start_app
from tests.support.house_checks import text_of
from tests.support.plan_pages import plan_page, press_save

AS_OF = date(2026, 11, 25)
MRI = "breast-mri-high-risk"
WOULD_BE = "Jan 25, 2025"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(as_of=AS_OF, only=("varkonyi",)) as running:
        yield running


@pytest.fixture
def launched(sandbox: RunningSandbox) -> Iterator[LaunchedPage]:
    sandbox.reset()
    with start_app(sandbox, as_of=AS_OF) as app:
        yield launch(app, sandbox, "open", "varkonyi")


def row_of(launched: LaunchedPage) -> str:
    document = checked(launched, "plan")
    return re.sub(r"\s+", " ", text_of(next(each for each in document.iter() if each.get("id") == MRI)))


def field_of(page: Page, name: str) -> str:
    form, _ = page.form_with_button("Save plan to record")
    return dict(form.fields)[name]


def saved(launched: LaunchedPage, sandbox: RunningSandbox, **changes: str) -> dict[str, Any]:
    status, receipt = press_save(launched, plan_page(launched), **{f"row.{MRI}.decision": "accept", **changes})
    assert status == 200 and receipt.heading.startswith("Saved to the record")
    (plan,) = [each for each in sandbox.record("varkonyi", "open") if each["resourceType"] == "CarePlan"]
    return plan


def detail(plan: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(each["detail"] for each in plan["activity"] if each["id"] == MRI)
    return found


def accepted_without_a_date(launched: LaunchedPage) -> str:
    """The line of the plan page that names them, with their titles."""
    lines = [text_of(each).strip() for each in checked(launched, "plan").iter() if each.tag.endswith("}li")]
    return " ".join(line for line in lines if line.startswith("Accepted without a date"))


def paper(launched: LaunchedPage, path: str) -> str:
    pages = PdfReader(io.BytesIO(launched.get(path).content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_its_field_is_empty_and_the_date_stands_beside_with_its_condition(launched: LaunchedPage) -> None:
    assert field_of(plan_page(launched), f"row.{MRI}.when") == ""
    assert f"(if it applies, due {WOULD_BE})" in row_of(launched)
    overdue = "mammogram-annual"
    assert field_of(plan_page(launched), f"row.{overdue}.when") != ""


def test_accepted_without_a_look_it_has_no_date_anywhere(launched: LaunchedPage, sandbox: RunningSandbox) -> None:
    plan = saved(launched, sandbox)
    repeat = detail(plan)["scheduledTiming"]["repeat"]
    assert "boundsPeriod" not in repeat and repeat["period"] == 12
    assert WOULD_BE not in plan["text"]["div"]
    assert "Yearly breast MRI" in accepted_without_a_date(launched)
    handover = paper(launched, "handover.pdf")
    assert "Yearly breast MRI" in handover and "No date set" in handover and WOULD_BE not in handover
    assert "MRI" not in launched.get("calendar.ics").text
    assert "MRI" not in paper(launched, "handout.pdf").partition("What comes next")[2].partition("Signs")[0]


def test_with_a_date_of_the_clinicians_it_stands_everywhere(launched: LaunchedPage, sandbox: RunningSandbox) -> None:
    plan = saved(launched, sandbox, **{f"row.{MRI}.when": "2027-03"})
    assert detail(plan)["scheduledTiming"]["repeat"]["boundsPeriod"] == {"start": "2027-03"}
    assert "Mar 2027" in plan["text"]["div"]
    assert "Yearly breast MRI" not in accepted_without_a_date(launched)
    assert "MRI" in launched.get("calendar.ics").text
    again = launch(launched.app, sandbox, "open", "varkonyi")
    assert field_of(plan_page(again), f"row.{MRI}.when") == "2027-03"


def test_the_plan_page_reads_what_is_urgent_first(launched: LaunchedPage) -> None:
    rows = [each for each in plan_page(launched).data if "data-rule" in each and "data-status" in each]
    statuses = [each["data-status"] for each in rows]
    plan = statuses[: statuses.index("up-to-date")]
    order = {"overdue": 0, "due": 1, "cannot-tell": 2}
    assert [order[status] for status in plan] == sorted(order[status] for status in plan)
    assert "cannot-tell" not in statuses[statuses.index("up-to-date") : statuses.index("not-indicated")]
