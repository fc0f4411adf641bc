"""
The services of the running app, as the pages reach them.
"""

from __future__ import annotations

from typing import cast

from flask import current_app

from smart_app.workflow.services import Services

EXTENSION = "aftercare"

__all__ = ["Services", "services"]


def services() -> Services:
    """What the composition root made for this app."""
    return cast(Services, current_app.extensions[EXTENSION])
