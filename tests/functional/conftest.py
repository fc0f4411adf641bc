"""What the functional tests of saving share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_ehrs import CONFORMING, Manners, running_ehr
from tests.support.plan_desk import seed
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
