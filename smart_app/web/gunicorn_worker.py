"""
gunicorn's threaded worker, with our headers and our words also where a request never reaches the app.
"""

from __future__ import annotations

from typing import Any

from gunicorn.http.errors import (  # type: ignore[import-untyped] # gunicorn carries no types
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)
from gunicorn.util import http_date, write_nonblock  # type: ignore[import-untyped] # gunicorn carries no types
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped] # gunicorn carries no types

from smart_app.settings import Settings
from smart_app.web.headers import headers_of_refusal
from smart_app.web.services import EXTENSION

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Aftercare</title></head>
<body><main><h1>{heading}</h1><p>{says}</p></main></body></html>
"""
AGAIN = "Nothing was read and nothing was changed. Open Aftercare again from the patient's chart."


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn carries no types
    """A gthread worker."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer what cannot be read as a request; the answer repeats nothing of it."""
        self.log.warning("Invalid request")
        settings: Settings = self.app.callable.extensions[EXTENSION].settings
        try:
            write_nonblock(client, refusal(exc, settings))
        except OSError:
            self.log.debug("Failed to send error message.")


def refusal(error: Exception, settings: Settings) -> bytes:
    """The whole HTTP/1.1 response to a request that the server could not read."""
    status, heading = _status_of(error)
    body = PAGE.format(heading=heading, says=AGAIN).encode()
    headers = {
        "Date": http_date(),
        "Connection": "close",
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(body)),
        **headers_of_refusal(settings),
    }
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def _status_of(error: Exception) -> tuple[str, str]:
    if isinstance(error, LimitRequestLine):
        return "414 URI Too Long", "This address is too long"
    if isinstance(error, LimitRequestHeaders):
        return "431 Request Header Fields Too Large", "The browser sent too much at once"
    if isinstance(error, ParseException):
        return "400 Bad Request", "This request cannot be read"
    return "500 Internal Server Error", "Something went wrong in Aftercare"
