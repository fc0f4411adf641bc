"""What the functional tests share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from smart_app.knowledge import KnowledgeBase, default_paths, load_knowledge
from tests.support.fake_ehrs import CONFORMING, Manners, running_ehr
from tests.support.plan_desk import seed
from tests.support.recorded_launch import Launched, launched_app
from tests.support.saving import Clinic, Make


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Make]:
    """Makes a clinician with one patient at a small server of the given manners."""
    with ExitStack() as stack:

        def make(manners: Manners = CONFORMING, **changes: Any) -> Clinic:
            ehr = stack.enter_context(running_ehr(manners))
            seed(ehr)
            clinic = Clinic(ehr, tmp_path, **changes)
            stack.callback(clinic.desktop.close)
            return clinic

        yield make


@pytest.fixture(scope="module")
def knowledge() -> KnowledgeBase:
    """Rules, codes and texts as they ship, read once."""
    paths = default_paths()
    return load_knowledge(paths.mappings, paths.education)


@pytest.fixture
def launched(tmp_path: Path, knowledge: KnowledgeBase) -> Iterator[Launched]:
    """The app as it ships, in demo mode, before a recording EHR."""
    with launched_app(tmp_path, knowledge) as running:
        yield running
