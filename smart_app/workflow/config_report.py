"""
What an administrator enters at the EHR, and which data keys are still in use: the words of `aftercare check-config`.
"""

from __future__ import annotations

from collections.abc import Mapping

from smart_app.fhir.queries import narrow, resource_scopes
from smart_app.settings import Issuer, Settings


def registration_lines(settings: Settings) -> tuple[str, ...]:
    """For each issuer the values to register the app with; asks no server anything."""
    lines: list[str] = []
    for issuer in settings.issuers:
        lines += [
            f"{issuer.slug}: {issuer.title}, {issuer.iss}",
            f"  redirect URI: {settings.public_url}/callback/{issuer.slug}",
            f"  launch URI: {settings.public_url}/launch",
        ]
        if issuer.auth_method == "private_key_jwt":
            lines.append(f"  public keys: {settings.public_url}/.well-known/jwks.json")
        lines += [
            f"  scopes, SMART 2: {' '.join(scopes_to_register(issuer, v2=True))}",
            f"  scopes, SMART 1: {' '.join(scopes_to_register(issuer, v2=False))}",
        ]
    return tuple(lines)


def scopes_to_register(issuer: Issuer, *, v2: bool) -> tuple[str, ...]:
    """Every scope that a launch of this issuer may ask for, in the words of SMART 2 or of version 1."""
    refresh = {"offline": ("offline_access",), "online": ("online_access", "offline_access")}.get(issuer.refresh, ())
    identity = ("launch", "launch/patient", "openid", "fhirUser", "profile")
    return (*identity, *refresh, *narrow(resource_scopes(v2), issuer.scopes))


def data_key_lines(keys: tuple[str, ...], counts: Mapping[str, int]) -> tuple[str, ...]:
    """
    How many records each data key still seals.

    Args:
        keys: ids of the keys in the settings, the current one first.
        counts: records by key id, as the store counts them.
    """
    lines = []
    for place, key in enumerate(keys):
        count = counts.get(key, 0)
        state = "current" if place == 0 else "may be removed" if count == 0 else "keep it: these records need it"
        lines.append(f"data key {key}: {count} record{'' if count == 1 else 's'} ({state})")
    return tuple(lines)


def missing_key_problems(keys: tuple[str, ...], counts: Mapping[str, int]) -> tuple[str, ...]:
    """Keys that the settings no longer have although records are sealed with them; arguments as above."""
    return tuple(
        f"AFTERCARE_DATA_KEYS: {counts[key]} record(s) are sealed with the key {key or 'unknown'}, which is not in it"
        for key in sorted(set(counts) - set(keys))
    )
