"""What the charts share."""

from __future__ import annotations

from typing import Any

import pytest

from smart_app.knowledge import default_paths, load_knowledge


@pytest.fixture(scope="session")
def knowledge() -> Any:
    """Rules, codes and texts of the product."""
    paths = default_paths()
    return load_knowledge(paths.mappings, paths.education)
