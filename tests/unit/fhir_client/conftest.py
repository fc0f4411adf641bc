"""A clock that does not wait, and servers that end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.fhir_client import Waits
from tests.support.scripted_server import Asked, Reply, ScriptedServer, scripted_server


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Asked], Reply]], ScriptedServer]]:
    open_servers = []

    def start(answer: Callable[[Asked], Reply]) -> ScriptedServer:
        manager = scripted_server(answer)
        open_servers.append(manager)
        return manager.__enter__()

    yield start
    for manager in open_servers:
        manager.__exit__(None, None, None)
