"""The clinician's pages over launches through the sandbox: what they show, keep, refuse and never leak."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

import pytest

from sandbox.testing import RunningSandbox, start_sandbox
from tests.support.app_server import LaunchedPage, RunningApp, heading_of, launch, start_app
from tests.support.house_checks import H, check_page, find_all, text_of

USUAL, MESSY, TWO_TUMORS, METASTATIC, LCIS = "oyelaran", "wojtasik", "monteferri", "hallingstad", "ouedranne"
SPANISH = "zaldivarra"
PATIENTS = (USUAL, MESSY, TWO_TUMORS, METASTATIC, LCIS, SPANISH)
PAGES = ("", "plan", "facts", "facts?fact=menopausal_status", "facts?fact=done", "handout", "rules", "rules/review")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(only=PATIENTS) as running:
        yield running


@pytest.fixture(scope="module")
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    with start_app(sandbox) as running:
        yield running


@pytest.fixture
def page(app: RunningApp, sandbox: RunningSandbox) -> LaunchedPage:
    return launch(app, sandbox, "open", USUAL)


def checked(launched: LaunchedPage, path: str, status: int = 200) -> Element:
    answer = launched.get(path)
    assert answer.status_code == status, f"{path}: {answer.status_code} {heading_of(answer.text)}"
    assert answer.headers["X-Context"] == launched.handle
    return check_page(answer.text, answer.headers, (launched.cookie_value(),))


def fields_of(document: Element, css: str = "workbench") -> dict[str, Any]:
    """The fields of a form as a browser would send them."""
    form = next(form for form in document.iter(f"{H}form") if css in (form.get("class") or ""))
    fields: dict[str, Any] = {}
    for control in form.iter():
        name, kind = control.get("name"), control.get("type")
        if (
            not name
            or control.tag == f"{H}button"
            or (kind in ("radio", "checkbox") and "checked" not in control.attrib)
        ):
            continue
        if control.tag == f"{H}select":
            chosen = [o for o in control.iter(f"{H}option") if "selected" in o.attrib] or list(
                control.iter(f"{H}option")
            )
            value = chosen[0].get("value") or ""
        elif control.tag == f"{H}textarea":
            value = control.text or ""
        else:
            value = control.get("value") or ""
        fields.setdefault(name, []).append(value)
    return fields


def first_row(document: Element, group: str = "") -> str:
    """Id of the first row of the plan, or of one of its groups (`g-plan`)."""
    if group:
        document = next(e for e in document.iter(f"{H}section") if e.get("aria-labelledby") == group)
    return next(str(e.get("id")) for e in document.iter() if e.get("class") == "row" and e.get("data-rule"))


@pytest.mark.parametrize("patient", [USUAL, MESSY, TWO_TUMORS])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_keeps_the_house_rules(app: RunningApp, sandbox: RunningSandbox, patient: str, path: str) -> None:
    checked(launch(app, sandbox, "open", patient), path)


def test_no_random_text_of_a_page_can_read_like_a_token(
    app: RunningApp, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once in some ten thousand pages base64 holds "eyJ": what stands on a page must not be drawn that way."""
    monkeypatch.setattr("secrets.token_urlsafe", lambda size=32: "eyJ" + secrets.token_hex(size)[: size * 4 // 3 - 2])
    launched = launch(app, sandbox, "open", USUAL)
    assert launched.cookie_value().startswith("eyJ"), "the draw was not replaced"
    for path in ("", "plan", "handout", "rules", "facts?fact=er"):
        checked(launched, path)
    fields = fields_of(checked(launched, "handout"), "check")
    confirmed = launched.post("handout", {**fields, "action": "check"})
    assert re.search(r"[?&]checked=[0-9a-f]+(?:&|$)", confirmed.url), "the confirmation's mark is hex too"


@pytest.mark.parametrize("patient", [METASTATIC, LCIS])
def test_outside_the_scope_no_page_holds_a_rule_and_none_makes_a_plan(
    app: RunningApp, sandbox: RunningSandbox, patient: str
) -> None:
    launched = launch(app, sandbox, "open", patient)
    for path in (
        "plan",
        "handout",
        "handout.pdf",
        "handover.pdf",
        "plan.pdf",
        "calendar.ics",
        "handout/page-1.png",
    ):
        document = checked(launched, path, 409)
        assert find_all(document, "data-rule") == []
    for path in ("", "rules", "facts"):
        assert find_all(checked(launched, path), "data-rule") == []


def test_the_page_offers_the_links_by_their_names(page: LaunchedPage) -> None:
    names = [text_of(link).strip() for link in checked(page, "").iter(f"{H}a")]
    assert names.count("Edit and save plan") == 1
    assert names.count("Handout") == 1


def test_a_form_without_its_token_changes_nothing(page: LaunchedPage) -> None:
    answer = page.post("plan", {"form_token": "", "note": "planted", "action": "keep"})
    assert answer.status_code == 403
    assert "planted" not in page.get("plan").text


def test_a_form_drawn_for_another_patient_is_refused(page: LaunchedPage) -> None:
    answer = page.post("plan", {"for_patient": "0" * 16, "note": "meant for somebody else", "action": "keep"})
    assert answer.status_code == 409
    assert heading_of(answer.text) == "The form is for another patient"
    assert "meant for somebody else" not in page.get("plan").text


def test_a_form_that_names_no_patient_is_refused(page: LaunchedPage) -> None:
    answer = page.post("plan", {"for_patient": "", "note": "from nowhere", "action": "save"})
    assert answer.status_code == 409
    assert "from nowhere" not in page.get("plan").text


def test_safety_alerts_stand_first_on_the_plan_and_in_what_is_written(page: LaunchedPage) -> None:
    document = checked(page, "plan")
    headings = [text_of(each).strip() for each in document.iter(f"{H}h2")]
    assert headings.index("Safety alerts") < headings.index("Follow-up")
    assert first_row(document) == "tamoxifen-with-strong-cyp2d6-inhibitor"
    html = page.get("plan").text
    activities = html[html.index("&#34;activity&#34;") :]
    assert activities.index("tamoxifen-with-strong-cyp2d6-inhibitor") < activities.index("mammogram")


def test_what_is_kept_is_there_after_the_redirect(page: LaunchedPage) -> None:
    document = checked(page, "plan")
    row = first_row(document)
    fields = fields_of(document)
    fields[f"row.{row}.when"] = ["2027-02"]
    fields[f"row.{row}.note"] = ["Ordered <today> & “soon”"]
    answer = page.post("plan", {**fields, "action": f"keep:{row}"})
    assert answer.status_code == 200
    assert answer.history[0].status_code == 303
    after = fields_of(check_page(answer.text))
    assert after[f"row.{row}.when"] == ["2027-02"]
    assert after[f"row.{row}.note"] == ["Ordered <today> & “soon”"]


def test_nothing_typed_is_lost_when_a_date_cannot_be_read(page: LaunchedPage) -> None:
    document = checked(page, "plan")
    row = first_row(document)
    fields = fields_of(document)
    fields[f"row.{row}.when"] = ["next spring"]
    fields["note"] = ["A long note that must survive"]
    answer = page.post("plan", {**fields, "action": "keep"})
    assert answer.status_code == 422
    after = fields_of(check_page(answer.text, answer.headers))
    assert after[f"row.{row}.when"] == ["next spring"]
    assert after["note"] == ["A long note that must survive"]
    assert f"e-{row}-when" in answer.text


def test_a_row_moves_down_and_undo_takes_it_back(page: LaunchedPage) -> None:
    document = checked(page, "plan")
    row = first_row(document, "g-plan")
    moved = page.post("plan", {**fields_of(document), "action": f"down:{row}"})
    assert first_row(check_page(moved.text), "g-plan") != row
    undone = page.post("plan", {**fields_of(check_page(moved.text)), "action": "undo"})
    assert first_row(check_page(undone.text), "g-plan") == row


def test_an_own_item_is_added_once_and_can_be_removed(page: LaunchedPage) -> None:
    fields = {**fields_of(checked(page, "plan")), "own.what": ["Swimming again"], "own.when": ["2027-03"]}
    added = page.post("plan", {**fields, "action": "add"})
    document = check_page(added.text)
    own = [e for e in document.iter() if (e.get("id") or "").startswith("own-") and e.get("class") == "row"]
    assert len(own) == 1
    removed = page.post("plan", {**fields_of(document), "action": f"remove:{own[0].get('id')}"})
    assert "Swimming again" not in removed.text


def test_autosave_answers_with_the_version_that_was_kept(page: LaunchedPage) -> None:
    fields = fields_of(checked(page, "plan"))
    fields["goal"] = ["Walk the lake loop"]
    answer = page.post("plan/autosave", {**fields, "action": "keep"})
    assert answer.status_code == 200
    kept = answer.json()
    assert kept["draft_version"] > int(fields["draft_version"][0])
    assert re.fullmatch(r"\d\d:\d\d:\d\d E[SD]T, .*", kept["kept_at"])
    assert "Walk the lake loop" in page.get("plan").text


def test_a_missing_fact_can_be_entered_and_stands_beside_the_record(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, "open", MESSY)
    before = find_all(checked(launched, ""), "data-fact", "menopausal_status")[0]
    assert before.get("data-state") == "not-found"
    fields = fields_of(checked(launched, "facts?fact=menopausal_status"), "entry")
    empty = launched.post("facts", {**fields, "action": "keep"})
    assert empty.status_code == 422
    fields["entry.menopausal_status.value"] = ["postmenopausal"]
    fields["entry.menopausal_status.reason"] = ["No period for three years"]
    answer = launched.post("facts", {**fields, "action": "keep"})
    after = find_all(check_page(answer.text), "data-fact", "menopausal_status")[0]
    assert after.get("data-state") == "entered"
    assert "No period for three years" in text_of(after)
    back = launched.post(
        "facts", {**fields_of(checked(launched, "facts?fact=menopausal_status"), "entry"), "action": "remove"}
    )
    again = find_all(check_page(back.text), "data-fact", "menopausal_status")[0]
    assert again.get("data-state") == "not-found"


def test_a_germline_result_is_entered_in_words_and_the_rules_read_it(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, "open", MESSY)
    fields = fields_of(checked(launched, "facts?fact=germline"), "entry")
    fields["entry.germline.reason"] = ["Letter of the genetics clinic"]
    unclear = launched.post("facts", {**fields, "entry.germline.value": ["a mutation"], "action": "keep"})
    assert unclear.status_code == 422
    assert "gene and result, such as BRCA1 pathogenic" in unclear.text
    answer = launched.post("facts", {**fields, "entry.germline.value": ["brca2 pathogenic"], "action": "keep"})
    document = check_page(answer.text)
    assert find_all(document, "data-fact", "germline")[0].get("data-state") == "entered"
    assert find_all(document, "data-rule", "carrier-care")[0].get("data-status") == "due"
    shown = fields_of(checked(launched, "facts?fact=germline"), "entry")
    assert shown["entry.germline.value"] == ["BRCA2 pathogenic"]
    launched.post("facts", {**shown, "action": "remove"})


def test_a_conflict_is_settled_with_a_reason(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, "open", MESSY)
    document = checked(launched, "plan")
    fields = fields_of(document)
    choice = next(
        str(e.get("value"))
        for e in document.iter(f"{H}input")
        if e.get("name") == "conflict.her2.choice" and e.get("value") != "open"
    )
    fields["conflict.her2.choice"] = [choice]
    fields["conflict.her2.reason"] = ["The excision is the larger sample"]
    answer = launched.post("plan", {**fields, "action": "keep:decide-her2"})
    assert answer.status_code == 200
    her2 = find_all(checked(launched, ""), "data-fact", "her2")[0]
    assert her2.get("data-state") == "entered"
    assert "The excision is the larger sample" in text_of(her2)


def test_each_fact_is_one_select_away_from_its_resource(page: LaunchedPage) -> None:
    row = find_all(checked(page, ""), "data-fact", "er")[0]
    link = next(str(a.get("href")) for a in row.iter(f"{H}a") if "/resource/" in (a.get("href") or ""))
    text = text_of(checked(page, page.app.url + link))
    assert '"resourceType": "Observation"' in text


def test_a_resource_of_another_patient_is_never_shown(page: LaunchedPage, sandbox: RunningSandbox) -> None:
    foreign = next(r for r in sandbox.record(MESSY) if r["resourceType"] == "Condition")
    answer = page.get(f"resource/Condition/{foreign['id']}")
    assert answer.status_code in (403, 404)
    assert "Wojtasik" not in answer.text
    assert str(foreign.get("code", {}).get("text", "no text")) not in answer.text


@pytest.mark.parametrize(
    "path", ["resource/Observation/../../x", "resource/observation/1", "resource/Patient/other", "plan/receipt/none"]
)
def test_an_address_that_names_nothing_is_a_plain_page(page: LaunchedPage, path: str) -> None:
    answer = page.get(path)
    assert answer.status_code in (403, 404)
    check_page(answer.text, answer.headers)


def test_saving_shows_a_receipt_that_can_be_loaded_again_without_saving_again(
    page: LaunchedPage, sandbox: RunningSandbox
) -> None:
    fields = fields_of(checked(page, "plan"))
    answer = page.post("plan", {**fields, "action": "save"})
    document = check_page(answer.text, answer.headers)
    assert heading_of(answer.text).startswith("Saved to the record")
    element = find_all(document, "data-resource")[0]
    assert str(element.get("data-resource")).startswith("CarePlan/")
    assert element.get("data-version")
    plans = [r for r in sandbox.record(USUAL) if r["resourceType"] == "CarePlan"]
    again = page.session.get(answer.url, timeout=30)
    assert heading_of(again.text) == heading_of(answer.text)
    twice = page.post("plan", {**fields, "action": "save"})
    assert twice.status_code in (200, 409)
    assert [r for r in sandbox.record(USUAL) if r["resourceType"] == "CarePlan"] == plans


def test_the_papers_are_files_under_names_without_the_patient(page: LaunchedPage) -> None:
    kinds = {
        "handout.pdf": "application/pdf",
        "handover.pdf": "application/pdf",
        "plan.pdf": "application/pdf",
        "calendar.ics": "text/calendar; charset=utf-8",
        "handout/page-1.png": "image/png",
    }
    for path, kind in kinds.items():
        answer = page.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["Content-Type"] == kind
        assert "oyelaran" not in str(answer.headers).lower()
        assert answer.headers["Cache-Control"] == "no-store"
    assert page.get("handout/page-99.png").status_code == 404


def test_the_handout_speaks_the_language_and_size_that_are_asked_for(page: LaunchedPage) -> None:
    spanish = page.get("handout?lang=es&size=large").text
    assert 'lang="es"' in spanish
    assert "English" in spanish
    assert "Normal print" in spanish
    assert "Large print" in page.get("handout?lang=nonsense&size=odd").text


def test_english_can_be_chosen_for_a_patient_who_prefers_spanish_and_nothing_chosen_is_spanish(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    page = launch(app, sandbox, "open", SPANISH)
    plan = checked(page, "plan")
    page.post("plan", {**fields_of(plan), "action": "keep"})
    assert 'lang="es" dir="ltr">' in page.get("handout").text
    page.post("plan", {**fields_of(checked(page, "plan")), "language": "en", "action": "keep"})
    assert 'lang="es" dir="ltr">' not in page.get("handout").text
    assert fields_of(checked(page, "plan"))["language"] == ["en"]


def test_the_handout_names_the_clinician_only_after_the_confirmation(page: LaunchedPage) -> None:
    fields = fields_of(checked(page, "handout"), "check")
    confirmed = page.post("handout", {**fields, "action": "check"})
    assert "Checked by" in text_of(check_page(confirmed.text))
    token = re.search(r"checked=([^&\"]+)", confirmed.text)
    assert token
    other = launch(page.app, page.app.sandbox, "open", TWO_TUMORS) if page.app.sandbox else None
    assert other is not None
    assert "the last line of the paper says so" not in other.get(f"handout?checked={token[1]}").text


def test_the_rule_set_is_served_as_fhir_for_machines(app: RunningApp) -> None:
    answer = app.session().get(f"{app.url}/fhir/PlanDefinition/aftercare", timeout=30)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/fhir+json")
    assert answer.json()["resourceType"] == "PlanDefinition"


def test_a_record_that_was_read_half_an_hour_ago_says_so_and_can_be_read_again(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    """Hazard H09: the page may be open since the morning, and the pathology came at noon."""
    page = launch(app, sandbox, "open", USUAL)
    words = "This record was read"
    assert words not in text_of(checked(page, ""))
    for _ in range(3):
        app.clock.forward(10 * 60)
        assert page.get().status_code == 200
    document = checked(page, "")
    assert re.search(rf"{words} 3\d minutes ago", text_of(document))
    assert any((each.get("href") or "").endswith("?reread=1") for each in document.iter(f"{H}a"))
    assert words not in text_of(checked(page, "?reread=1"))
