"""A drug named only by a reference that cannot be read is not "none recorded": any drug may stand there (F07, H10)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from smart_app.clinical.codes import CodeMap
from smart_app.clinical.facts import IssueKind, PatientRecord, SearchState
from smart_app.fhir.client import FhirClient
from smart_app.fhir.extract.builder import RecordBuilder
from smart_app.fhir.queries import resource_scopes
from smart_app.fhir.reading import read_record
from smart_app.fhir.transport import make_pool
from smart_app.knowledge import default_paths, load_knowledge
from tests.support.app_server import TestClock
from tests.support.scripted_server import Asked, Reply, scripted_server

ME = {"reference": "Patient/p1"}
BARE: dict[str, Any] = {"reference": "Medication/9"}
LETROZOLE = {
    "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "72965"}],
    "text": "letrozole",
}


@pytest.fixture(scope="module")
def codes() -> CodeMap:
    paths = default_paths()
    return load_knowledge(paths.mappings, paths.education).codes


def order(drug: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": "m1",
        "status": "active",
        "intent": "order",
        "subject": ME,
        "authoredOn": "2025-06-01",
        "medicationReference": drug,
        **more,
    }


def read(codes: CodeMap, written: dict[str, Any], medication: Reply) -> PatientRecord:
    def answer(asked: Asked) -> Reply:
        path = asked.path.partition("?")[0]
        if path == "/fhir/Patient/p1":
            return Reply(body={"resourceType": "Patient", "id": "p1", "gender": "female"})
        if path == "/fhir/Medication/9":
            return medication
        entries = [{"resource": written}] if path == "/fhir/MedicationRequest" else []
        return Reply(body={"resourceType": "Bundle", "type": "searchset", "entry": entries})

    with scripted_server(answer) as server, ThreadPoolExecutor(4) as executor:
        client = FhirClient(f"{server.url}/fhir", lambda: "t", make_pool(), TestClock(waits=[]), jitter=lambda: 0.0)
        builder = RecordBuilder(codes, date(2026, 11, 25), "p1")
        reading = read_record(client, builder, codes, executor, resource_scopes(True), "p1")
        return builder.build(reading.searches)


def orders_search(record: PatientRecord) -> tuple[SearchState, str]:
    return next((s.state, s.why) for s in record.searches if s.resource_type == "MedicationRequest")


@pytest.mark.parametrize("status", [403, 404, 410, 500])
def test_a_drug_that_cannot_be_read_leaves_the_orders_incomplete_and_is_named(codes: CodeMap, status: int) -> None:
    record = read(codes, order(BARE), Reply(status=status, body={"resourceType": "OperationOutcome"}))
    state, why = orders_search(record)
    assert state is SearchState.TRUNCATED
    assert "which drug" in why
    (issue,) = [issue for issue in record.issues if issue.resource == "MedicationRequest/m1"]
    assert issue.kind is IssueKind.UNREADABLE
    assert "Which drug this is could not be read" in issue.detail


@pytest.mark.parametrize(
    ("written", "medication"),
    [
        (order(BARE), Reply(body={"resourceType": "Medication", "id": "9", "code": LETROZOLE})),
        (order({**BARE, "display": "letrozole 2.5 mg"}), Reply(status=404)),
        (order(BARE, status="entered-in-error"), Reply(status=404)),
        (order({"reference": "#d"}, contained=[{"resourceType": "Medication", "id": "d", "code": LETROZOLE}]), Reply()),
    ],
    ids=["read", "named", "entered in error", "contained"],
)
def test_a_drug_that_is_known_or_no_entry_leaves_the_orders_whole(
    codes: CodeMap, written: dict[str, Any], medication: Reply
) -> None:
    record = read(codes, written, medication)
    assert orders_search(record)[0] is SearchState.COMPLETE
    assert not [issue for issue in record.issues if issue.kind is IssueKind.UNREADABLE]
    taken = [row.agent for row in record.systemic]
    assert taken == ([] if written["status"] == "entered-in-error" else ["letrozole"])
