"""Every fact that a form offers is kept, marked, computed with at once, and named in the plan and its Provenance."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest

from interop.browser import Page
from sandbox.testing import RunningSandbox, start_sandbox
from smart_app.clinical.date_facts import DATE_FACTS
from smart_app.web.presenters_entry import ENTERABLE
from smart_app.web.presenters_row_entry import split_row_key
from tests.support.app_server import LaunchedPage, RunningApp, launch, start_app
from tests.support.plan_pages import plan_page, press, press_save

AS_OF = date(2026, 11, 25)
TYPED = {
    "germline": "BRCA2 pathogenic",
    "bmi": "31,5",
    "lvef_percent": "58",
    "cumulative_doxorubicin_mg_m2": "240",
    "lifetime_risk": "22",
    "t": "T1c",
    "n": "N1mi",
    "stage_group": "IIB",
    "m": "M0",
    "metastasis": "none",
    "cancer_kind": "invasive",
    "tumor_size_mm": "14",
    "nodes_positive": "1",
    "nodes_examined": "3",
    "ki67_percent": "20",
    "oncotype_rs": "17",
    **dict.fromkeys(DATE_FACTS, "2023-08"),
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(as_of=AS_OF, only=("varkonyi", "monteferri", "beauvallon")) as running:
        yield running


@pytest.fixture(scope="module")
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    with start_app(sandbox, as_of=AS_OF) as running:
        yield running


@pytest.fixture(autouse=True)
def fresh_record(sandbox: RunningSandbox) -> None:
    sandbox.reset()


def enter(launched: LaunchedPage, key: str, value: str, **more: str) -> tuple[int, Page]:
    answer = launched.get(f"facts?fact={key}")
    fields = {"value": value, "reason": f"Reason of {key}", "seen_where": f"Letter on {key}", **more}
    changes = {f"entry.{key}.{name}": text for name, text in fields.items()}
    return press(launched, Page(answer.url, answer.text), "Keep this fact", **changes)


def states(page: Page | str, fact: str) -> set[str]:
    html = page if isinstance(page, str) else page.html
    return set(re.findall(rf'data-fact="{re.escape(fact)}"[^>]*data-state="([\w-]+)"', html))


def recommended(launched: LaunchedPage, rule: str) -> str | None:
    found = re.search(rf'data-rule="{rule}" data-status="([\w-]+)"', launched.get("").text)
    return found[1] if found else None


def test_every_fact_of_the_forms_is_kept_marked_and_named_in_the_plan(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    for item in ENTERABLE:
        value = TYPED.get(item.name) or item.choices[-1][0]
        status, page = enter(launched, item.name, value)
        assert status == 200, item.name
        assert states(page, item.name) == {"entered"}, item.name
        assert f"Letter on {item.name}" in page.html, "where it was seen stands in the ledger"
        assert f"Reason of {item.name}" in plan_page(launched).html, item.name
    _, receipt = press_save(launched, plan_page(launched))
    assert receipt.attribute("data-resource")
    record = sandbox.record("varkonyi")
    plan = str(next(r for r in record if r["resourceType"] == "CarePlan"))
    provenance = str([r for r in record if r["resourceType"] == "Provenance"])
    for item in ENTERABLE:
        assert f"Reason of {item.name}" in plan, item.name
    for item in ENTERABLE:
        assert f"Reason of {item.name}" in provenance, item.name


def test_the_page_has_no_link_to_the_form_of_a_fact_that_has_none(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    keys = set(re.findall(r"facts\?fact=([\w.-]+)", launched.get("").text + plan_page(launched).html))
    assert len(keys) > 20
    for key in keys:
        form = launched.get(f"facts?fact={key}").text
        rows = split_row_key(key)
        assert (f'data-treatment="{rows[0]}"' if rows else f'name="entry.{key}.value"') in form, key


def test_the_record_has_its_word_beside_an_entered_date_and_after_it_is_taken_back(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    before = launched.get("").text
    form = launched.get("facts?fact=endocrine_started_on").text
    assert "Jun 25, 2024" in form and "Date of the result" not in form
    _, page = enter(launched, "endocrine_started_on", "2020-01")
    assert states(page, "endocrine_started_on") == {"entered"}
    assert "Jan 2020" in page.html and "record: Jun 25, 2024" in page.html
    answer = launched.get("facts?fact=endocrine_started_on")
    press(launched, Page(answer.url, answer.text), "Take my entry back")
    assert _rules(launched.get("").text) == _rules(before)


def _rules(page: str) -> list[tuple[str, ...]]:
    return re.findall(r'data-rule="([\w-]+)" data-status="([\w-]+)"', page)


def test_a_start_of_endocrine_therapy_that_is_entered_brings_the_review_of_year_5(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    before = recommended(launched, "endocrine-year-5-node-negative")
    enter(launched, "endocrine_started_on", "2021-06")
    after = recommended(launched, "endocrine-year-5-node-negative")
    assert (before, after) == (None, "due")


def test_the_date_of_diagnosis_of_the_second_tumor_is_that_tumors(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="monteferri")
    status, page = enter(launched, "diagnosed_on.1", "2023-03")
    assert status == 200
    assert page.html.count('data-fact="diagnosed_on"') == 1
    assert re.search(r"Tumor 2: right, 2023", page.html)


@pytest.mark.parametrize(
    ("key", "more", "said"),
    [
        ("endocrine_started_on", {"value": "last winter"}, "a year, month or day"),
        ("diagnosed_on", {"value": "2031-02"}, "lies in the future"),
        ("trastuzumab_ended", {"value": ""}, "Give a value"),
        ("grade", {"value": "2", "reason": " "}, "Give a reason"),
        ("grade", {"value": "2", "on": "2031"}, "lies in the future"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_reason_and_stays_typed(
    app: RunningApp, sandbox: RunningSandbox, key: str, more: dict[str, str], said: str
) -> None:
    launched = launch(app, sandbox, patient="beauvallon")
    status, page = enter(launched, key, more.pop("value"), **more)
    assert (status, "Not kept yet" in page.html) == (422, True)
    assert said in page.html
    assert f"Letter on {key}" in page.html


def test_after_an_override_the_records_own_result_is_still_one_click_away_and_advice_says_what_was_entered(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    _, page = enter(launched, "nodes_positive", "2")
    row = page.html.partition('data-fact="nodes_positive"')[2].partition('data-fact="er"')[0]
    assert "resource/Observation/varkonyi-nodes-positive" in row
    enter(launched, "diagnosed_on", "2020-12")
    text = launched.get("").text
    assert "Date of diagnosis: Dec 2020 (entered by the clinician)" in text
    assert "Lymph nodes, positive: 2 (entered by the clinician)" in text
