"""
Logs: one JSON line an event, from an allow-list of fields; nothing else of a request or an error is ever written.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog
from gunicorn.glogging import Logger as GunicornBase  # type: ignore[import-untyped] # gunicorn carries no types

FIELDS = frozenset(
    {
        "at",
        "attempt",
        "context",
        "count",
        "directive",
        "error",
        "event",
        "issuer",
        "level",
        "logger",
        "method",
        "ms",
        "problem",
        "reference",
        "requests",
        "route",
        "scopes",
        "seconds",
        "standalone",
        "status",
        "version",
        "where",
        "worker",
    }
)
LONGEST = 120


def keep_listed(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Drop every field that is not on the list, and cut what is long: the default is silence (hazard T20)."""
    return {name: _plain(value) for name, value in event.items() if name in FIELDS}


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float) or value is None else str(value)[:LONGEST]


class EventLog:
    """Writes events as JSON lines to a stream (default: standard error)."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._logger = structlog.wrap_logger(
            structlog.WriteLogger(stream or sys.stderr),
            processors=[keep_listed, structlog.processors.JSONRenderer(sort_keys=True)],
            wrapper_class=structlog.BoundLogger,
            cache_logger_on_first_use=True,
        )

    def event(self, name: str, **fields: object) -> None:
        """Write one line."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")  # noqa: TID251 - a log line's own time, no logic
        self._logger.msg(name, at=at, **fields)


def where_of(error: BaseException) -> str:
    """Where an error came from, `module:line` of our own code innermost; its message may hold a patient's data."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if "smart_app" in frame.filename:
            return f"{frame.filename.rpartition('smart_app/')[2]}:{frame.lineno}"
    return ""


class _Silent(logging.Handler):
    # Libraries put URLs with queries into their messages (urllib3, gunicorn): only who complained is kept.

    def __init__(self, log: EventLog) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        self._log.event("library", logger=record.name, level=record.levelname, error=error)


def silence_libraries(log: EventLog) -> None:
    """Let what libraries log through without its words."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, _Silent):
            root.removeHandler(handler)
    root.addHandler(_Silent(log))


# What gunicorn says of itself when it starts and ends; its other messages may hold parts of a request.
_OF_ITSELF = frozenset(
    {
        "Starting gunicorn %s",
        "Listening at: %s (%s)",
        "Using worker: %s",
        "Booting worker with pid: %s",
        "Worker exiting (pid: %s)",
        "Connection in use: %s",
        "Handling signal: %s",
        "Shutting down: %s",
    }
)


class GunicornLogger(GunicornBase):  # type: ignore[misc] # gunicorn carries no types
    """Gunicorn's messages, about requests by their fixed text only; its access log is ours (`web/security.py`)."""

    def setup(self, cfg: Any) -> None:
        """Take no handler of gunicorn's: every line goes through the allow-list."""
        self._events = EventLog()

    def critical(self, msg: str, *values: Any, **__: Any) -> None:
        """Log at this level."""
        self._events.event("gunicorn", level="critical", where=_template(msg, *values))

    def error(self, msg: str, *values: Any, **__: Any) -> None:
        """Log at this level."""
        self._events.event("gunicorn", level="error", where=_template(msg, *values))

    def warning(self, msg: str, *values: Any, **__: Any) -> None:
        """Log at this level."""
        self._events.event("gunicorn", level="warning", where=_template(msg, *values))

    def info(self, msg: str, *values: Any, **__: Any) -> None:
        """Log at this level."""
        self._events.event("gunicorn", level="info", where=_template(msg, *values))

    def debug(self, msg: str, *_: Any, **__: Any) -> None:
        """Say nothing."""

    def exception(self, msg: str, *values: Any, **__: Any) -> None:
        """Log at error level."""
        self._events.event("gunicorn", level="error", where=_template(msg, *values))

    def log(self, lvl: Any, msg: str, *values: Any, **__: Any) -> None:
        """Log at a level."""
        self._events.event("gunicorn", level=lvl, where=_template(msg, *values))

    def access(self, *_: Any, **__: Any) -> None:
        """Say nothing: a request line holds its query."""

    def reopen_files(self) -> None:
        """Nothing to reopen."""

    def close_on_exec(self) -> None:
        """No files of its own."""


def _template(message: object, *values: object) -> str:
    # The text as it stands in gunicorn's source; its values are put in only where they cannot be of a request.
    text = str(message)
    if text in _OF_ITSELF and text.count("%s") == len(values):
        return text % values
    return text if "%" in text or (len(text) < LONGEST and "/" not in text) else "message"
