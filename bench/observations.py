"""
20,000 Observations, most of them of no use: CPU against a plain byte scan of the same pages, and peak memory.

The byte scan is the least that anything must do which looks at every code: one pass of a compiled pattern over the
bytes, with no JSON read. Memory is the peak growth of a fresh process that reads the pages one after the other.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from bench.figure import Figure
from smart_app.fhir.extract import RecordBuilder
from smart_app.knowledge import default_paths
from smart_app.knowledge.codes import load_codes

_AS_OF = date(2026, 11, 22)
_SCAN = re.compile(rb'"code"\s*:\s*"([^"]*)"')
_TESTS = (
    ("2345-7", "Glucose [Mass/volume] in Serum or Plasma", "mg/dL", 95.0),
    ("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", 13.1),
    ("2951-2", "Sodium [Moles/volume] in Serum or Plasma", "mmol/L", 140.0),
    ("8867-4", "Heart rate", "/min", 72.0),
    ("9279-1", "Respiratory rate", "/min", 14.0),
    ("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry", "%", 97.0),
    ("8310-5", "Body temperature", "Cel", 36.8),
    ("6299-2", "Urea nitrogen [Mass/volume] in Blood", "mg/dL", 12.0),
    ("2075-0", "Chloride [Moles/volume] in Serum or Plasma", "mmol/L", 101.0),
    ("1742-6", "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "U/L", 22.0),
)
_BLOOD_PRESSURE = [
    {
        "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": display}]},
        "valueQuantity": {"value": value, "unit": "mm[Hg]", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"},
    }
    for code, display, value in (("8462-4", "Diastolic blood pressure", 78), ("8480-6", "Systolic blood pressure", 128))
]


def pages(count: int, page_size: int) -> Iterator[bytes]:
    """Searchset pages of laboratory results and vital signs, with one estrogen receptor among them."""
    for start in range(0, count, page_size):
        entries = [_entry(index) for index in range(start, min(start + page_size, count))]
        link = [{"relation": "next", "url": f"https://ehr.example/fhir/Observation?page={start + page_size}"}]
        page = {"resourceType": "Bundle", "type": "searchset", "total": count, "link": link, "entry": entries}
        yield json.dumps(page).encode()


def _entry(index: int) -> dict[str, object]:
    code, display, unit, value = _TESTS[index % len(_TESTS)]
    amount: dict[str, object] = (
        {"component": _BLOOD_PRESSURE}
        if index % 12 == 7
        else {"valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}}
    )
    if index == 1234:
        code, display = "85337-4", "Estrogen receptor Ag [Presence] in Breast cancer specimen by Immune stain"
        amount = {"valueCodeableConcept": {"text": "Positive"}}
    day = _AS_OF - timedelta(days=index // 12)
    observation: dict[str, object] = {
        "resourceType": "Observation",
        "id": f"obs-{index:06d}",
        "meta": {"versionId": "1", "lastUpdated": f"{day}T10:00:00Z"},
        "status": "final",
        "category": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}
        ],
        "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": display}], "text": display},
        "subject": {"reference": "Patient/p"},
        "encounter": {"reference": f"Encounter/{index // 10}"},
        "effectiveDateTime": f"{day}T08:30:00-05:00",
        "issued": f"{day}T10:00:00Z",
        "performer": [{"reference": "Organization/lab", "display": "Laboratory"}],
        "referenceRange": [{"text": "see report"}],
        **amount,
    }
    return {
        "fullUrl": f"https://ehr.example/fhir/Observation/obs-{index:06d}",
        "resource": observation,
        "search": {"mode": "match"},
    }


def _read(count: int, page_size: int, made: list[bytes] | None = None) -> RecordBuilder:
    builder = RecordBuilder(load_codes(default_paths().mappings / "codes"), _AS_OF, "p")
    for page in made if made is not None else pages(count, page_size):
        builder.add_observation_page(page)
    return builder


def cpu_ratio(count: int = 20_000, page_size: int = 500) -> float:
    """CPU of taking the pages, in byte scans of the same pages; the best of three each."""
    made = list(pages(count, page_size))
    codes = load_codes(default_paths().mappings / "codes")

    def scan() -> None:
        for page in made:
            _SCAN.findall(page)

    def take() -> None:
        builder = RecordBuilder(codes, _AS_OF, "p")
        for page in made:
            builder.add_observation_page(page)

    return min(map(_cpu, [take] * 3)) / min(map(_cpu, [scan] * 3))


def _cpu(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def growth_mib(count: int, page_size: int) -> float:
    """Peak growth of a fresh process over the state with code maps loaded and one page made."""
    script = f"from bench.observations import peak; print(peak({count}, {page_size}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return float(done.stdout)


def peak(count: int, page_size: int) -> float:
    """Runs in the fresh process: MiB that the peak grew while the pages were read and the record was built."""
    _read(page_size, page_size).build()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _read(count, page_size).build()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def measure() -> list[Figure]:
    """The figures of this part."""
    small, large = growth_mib(20_000, 1_000), growth_mib(100_000, 1_000)
    return [
        Figure("20,000 Observations: CPU against a byte scan", cpu_ratio(), 5.0),
        Figure("20,000 Observations: peak growth", small, 48.0, "MiB"),
        Figure("100,000 Observations: growth against 20,000", large / max(small, 1.0), 1.3),
    ]
