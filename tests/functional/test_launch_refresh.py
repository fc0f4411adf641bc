"""The access token is renewed ahead of its end, by one worker only while others wait (T31, F20)."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import msgspec
import pytest

from sandbox.testing import RunningSandbox, start_sandbox
from smart_app.smart.authorization import TokenSet
from smart_app.storage.contexts import LaunchContext
from smart_app.workflow.launching import TokenSource
from tests.support.app_server import LaunchedPage, RunningApp, heading_of, launch, start_app

ONE = "varkonyi"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(only=[ONE]) as running:
        yield running


@pytest.fixture
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    with start_app(sandbox) as running:
        yield running
    sandbox.set_faults()


def context_of(page: LaunchedPage) -> LaunchContext:
    return page.app.services.contexts.require(page.handle, page.cookie_value())


def age(app: RunningApp, context: LaunchContext, refresh: bool = True) -> TokenSet:
    """Let the token of a launch be at its end."""
    found = app.services.contexts.find_tokens(context)
    assert found
    tokens = msgspec.json.decode(found[0], type=TokenSet)
    ended = TokenSet(tokens.access_token, app.clock.now() - 1, tokens.refresh_token if refresh else "")
    assert app.services.contexts.replace_tokens(context, ended, found[1])
    return ended


def test_of_many_requests_at_the_end_of_the_token_one_asks(app: RunningApp, sandbox: RunningSandbox) -> None:
    context = context_of(launch(app, sandbox, "open", ONE))
    old = age(app, context)
    assert old.refresh_token
    sandbox.set_faults({"on": "token", "kind": "token-values", "values": {}})
    found: list[str] = []

    def ask() -> None:
        found.append(TokenSource(app.services, context).current())

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    assert len(set(found)) == 1
    assert found[0] != old.access_token
    assert sandbox.get("/admin/faults")["faults"][0]["seen"] == 1


def test_a_refresh_token_is_never_sent_twice(app: RunningApp, sandbox: RunningSandbox) -> None:
    page = launch(app, sandbox, "open", ONE)
    age(app, context_of(page))
    sandbox.set_faults({"on": "token", "kind": "oauth-error", "error": "invalid_grant"})
    for _ in range(3):
        answer = page.get("?reread=1")
        assert answer.status_code == 401
        assert heading_of(answer.text) == "Your sign-in at the EHR has ended"
    assert sandbox.get("/admin/faults")["faults"][0]["seen"] == 1


def test_without_a_refresh_token_the_page_that_was_read_stays_and_reading_again_says_why_not(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    page = launch(app, sandbox, "open", ONE)
    age(app, context_of(page), refresh=False)
    assert page.get().status_code == 200
    assert page.get("?reread=1").status_code == 401


def test_tokens_renewed_for_another_patient_end_the_launch(app: RunningApp, sandbox: RunningSandbox) -> None:
    page = launch(app, sandbox, "open", ONE)
    age(app, context_of(page))
    sandbox.set_faults({"on": "token", "kind": "token-values", "values": {"patient": "somebody-else"}})
    assert page.get("?reread=1").status_code == 401
    assert page.get().status_code == 401
