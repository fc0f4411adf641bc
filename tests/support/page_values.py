"""Hand-built values for page tests: one invented survivor with everything that a page can show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import (
    CancerRecord,
    Event,
    Fact,
    FactState,
    FactValue,
    ImagingStudy,
    Issue,
    IssueKind,
    Medication,
    Patient,
    PatientRecord,
    RadiotherapyCourse,
    Scope,
    Search,
    SearchState,
    Source,
    Surgery,
    UnplacedResult,
)
from smart_app.clinical.recommendations import (
    Because,
    Citation,
    DueStatus,
    Recommendation,
    RecommendationKind,
)
from smart_app.web.presenters_page import Frame, PatientIdentity, make_banner

ROOT = Path(__file__).resolve().parents[2]
AS_OF = date(2026, 11, 23)


def day(text: str) -> PartialDate:
    """A date at the precision of its text."""
    return PartialDate.parse(text)


def source(reference: str, on: str = "2022-05-12", **more: Any) -> Source:
    """A source with what a ledger shows."""
    return Source(reference, "1", day(on), "final", **more)


def documented(name: str, value: Any, on: str = "2022-06-21", extra: dict[str, Any] | None = None, **more: Any) -> Fact:
    """A fact that stands."""
    first = source(
        f"Observation/{name.replace('_', '-')}-1", on, code="http://loinc.org|0000-0 test", performer="Lakeside"
    )
    return Fact(
        name, FactState.DOCUMENTED, value, day(on), (first,), extra=extra or {}, rule="One final result", **more
    )


def tumor_facts() -> dict[str, Fact]:
    """The facts of one tumor, HER2 in conflict."""
    biopsy = FactValue("negative", day("2022-05-12"), (source("Observation/h2-1", specimen="biopsy"),), {"ihc": "1+"})
    excision = FactValue(
        "positive",
        day("2022-06-21"),
        (source("Observation/h2-2", "2022-06-21", specimen="excision"),),
        {"ihc": "2+", "ish": "amplified"},
    )
    clinical = FactValue("IIA", day("2022-05-20"), (source("Observation/st-1", "2022-05-20"),), {"basis": "clinical"})
    facts = [
        documented("stage_group", "IIB", extra={"basis": "pathologic"}, others=(clinical,)),
        documented("t", "T2"),
        documented("n", "N1a"),
        documented("m", "M0"),
        documented("grade", 2),
        documented("tumor_size_mm", 24.0),
        documented("nodes_positive", 1),
        documented("nodes_examined", 3),
        documented("er", "positive", "2022-05-12", {"percent": 95}),
        documented("pr", "positive", "2022-05-12", {"percent": 60}),
        Fact("her2", FactState.CONFLICTING, others=(biopsy, excision), rule="Two final results disagree"),
        documented("ki67_percent", 18.0, from_text=True),
    ]
    return {fact.name: fact for fact in facts}


def patient_facts() -> dict[str, Fact]:
    """Facts of the patient: one missing, one not read, one found."""
    facts = [
        Fact("menopausal_status", FactState.NOT_FOUND, looked_for="4 codes in Condition and Observation, whole record"),
        Fact("germline", FactState.NOT_READ, rule="not permitted for this user"),
        Fact("metastasis", FactState.NOT_FOUND),
        documented("birads", "2", "2025-08-19"),
        Fact("uterus", FactState.NOT_FOUND),
        documented("lvef_percent", 61.0, "2023-02-01"),
    ]
    return {fact.name: fact for fact in facts}


def sample_record() -> PatientRecord:
    """Invasive cancer, left, after lumpectomy, chemotherapy and radiation, now on tamoxifen."""
    mammogram = ImagingStudy(
        "mammogram", day("2025-08-19"), "bilateral", "2", (source("DiagnosticReport/mg-4", "2025-08-19"),)
    )
    dxa = ImagingStudy("dxa", day("2023-02-20"), "unknown", None, (source("DiagnosticReport/dx-1", "2023-02-20"),))
    drug = (source("MedicationRequest/tm-1", "2024-04-03"),)
    return PatientRecord(
        as_of=AS_OF,
        patient=Patient(day("1974-09-09"), "female"),
        scope=Scope(),
        cancers=(CancerRecord("invasive", "left", day("2022-05-12"), (source("Condition/dx-1"),), tumor_facts()),),
        facts={**tumor_facts(), **patient_facts()},
        surgery=(Surgery("breast-conserving", "left", day("2022-06-14"), (source("Procedure/sx-1", "2022-06-14"),)),),
        axillary_surgery=(
            Surgery("sentinel-node-biopsy", "left", day("2022-06-14"), (source("Procedure/sx-2", "2022-06-14"),)),
        ),
        radiation=(
            RadiotherapyCourse(
                "left",
                day("2022-11-07"),
                day("2022-12-09"),
                (source("Procedure/rt-1", "2022-12-09"),),
                ("breast", "regional-nodes"),
            ),
        ),
        systemic=(
            Medication("docetaxel", ("taxane", "chemotherapy"), "stopped", day("2022-07"), day("2022-09"), drug),
            Medication("cyclophosphamide", ("chemotherapy",), "stopped", day("2022-07"), day("2022-09"), drug),
            Medication(
                "anastrozole",
                ("aromatase-inhibitor", "endocrine"),
                "stopped",
                day("2023-01-16"),
                day("2024-03-27"),
                drug,
            ),
            Medication("tamoxifen", ("serm", "endocrine"), "active", day("2024-04-03"), None, drug),
        ),
        imaging={"mammogram": mammogram, "dxa": dxa, "last_breast_imaging": mammogram},
        events={
            "mammogram": tuple(
                Event("mammogram", day(on), (source("DiagnosticReport/x", on),))
                for on in ("2024-08-16", "2023-08-14", "2022-05-09")
            )
        },
        issues=(
            Issue(IssueKind.OTHER_PATIENT, "Observation/other", "The subject is another patient"),
            Issue(IssueKind.IGNORED_STATUS, "Observation/er-0", "Preliminary result, not used"),
        ),
        unplaced=(UnplacedResult(source("Observation/up-1"), "Receptor panel", "ER/PR see addendum"),),
        searches=(
            Search("condition", "Condition", SearchState.COMPLETE, 4, supplies=("metastasis",)),
            Search("observation-laboratory", "Observation", SearchState.COMPLETE, 42),
            Search("observation-genetics", "Observation", SearchState.NOT_PERMITTED, why="403", supplies=("germline",)),
        ),
    )


def recommendation(rule: str, status: DueStatus, **more: Any) -> Recommendation:
    """A recommendation with every text field filled."""
    given = {
        "row": "I-01",
        "topic": "other",
        "kind": RecommendationKind.SURVEILLANCE,
        "title": rule.replace("-", " ").capitalize(),
        "says": "What to do, in one sentence.",
        "why": "Why it matters",
        "owner": "oncology",
        "citation": Citation("ACS/ASCO", 2016, "2A", "Rec 2.1", "doi:10.0000/x"),
    }
    return Recommendation(rule=rule, status=status, **{**given, **more})


def sample_recommendations() -> tuple[Recommendation, ...]:
    """One of each status and kind."""
    lumpectomy = Because("surgery", "breast-conserving", (source("Procedure/sx-1", "2022-06-14"),))
    return (
        recommendation(
            "mammogram-annual",
            DueStatus.OVERDUE,
            topic="mammogram",
            title="Mammogram",
            side="both",
            due=day("2026-08"),
            why="Every 12 months after lumpectomy",
            last_done=day("2025-08-19"),
            interval_months=(12, 12),
            because=(lumpectomy,),
            would_change=("A bilateral mastectomy, or a newer mammogram",),
            horizon=(day("2027-08"), day("2028-08")),
            limits="Does not know of studies done elsewhere",
        ),
        recommendation(
            "cyp2d6-interaction",
            DueStatus.DUE,
            topic="cyp2d6-interaction",
            kind=RecommendationKind.SAFETY_ALERT,
            title="Tamoxifen and paroxetine are both active",
            says="Paroxetine is a strong CYP2D6 inhibitor: review the pair with the prescriber.",
            due=day("2026-11"),
        ),
        recommendation(
            "clinic-visit-invasive",
            DueStatus.DUE,
            topic="clinic-visit",
            title="History and physical exam",
            due=day("2026-12"),
            interval_months=(6, 12),
            chosen_months=6,
            last_done=day("2026-06-02"),
        ),
        recommendation(
            "dxa-endocrine",
            DueStatus.CANNOT_TELL,
            topic="dxa",
            title="DXA",
            owner="primary-care",
            missing=("menopausal_status",),
        ),
        recommendation(
            "germline-testing",
            DueStatus.CANNOT_TELL,
            topic="genetic-counseling",
            title="Genetic counseling",
            missing=("germline",),
        ),
        recommendation(
            "gynecology-tamoxifen",
            DueStatus.UP_TO_DATE,
            topic="gynecology-review",
            title="Gynecologic assessment",
            owner="gynecology",
            due=day("2027-01"),
        ),
        recommendation(
            "fatigue-screen",
            DueStatus.DUE,
            topic="fatigue",
            kind=RecommendationKind.SUPPORTIVE,
            title="Fatigue",
            owner="oncology",
        ),
        recommendation(
            "tumor-markers",
            DueStatus.NOT_INDICATED,
            topic="routine-tumor-markers",
            kind=RecommendationKind.NOT_ADVISED,
            title="CA 15-3, CA 27.29, CEA",
        ),
    )


def sample_frame(title: str = "survivorship summary") -> Frame:
    """The frame of a context in the sandbox."""
    identity = PatientIdentity("Mary Ellen Samplewright", day("1974-09-09"), "52", "Female", "9000 1234")
    read_at = datetime(2026, 11, 23, 9, 42, tzinfo=ZoneInfo("America/New_York"))
    banner = make_banner("k3v9", identity, read_at, "Lakeside Test Health", "Dr. Ada Clinician", "SANDBOX")
    return Frame(title, "/c/k3v9", banner, "token-of-the-form", environment="SANDBOX", rule_set="2026.11")


def page_environment() -> Environment:
    """The templates as the app renders them: strict and escaped, without Flask."""
    env = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        undefined=StrictUndefined,
        autoescape=select_autoescape(default=True),
    )
    env.globals["url_for"] = _static_url
    env.globals["csp_nonce"] = _nonce
    return env


def _static_url(endpoint: str, filename: str) -> str:
    assert endpoint == "static"
    return f"/static/{filename}"


def _nonce() -> str:
    return "bm9uY2U"


def render(template: str, page: object) -> str:
    """A page as HTML."""
    return page_environment().get_template(template).render(page=page)


def with_facts(record: PatientRecord, *facts: Fact) -> PatientRecord:
    """The record with these facts in the place of its own, of the patient and of the first tumor."""
    named = {fact.name: fact for fact in facts}
    cancers = tuple(replace(cancer, facts={**cancer.facts, **named}) for cancer in record.cancers)
    return replace(record, facts={**record.facts, **named}, cancers=cancers)


Change = Callable[[PatientRecord], PatientRecord]
