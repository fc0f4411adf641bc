"""A record, its recommendations, a launch and the services of planning, for the tests of drafting and saving."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import (
    CancerRecord,
    Fact,
    FactState,
    FactValue,
    Patient,
    PatientRecord,
    Scope,
    Source,
)
from smart_app.clinical.recommendations import Because, Citation, DueStatus, Recommendation, RecommendationKind
from smart_app.fhir.client import FhirClient
from smart_app.fhir.transport import Limits, make_pool
from smart_app.storage.audit import AuditLog
from smart_app.storage.contexts import LaunchContext
from smart_app.storage.crypto import make_keyring
from smart_app.storage.drafts import DraftStore
from smart_app.storage.engine import Store, open_store
from smart_app.storage.outbox import Outbox
from smart_app.workflow.planning_ports import DocumentFile, IssuerFacts, PlanServices

TODAY = date(2026, 11, 23)
PATIENT = "ls-1"
PUBLIC = "https://aftercare.example"
KEYS = "k1:" + base64.urlsafe_b64encode(bytes(range(32))).decode()
SECRET = "a-secret-of-the-tests-that-is-long-enough"
ER = Source("Observation/er-1", version_id="1", on=PartialDate(2022, 5, 12))
CANCER = Source("Condition/bc-1", version_id="1")


class TestClock:
    """Time that passes only when the code waits, or the test says so."""

    __test__ = False

    def __init__(self, start: float = 1_795_430_000.0) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds since the epoch."""
        with self._lock:
            return self._now

    def monotonic(self) -> float:
        """The same clock."""
        return self.now()

    def sleep(self, seconds: float) -> None:
        """Let the time pass at once; others may run."""
        with self._lock:
            self._now += seconds
        time.sleep(0.001)

    def instant(self) -> datetime:
        """Now, in UTC."""
        return datetime.fromtimestamp(self.now(), UTC)


def fact(name: str, value: Any, source: Source = ER, **extra: Any) -> Fact:
    """A documented fact."""
    return Fact(name, FactState.DOCUMENTED, value, on=source.on, sources=(source,), extra=extra)


def conflicting(name: str, *values: tuple[Any, Source]) -> Fact:
    """A fact whose results disagree."""
    return Fact(name, FactState.CONFLICTING, others=tuple(FactValue(v, s.on, (s,)) for v, s in values))


def a_record(facts: dict[str, Fact] | None = None, **changes: Any) -> PatientRecord:
    """One invasive cancer on the left, ER positive."""
    known = facts if facts is not None else {"er": fact("er", "positive", percent=95)}
    cancer = CancerRecord("invasive", "left", PartialDate(2022, 5), (CANCER,), known)
    record = PatientRecord(
        as_of=TODAY,
        patient=Patient(PartialDate(1974, 9, 9), "female"),
        scope=Scope(),
        cancers=(cancer,),
        facts=known,
    )
    return replace(record, **changes)


def a_recommendation(rule: str = "mammogram-annual", **changes: Any) -> Recommendation:
    """A mammogram that is overdue, resting on the diagnosis."""
    base = Recommendation(
        rule=rule,
        row="I-01",
        topic="mammogram",
        kind=RecommendationKind.SURVEILLANCE,
        title="Mammogram, both breasts",
        says="Mammogram every 12 months.",
        why="Breast tissue remains after lumpectomy.",
        status=DueStatus.OVERDUE,
        owner="Oncology",
        citation=Citation("ACS/ASCO survivorship", 2016, "2A"),
        due=PartialDate(2026, 8),
        interval_months=(12, 12),
        because=(Because("diagnosis", "invasive", (CANCER,)), Because("er", "positive", (ER,))),
    )
    return replace(base, **changes)


