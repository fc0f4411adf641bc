"""
The whole app in a process of its own that kills itself at a named point: run by `test_kills_of_the_app.py`.

Arguments: file descriptor of the listening socket, its port, folder of the store, address of the sandbox, keys, point
(empty: none). `keys` is `secret key|data keys`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import typst
from werkzeug.serving import make_server

from smart_app.app import create_app
from smart_app.storage.contexts import Contexts
from smart_app.storage.drafts import DraftStore
from smart_app.storage.engine import Store
from smart_app.web.services import EXTENSION
from tests.support.app_server import SLUGS, QuietHandler, TestClock, demo_issuer, demo_settings


def die(*_: Any, **__: Any) -> Any:
    """As a machine does: no handler, no flush, no farewell."""
    os.kill(os.getpid(), signal.SIGKILL)


class HurryingClock(TestClock):
    """Waits by letting time pass."""

    def sleep(self, seconds: float) -> None:
        """No wait."""
        self.forward(seconds)


class DyingContexts(Contexts):
    """Dies around keeping the tokens of a refresh."""

    def __init__(self, store: Store, point: str) -> None:
        super().__init__(store)
        self._dies_at = point

    def replace_tokens(self, context: Any, tokens: Any, version: int) -> bool:
        renewed = not tokens.renewing
        if renewed and self._dies_at == "mid-refresh, before the token store":
            die()
        kept = super().replace_tokens(context, tokens, version)
        if renewed and self._dies_at == "mid-refresh, after the token store":
            die()
        return kept


class DyingDrafts(DraftStore):
    """Dies while the first record is sealed with the new key."""

    def keep(self, *args: Any, **options: Any) -> Any:
        self._store.keyring = replace(self._store.keyring)
        object.__setattr__(self._store.keyring, "seal", die)
        return super().keep(*args, **options)


def main() -> None:
    """Serve until somebody, or the point, ends it."""
    descriptor, port, folder, sandbox, keys, point = sys.argv[1:7]
    secret, _, data_keys = keys.partition("|")
    issuers = [demo_issuer(slug, f"{sandbox}/{slug}/fhir") for slug in SLUGS]
    day = date(2026, 11, 25)
    settings = replace(
        demo_settings(int(port), Path(folder) / "store.db", issuers),
        as_of=day,
        secret_key=secret,
        data_keys=data_keys,
    )
    application = create_app(settings, HurryingClock(day=day))
    wired = application.extensions[EXTENSION]
    parts: dict[str, Callable[[], Any]] = {
        "contexts": lambda: DyingContexts(wired.store, point),
        "drafts": lambda: DyingDrafts(wired.store) if point == "mid-key-rotation" else wired.drafts,
    }
    application.extensions[EXTENSION] = replace(wired, **{name: make() for name, make in parts.items()})
    if point == "mid-PDF":
        typst.Compiler = die
    server = make_server(
        "127.0.0.1", int(port), application, threaded=True, request_handler=QuietHandler, fd=int(descriptor)
    )
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
