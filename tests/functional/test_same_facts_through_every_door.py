"""One record, the same facts: from a file in any shape, from standard input, and by launch from paged searches."""

from __future__ import annotations

import io
import json
import random
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sandbox.patients import sample_patients
from sandbox.testing import RunningSandbox, start_sandbox
from smart_app.cli import main
from smart_app.clinical.facts_json import facts_json
from smart_app.workflow.reviewing import review
from tests.support.app_server import RunningApp, launch, start_app

PATIENTS = [patient.id for patient in sample_patients(date(2026, 11, 25))]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    with start_app(sandbox) as running:
        yield running


def shapes(resources: list[dict[str, Any]], chance: random.Random) -> dict[str, str]:
    """The record as a Bundle of several types, as an array and as ndjson, each in an order of its own."""
    made = {}
    for kind in ("collection", "searchset", "transaction", "document"):
        entries: list[dict[str, Any]] = [
            {"resource": resource} for resource in chance.sample(resources, len(resources))
        ]
        if kind == "transaction":
            for entry in entries:
                entry["request"] = {"method": "PUT", "url": f"{entry['resource']['resourceType']}/x"}
        made[f"{kind}.json"] = json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries})
    made["array.json"] = json.dumps(chance.sample(resources, len(resources)))
    made["lines.ndjson"] = "\n".join(json.dumps(one) for one in chance.sample(resources, len(resources)))
    pages = chance.sample(resources, len(resources))
    bundles = [{"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in pages[n::3]]}
               for n in range(3)]  # fmt: skip
    made["pages.ndjson"] = "\n".join(json.dumps(bundle) for bundle in bundles)
    return made


@pytest.mark.parametrize("patient", PATIENTS)
def test_the_facts_are_the_same_through_every_door(
    app: RunningApp,
    sandbox: RunningSandbox,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    patient: str,
) -> None:
    day = sandbox.place.config.as_of.isoformat()
    resources = sandbox.record(patient)
    made = shapes(resources, random.Random(patient))
    told: dict[str, str] = {}
    for name, text in made.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert main(["facts", str(tmp_path / name), "--as-of", day]) in (0, 3)
        told[name] = capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(made["array.json"].encode())))
    assert main(["facts", "-", "--as-of", day]) in (0, 3)
    told["standard input"] = capsys.readouterr().out
    assert len(set(told.values())) == 1, "the same bytes, whatever the shape and the order"

    page = launch(app, sandbox, "open", patient)
    context = app.services.contexts.require(page.handle, page.cookie_value())
    by_launch = json.loads(json.dumps(facts_json(review(app.services, context).record), default=str))
    by_file = json.loads(told["array.json"])
    for part in ("patient", "scope", "cancers", "facts", "treatments", "imaging"):
        assert by_launch[part] == by_file[part], part
