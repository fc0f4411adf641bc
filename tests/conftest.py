"""Fixtures and house rules that every test shares: the browser, the corpus, and what is named as not run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CI = os.environ.get("CI") == "true"


def corpus_path() -> Path | None:
    """Folder of the public test patients, or None where it is not at hand."""
    named = os.environ.get("AFTERCARE_CORPUS")
    path = Path(named) if named else ROOT.parent / "shared" / "data" / "dev"
    return path if path.is_dir() else None


def chromium_path() -> str | None:
    """The system's Chromium, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def _absent(item: pytest.Item) -> str | None:
    if item.get_closest_marker("browser") and chromium_path() is None:
        return "not run: no Chromium on this machine"
    if item.get_closest_marker("corpus") and corpus_path() is None:
        return "not run: no corpus (AFTERCARE_CORPUS)"
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Name what cannot run here; in CI that is a failure, not a skip."""
    reason = _absent(item)
    if reason and CI:
        pytest.fail(reason, pytrace=False)
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Folder of the public test patients."""
    path = corpus_path()
    assert path is not None
    return path


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the checkout."""
    return ROOT


def is_soak() -> bool:
    """Whether heavy tests run at full size (`make soak`)."""
    return os.environ.get("AFTERCARE_SOAK") == "1"
