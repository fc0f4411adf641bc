"""The CarePlan and its company: valid, escaped, precise, and read back as it was approved."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.plan import CarePlanDraft, Decision
from smart_app.clinical.plan_drafting import by_row, draft_plan
from smart_app.fhir.careplan import Authorship, care_plan, goal, user_reference
from smart_app.fhir.careplan_reading import read_care_plan
from smart_app.fhir.comparison import compare_resources
from smart_app.fhir.document import Content, document_reference
from smart_app.fhir.provenance import provenance
from smart_app.fhir.validation import find_problems
from tests.support.plan_desk import PATIENT, PUBLIC, TODAY, a_record, recommendations

IDENTIFIER = "urn:uuid:6f1c5a1e-6a3e-5a0b-9d6c-2f6a1c0d7e11"
BY = Authorship(
    patient_id=PATIENT,
    at=datetime(2026, 11, 23, 14, 58, 11, tzinfo=UTC),
    public_url=PUBLIC,
    author={"reference": "Practitioner/ada", "display": "Dr. Ada"},
    organization={"reference": "Organization/17"},
    encounter_id="enc-1",
)
HOSTILE = '<script>alert(1)</script> & "quotes" \x00\x0b\ud800 \u202e'


@pytest.fixture
def draft() -> CarePlanDraft:
    return draft_plan(a_record(), recommendations(), identifier=IDENTIFIER)


def plan_of(draft: CarePlanDraft, **options: Any) -> dict[str, Any]:
    return care_plan(draft, a_record(), by_row(recommendations()), BY, status="active", **options)


def activity(plan: dict[str, Any], key: str) -> dict[str, Any]:
    return next(entry["detail"] for entry in plan["activity"] if entry["id"] == key)


def test_it_is_valid_in_both_libraries_and_by_our_own_check(draft: CarePlanDraft) -> None:
    assert find_problems(plan_of(draft), PATIENT) == ()
    assert find_problems(goal("Walk", IDENTIFIER, BY, TODAY), PATIENT) == ()
    document = document_reference((Content("application/pdf", b"%PDF"),), IDENTIFIER, BY, final=True)
    assert find_problems(document, PATIENT) == ()
    record = provenance(["CarePlan/1/_history/1"], (), BY, created=True, software_version="1", rule_set="2026.11")
    assert find_problems(record, PATIENT) == ()


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"status": "final"}, "CarePlan.status"),
        ({"intent": "wish"}, "CarePlan.intent"),
        ({"subject": {"reference": "Patient/other"}}, "CarePlan.subject"),
        ({"author": {"reference": "https://ehr.example/fhir/Practitioner/1"}}, "CarePlan.author.reference"),
        ({"surprise": 1}, "surprise"),
        ({"note": []}, "CarePlan.note"),
        ({"period": {"start": "2026-13"}}, "CarePlan.period.start"),
        ({"category": [{"text": "plan"}]}, "CarePlan.category"),
        ({"text": {"status": "generated", "div": "<div><script>x</script></div>"}}, "CarePlan.text.div"),
        ({"meta": {"profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-careplan"]}}, "meta.profile"),
    ],
)
def test_a_fault_is_found_before_anything_is_sent(draft: CarePlanDraft, change: dict[str, Any], place: str) -> None:
    problems = find_problems({**plan_of(draft), **change}, PATIENT)
    assert any(place in problem for problem in problems), problems


def test_dates_keep_their_precision(draft: CarePlanDraft) -> None:
    plan = plan_of(draft)
    timing = activity(plan, "clinic-visit-invasive")["scheduledTiming"]["repeat"]
    assert timing == {
        "boundsPeriod": {"start": "2026-12-14"},
        "frequency": 1,
        "period": 6,
        "periodMax": 12,
        "periodUnit": "mo",
    }
    assert activity(plan, "mammogram-annual")["scheduledTiming"]["repeat"]["boundsPeriod"] == {"start": "2026-08"}
    assert activity(plan, "breast-mri-discuss--left")["scheduledPeriod"] == {"start": "2026-08", "end": "2026-08"}


def test_what_is_declined_is_cancelled_with_its_reason_and_what_is_not_advised_is_a_do_not(
    draft: CarePlanDraft,
) -> None:
    rows = tuple(
        replace(row, decision=Decision.DECLINE, reason="Patient prefers not") if row.topic == "breast-mri" else row
        for row in draft.rows
    )
    plan = plan_of(replace(draft, rows=rows))
    declined = activity(plan, "breast-mri-discuss--left")
    assert (declined["status"], declined["statusReason"]) == ("cancelled", {"text": "Patient prefers not"})
    assert activity(plan, "no-tumor-markers")["doNotPerform"] is True
    assert "scheduledTiming" not in activity(plan, "no-tumor-markers")


def test_hostile_text_is_text_everywhere(draft: CarePlanDraft) -> None:
    rows = tuple(replace(row, note=HOSTILE, title=HOSTILE) for row in draft.rows)
    plan = plan_of(replace(draft, rows=rows, goals=(HOSTILE,), concerns=(HOSTILE,), note=HOSTILE))
    assert find_problems(plan, PATIENT) == ()
    assert "<script" not in plan["text"]["div"]
    assert "&lt;script&gt;" in plan["text"]["div"]
    assert "\x00" not in str(plan)


def test_a_plan_of_ours_is_read_back_as_it_was_approved(draft: CarePlanDraft) -> None:
    rows = tuple(replace(row, due=PartialDate(2027, 2), note="soon") for row in draft.rows)
    approved = replace(draft, rows=rows, concerns=("Sleep",), note="For the team")
    stored = {**plan_of(approved, goals=["Goal/1"]), "id": "9", "meta": {"versionId": "3"}}
    found = read_care_plan(stored, BY.plan_definition)
    assert (found.ours, found.identifier, found.version_id) == (True, IDENTIFIER, "3")
    written = {row.id: row for row in approved.rows if row.decision is not Decision.UNDECIDED}
    assert [row.id for row in found.rows] == list(written)
    for row in found.rows:
        same = written[row.id]
        assert (row.title, row.decision, row.note, row.not_advised) == (
            same.title,
            same.decision,
            same.note,
            same.not_advised,
        )
        assert row.not_advised or (row.due, row.owner, row.interval_months) == (
            same.due,
            same.owner,
            same.interval_months,
        )
    assert (found.concerns, found.note, found.goals) == (("Sleep",), "For the team", ("Goal/1",))
    assert [fact.reference for fact in found.facts] == ["Condition/bc-1", "Observation/er-1"]
    assert found.facts[1].version_id == "1"


def test_a_plan_is_ours_also_where_the_server_dropped_ids_and_rule_set(draft: CarePlanDraft) -> None:
    stored = {**plan_of(draft), "id": "9"}
    stored.pop("instantiatesCanonical")
    stored["activity"] = [{"detail": entry["detail"]} for entry in stored["activity"]]
    found = read_care_plan(stored, BY.plan_definition)
    assert found.ours
    assert found.rows[0].id == "mammogram-annual"


@pytest.mark.parametrize("junk", [None, 7, "x", [None], {"a": 1}, [{"detail": 3}, [], None]])
@pytest.mark.parametrize("element", ["activity", "note", "identifier", "supportingInfo", "goal", "text", "author"])
def test_a_mangled_plan_never_raises(draft: CarePlanDraft, element: str, junk: Any) -> None:
    read_care_plan({**plan_of(draft), element: junk}, BY.plan_definition)


@pytest.mark.parametrize(
    ("fhir_user", "expected"),
    [
        ("Practitioner/1", {"reference": "Practitioner/1"}),
        ("https://ehr.example/fhir/Practitioner/1", {"reference": "Practitioner/1"}),
        (
            "https://other.example/fhir/Practitioner/1",
            {"identifier": {"system": "urn:ietf:rfc:3986", "value": "https://other.example/fhir/Practitioner/1"}},
        ),
        ("Observation/1", None),
        ("", None),
        ("a-subject-id", None),
    ],
)
def test_the_signer_is_a_relative_reference_where_the_user_lives_here(fhir_user: str, expected: Any) -> None:
    assert user_reference(fhir_user, "https://ehr.example/fhir") == expected


def test_what_servers_may_do_is_harmless_and_everything_else_is_not(draft: CarePlanDraft) -> None:
    sent = plan_of(draft)
    usual = {
        **sent,
        "id": "1",
        "meta": {"versionId": "1"},
        "subject": {"reference": f"https://e/fhir/Patient/{PATIENT}"},
    }
    assert compare_resources(sent, usual).equal
    for key in sent.keys() - {"resourceType"}:
        assert not compare_resources(sent, {k: v for k, v in usual.items() if k != key}).equal, key
    shifted = {**usual, "activity": sent["activity"][1:]}
    (change,) = (found for found in compare_resources(sent, shifted).changes if not found.harmless)
    assert (change.path, change.kind) == ("CarePlan.activity[0]", "dropped")