def recommendations() -> tuple[Recommendation, ...]:
    """Five rows: overdue, due, one that cannot be told, one side only, one not advised."""
    return (
        a_recommendation(),
        a_recommendation(
            "clinic-visit-invasive",
            topic="clinic-visit",
            title="History and physical exam",
            status=DueStatus.DUE,
            due=PartialDate(2026, 12, 14),
            interval_months=(6, 12),
        ),
        a_recommendation(
            "dxa-endocrine",
            topic="dxa",
            title="DXA",
            status=DueStatus.CANNOT_TELL,
            due=None,
            interval_months=None,
            because=(),
            missing=("menopausal_status",),
            owner="Primary care",
        ),
        a_recommendation(
            "breast-mri-discuss", topic="breast-mri", title="Breast MRI, left", side="left", interval_months=None
        ),
        a_recommendation(
            "no-tumor-markers",
            topic="routine-tumor-markers",
            kind=RecommendationKind.NOT_ADVISED,
            title="Tumor markers",
            status=DueStatus.NOT_INDICATED,
            due=None,
            interval_months=None,
            because=(),
        ),
    )


@dataclass(frozen=True)
class AReview:
    """What a review gives to planning."""

    record: PatientRecord = field(default_factory=a_record)
    recommendations: tuple[Recommendation, ...] = field(default_factory=recommendations)
    sections: tuple[Any, ...] = ()
    further_sections: tuple[Any, ...] = ()
    capability: dict[str, Any] = field(default_factory=dict)
    plans: tuple[dict[str, Any], ...] = ()
    care_teams: tuple[dict[str, Any], ...] = ()
    patient: dict[str, Any] = field(default_factory=dict)
    read_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)


SCOPES = (
    "launch",
    "openid",
    "fhirUser",
    *(f"patient/{kind}.cruds" for kind in ("CarePlan", "Goal", "DocumentReference", "Provenance")),
    "patient/Observation.rs",
    "patient/Condition.rs",
    "user/PractitionerRole.rs",
)


def a_context(base_url: str, **changes: Any) -> LaunchContext:
    """A launch of Dr. Clinician for the patient."""
    context = LaunchContext(
        handle="k3v9handle",
        issuer="lakeside",
        base_url=base_url,
        patient_id=PATIENT,
        fhir_user="Practitioner/ada",
        subject="ada",
        scopes=SCOPES,
        proof="x",
        started_at=1_795_429_900.0,
        ends_at=1_795_466_000.0,
        user_name="Dr. Ada Clinician",
        encounter_id="enc-1",
    )
    return replace(context, **changes)


class Desktop:
    """The services over one database file, and a client for one server; opened again after a kill."""

    def __init__(self, database: Path, base_url: str, clock: TestClock | None = None, **changes: Any) -> None:
        self.clock = clock or TestClock()
        self.database, self.base_url = database, base_url
        self.store: Store = open_store(f"sqlite:///{database}", make_keyring(KEYS, [SECRET]), self.clock.now)
        self.pool = make_pool()
        self.wrap: Callable[[FhirClient], Any] = lambda client: client
        self.seconds: list[float] = []
        outbox = changes.pop("outbox", None) or Outbox(self.store, self.clock.sleep)
        self.services = PlanServices(
            drafts=changes.pop("drafts", None) or DraftStore(self.store),
            outbox=outbox,
            audit=AuditLog(self.store),
            now=self.clock.instant,
            wait=self.clock.sleep,
            client_for=self.client,
            issuer_facts=lambda slug: IssuerFacts("Lakeside Test Health", "Organization/17", "Lakeside"),
            public_url=PUBLIC,
            rule_set="2026.11",
            make_pdf=lambda context, review, draft, standing: DocumentFile("application/pdf", b"%PDF-1.7 plan", 2),
            observe_time_to_plan=lambda issuer, seconds: self.seconds.append(seconds),
        )
        if changes:
            self.services = replace(self.services, **changes)

    def client(self, context: LaunchContext) -> Any:
        """A real client of the server."""
        limits = Limits(total_s=1e9, read_s=5.0)
        return self.wrap(FhirClient(context.base_url, lambda: "token", self.pool, self.clock, limits))

    def close(self) -> None:
        """Let go of connections."""
        with suppress(Exception):
            self.pool.clear()
        self.store.close()


def seed(ehr: Any) -> None:
    """The resources that the facts rest on."""
    subject = {"subject": {"reference": f"Patient/{PATIENT}"}}
    ehr.put({"resourceType": "Condition", "id": "bc-1", **subject})
    ehr.put({"resourceType": "Observation", "id": "er-1", **subject})
