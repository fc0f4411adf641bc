"""Settings of `python -m sandbox`, and the registry that the demo's app reads."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from sandbox.config import SLUGS, config_from_environment


def test_the_defaults_are_the_demos() -> None:
    config = config_from_environment({"AFTERCARE_AS_OF": "2026-11-22"})
    assert (config.base_url, config.app_url) == ("http://127.0.0.1:9000", "http://127.0.0.1:8000")
    assert config.as_of == date(2026, 11, 22)


def test_ports_and_seeds_are_taken_from_the_environment(tmp_path: Path) -> None:
    environment = {"SANDBOX_PORT": "9100", "AFTERCARE_PORT": "8100", "SANDBOX_SEED": str(tmp_path)}
    config = config_from_environment(environment)
    assert (config.base_url, config.app_url) == ("http://127.0.0.1:9100", "http://127.0.0.1:8100")
    assert config.seed == (tmp_path,)


@pytest.mark.parametrize(
    ("name", "value"), [("SANDBOX_PORT", "many"), ("AFTERCARE_AS_OF", "soon"), ("SANDBOX_SEED", "/no/such/folder")]
)
def test_an_unusable_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        config_from_environment({name: value})


def test_the_registry_knows_the_three_issuers(repository: Path) -> None:
    registry = tomllib.loads((repository / "sandbox" / "registry.toml").read_text(encoding="utf-8"))
    assert tuple(issuer["slug"] for issuer in registry["issuer"]) == SLUGS
    assert {issuer["client_id"] for issuer in registry["issuer"]} == {"aftercare-demo"}
    assert all(issuer["iss"] == f"http://127.0.0.1:9000/{issuer['slug']}/fhir" for issuer in registry["issuer"])
