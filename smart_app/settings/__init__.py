"""
Settings and the registry of issuers, checked at start: a bad one ends the program with its reason.
"""

from smart_app.settings.clinic import ClinicSettings
from smart_app.settings.environment import Settings, check_settings, load_settings
from smart_app.settings.registry import Issuer, Organization, canonical_url

__all__ = [
    "ClinicSettings",
    "Issuer",
    "Organization",
    "Settings",
    "canonical_url",
    "check_settings",
    "load_settings",
]
