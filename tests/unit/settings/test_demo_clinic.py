"""The clinic of the demo can be read, so that a demo handout has telephone numbers."""

from __future__ import annotations

from pathlib import Path

from smart_app.settings.clinic import read_clinic


def test_the_demo_clinic_has_the_numbers_that_a_handout_prints() -> None:
    problems: list[str] = []
    clinic = read_clinic(Path(__file__).resolve().parents[3] / "sandbox" / "clinic.toml", problems)
    assert problems == []
    assert all((clinic.contacts.phone, clinic.contacts.after_hours_phone, clinic.contacts.name))
