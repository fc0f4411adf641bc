"""
Where an EHR drops what tells our documents (Oracle drops identifiers): none is called absent that is there, none is
doubled in silence.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smart_app.storage.outbox import SETTLED_FOR_S
from smart_app.web.presenters_notices import present_notices
from smart_app.workflow.planning import reconcile_at_start, unresolved_saves
from smart_app.workflow.planning_types import Outcome
from tests.support.fake_ehrs import CONFORMING, FakeEhr, Manners, running_ehr, with_manners
from tests.support.page_values import sample_frame
from tests.support.plan_desk import seed
from tests.support.saving import SUBJECT, Clinic

PLAN_TYPE = {"coding": [{"system": "http://loinc.org", "code": "18776-5"}]}
Change = Callable[[dict[str, Any]], None]


def without_identifier(resource: dict[str, Any]) -> None:
    for name in ("identifier", "masterIdentifier", "description"):
        resource.pop(name, None)


def with_a_date_of_its_own(resource: dict[str, Any]) -> None:
    resource["date"] = "2099-01-01T00:00:00Z"


def without_date(resource: dict[str, Any]) -> None:
    resource.pop("date", None)


def with_the_file_moved(resource: dict[str, Any]) -> None:
    for content in resource["content"]:
        attachment = content["attachment"]
        for name in ("data", "hash", "size"):
            attachment.pop(name, None)
        attachment["url"] = "Binary/file-1"


def of_documents(*changes: Change) -> Manners:
    """An EHR that takes documents only, and keeps them so."""

    def alter(resource: dict[str, Any]) -> dict[str, Any]:
        if resource["resourceType"] != "DocumentReference":
            return resource
        kept: dict[str, Any] = {
            **resource,
            "content": [{"attachment": dict(c["attachment"])} for c in resource["content"]],
        }
        for change in changes:
            change(kept)
        return kept

    return with_manners(CONFORMING, writable=("DocumentReference",), alter=alter)


@pytest.fixture
def clinics(tmp_path: Path) -> Iterator[Any]:
    with ExitStack() as stack:
        count = 0

        def make(manners: Manners, ehr: FakeEhr | None = None) -> Clinic:
            nonlocal count
            count += 1
            if ehr is None:
                ehr = stack.enter_context(running_ehr(manners))
                seed(ehr)
            folder = tmp_path / str(count)
            folder.mkdir()
            clinic = Clinic(ehr, folder)
            stack.callback(clinic.desktop.close)
            return clinic

        yield make


def later(clinic: Clinic, days: int) -> None:
    clinic.desktop.clock.sleep(days * 24 * 3600)
    clinic.context = replace(clinic.context, handle=f"later-{days}")


@pytest.mark.parametrize(
    "changes",
    [(without_identifier,), (without_identifier, with_a_date_of_its_own), (without_identifier, without_date)],
    ids=["identifier dropped", "and another date", "and no date"],
)
def test_a_document_whose_answer_was_lost_is_found_by_its_instant_or_its_file(
    clinics: Any, changes: tuple[Change, ...]
) -> None:
    clinic = clinics(of_documents(*changes))
    clinic.ehr.lose = 1
    receipt = clinic.save({"note": "First"})
    (document,) = clinic.ehr.all_of("DocumentReference")
    assert receipt.outcome is Outcome.SAVED_AS_DOCUMENT, receipt.explanation
    assert receipt.resource == f"DocumentReference/{document['id']}"
    assert clinic.save({"note": "Second"}).resource == receipt.resource
    assert len(clinic.ehr.all_of("DocumentReference")) == 1


def test_a_file_that_was_moved_to_a_binary_tells_whose_it_is(clinics: Any) -> None:
    clinic = clinics(of_documents(without_identifier, without_date, with_the_file_moved))
    clinic.ehr.lose = 1
    receipt = clinic.save({"note": "First"}, key="k")
    assert receipt.outcome is Outcome.UNKNOWN, "a document is there, and its file cannot be read"
    entry = clinic.services.outbox.find(clinic.context.issuer, clinic.context.patient_id, "k")
    file = entry.resource["content"][0]["attachment"]
    assert hashlib.sha1(base64.b64decode(file["data"])).digest() == base64.b64decode(file["hash"])
    clinic.ehr.put({"resourceType": "Binary", "id": "file-1", "data": file["data"]})
    assert unresolved_saves(clinic.services, clinic.context) == ()
    assert len(clinic.ehr.all_of("DocumentReference")) == 1


def test_somebody_elses_document_of_the_same_kind_is_not_taken_for_ours(clinics: Any) -> None:
    clinic = clinics(with_manners(of_documents(without_identifier), honours_if_none_exist=False))
    theirs = {"resourceType": "DocumentReference", "id": "theirs", "status": "current", **SUBJECT, "content": []}
    file = {"data": base64.b64encode(b"another plan").decode()}
    clinic.ehr.put({**theirs, "type": PLAN_TYPE, "date": "2099-01-01T08:00:00Z", "content": [{"attachment": file}]})
    clinic.ehr.drop = 3
    receipt = clinic.save({"note": "First"})
    assert receipt.outcome is Outcome.NOT_SAVED and "not in the record" in receipt.explanation
    assert len(clinic.ehr.all_of("DocumentReference")) == 1


def test_after_a_kill_a_document_without_identifier_is_found_too(clinics: Any) -> None:
    clinic = clinics(of_documents(without_identifier))
    clinic.ehr.lose = 1
    clinic.ehr.before_answer = lambda: clinic.ehr.fail_reads.extend([(503, {})] * 99)
    assert clinic.save({"note": "First"}).outcome is Outcome.UNKNOWN
    clinic.ehr.before_answer = None
    clinic.ehr.fail_reads.clear()
    assert reconcile_at_start(clinic.services) == 1
    later(clinic, 1)
    assert unresolved_saves(clinic.services, clinic.context) == ()
    bench = clinic.open()
    assert bench.existing_plan is not None and bench.existing_plan.is_document
    assert bench.draft.note == "First"


def test_our_document_is_known_for_longer_than_its_receipt(clinics: Any) -> None:
    clinic = clinics(of_documents(without_identifier, with_the_file_moved))
    first = clinic.save({"note": "First"})
    later(clinic, int(SETTLED_FOR_S // 86400) + 100)
    bench = clinic.open()
    assert bench.existing_plan is not None and bench.existing_plan.resource == first.resource
    assert not bench.document_read and bench.doubtful_documents == ()
    assert clinic.save({"note": "Second"}).resource == first.resource
    assert len(clinic.ehr.all_of("DocumentReference")) == 1


def test_a_document_of_another_installation_is_told_and_left_as_it_is(clinics: Any) -> None:
    there = clinics(of_documents(without_identifier))
    first = there.save({"note": "First"})
    here = clinics(of_documents(without_identifier), there.ehr)
    bench = here.open()
    assert bench.existing_plan is None
    notices = present_notices(bench, sample_frame("plan"), here.desktop.clock.instant().tzinfo)
    (notice,) = [each for each in notices if each.heading == "An earlier plan may be in the record as a document"]
    assert first.resource in notice.lines[0] and "nothing that this EHR keeps of it tells" in notice.lines[0]
    receipt = here.save({"note": "Second"})
    assert receipt.resource != first.resource
    assert any(first.resource in note and note.endswith("It was left as it is.") for note in receipt.notes)
    assert len(here.ehr.rows[first.resource].versions) == 1


def test_a_care_plan_whose_identifier_was_dropped_and_whose_answer_was_lost_is_found(clinics: Any) -> None:
    def alter(resource: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in resource.items() if name != "identifier"}

    clinic = clinics(with_manners(CONFORMING, alter=alter, honours_if_none_exist=False))
    clinic.ehr.lose = 1
    receipt = clinic.save({"note": "First"})
    assert receipt.outcome is Outcome.SAVED, receipt.explanation
    assert receipt.resource == f"CarePlan/{clinic.plan['id']}"
