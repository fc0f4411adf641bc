"""What the run demands of the app before an authorization server of another maker."""

from __future__ import annotations

from typing import Any

import pytest

from interop.foreign import CLIENTS, judge

GOOD: dict[str, Any] = {
    "code": 2,
    "refresh": 9,
    "revoked": 2,
    "methods": ["none", "none"],
    "live": {"access": False, "refresh": False},
}


def test_a_launch_with_renewal_and_revocation_is_without_fault() -> None:
    assert not list(judge(GOOD, CLIENTS["none"]))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"code": 1}, "1 codes"),
        ({"refresh": 0}, "0 renewals"),
        ({"methods": ["none", "client_secret_post"]}, "client_secret_post"),
        ({"revoked": 0}, "0 revoked"),
        ({"live": {"access": True, "refresh": False}}, "still live"),
    ],
)
def test_what_the_server_saw_amiss_is_a_problem(change: dict[str, Any], words: str) -> None:
    (problem,) = judge({**GOOD, **change}, CLIENTS["none"])
    assert words in problem


def test_every_way_to_prove_itself_is_tried_and_both_algorithms() -> None:
    methods = {row["auth_method"] for row in CLIENTS.values()}
    assert methods == {"none", "client_secret_basic", "client_secret_post", "private_key_jwt"}
    assert {row["signing_alg"] for row in CLIENTS.values() if "signing_alg" in row} == {"RS384", "ES384"}
