"""
The handout as one HTML file that stands alone: styles inside, nothing fetched, no script.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from smart_app.handout.blocks import Handout


def render_html(handout: Handout, templates: Path, static: Path, large_print: bool = False) -> str:
    """The page; the title holds no name."""
    return (
        _environment(templates, static)
        .get_template("handout/page.html")
        .render(handout=handout, large_print=large_print)
    )


@lru_cache(maxsize=4)
def _environment(templates: Path, static: Path) -> Environment:
    loader = ChoiceLoader([FileSystemLoader(templates), FileSystemLoader(static)])
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
