"""
What is wrong with a content file, with its line; and the error that stops a start on broken content.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class ContentProblem:
    """One problem of a content file. A notice (expired, not yet reviewed) is no failure."""

    file: str
    line: int
    message: str
    notice: bool = False
