"""SMART scopes: what is granted, and what a grant allows."""

from __future__ import annotations

import pytest

from sandbox.auth.scopes import Access, find_resource_scope, grant_scopes
from sandbox.behaviours import OPEN
from sandbox.vendors import EPIC_LIKE, ORACLE_LIKE


@pytest.mark.parametrize(
    ("text", "letters", "style"),
    [
        ("patient/Observation.read", "rs", "v1"),
        ("patient/Observation.write", "cud", "v1"),
        ("user/*.*", "cruds", "v1"),
        ("patient/CarePlan.cruds", "cruds", "v2"),
        ("patient/CarePlan.rs?category=a|b", "rs", "v2"),
    ],
)
def test_scopes_of_both_versions_are_read(text: str, letters: str, style: str) -> None:
    scope = find_resource_scope(text)
    assert scope is not None
    assert (scope.letters, scope.style) == (letters, style)


@pytest.mark.parametrize(
    "text",
    [
        "openid",
        "patient/Observation",
        "patient/Observation.",
        "patient/Observation.sr",
        "system/Patient.rs",
        "patient/.rs",
        "patient/Observation.read?category=a",
        "patient/observation.rs",
    ],
)
def test_what_is_no_resource_scope_is_none(text: str) -> None:
    assert find_resource_scope(text) is None


def test_an_ehr_grants_what_it_offers_and_no_more() -> None:
    asked = ["launch", "patient/CarePlan.cruds", "patient/CarePlan.write", "patient/ImagingStudy.rs", "nonsense"]
    assert grant_scopes(OPEN, asked) == tuple(asked[:4])
    assert grant_scopes(EPIC_LIKE, asked) == ("launch", "patient/CarePlan.rs", "patient/ImagingStudy.rs")
    assert grant_scopes(ORACLE_LIKE, asked) == ("launch", "patient/CarePlan.rs")


def test_a_registration_narrows_what_is_granted() -> None:
    registered = ["launch", "patient/Patient.rs"]
    assert grant_scopes(OPEN, ["launch", "patient/Patient.rs", "patient/Goal.rs"], registered) == tuple(registered)
    assert grant_scopes(EPIC_LIKE, ["launch"], registered) == ("launch", "patient/Patient.rs")


def test_a_patient_scope_without_a_patient_opens_nothing() -> None:
    assert not Access(("patient/*.rs",), None, "key").allows("Observation", "read")
    assert Access(("user/*.rs",), None, "key").allows("Observation", "read")


def test_a_condition_sifts_by_system_and_code() -> None:
    access = Access(("patient/Observation.rs?category=urn:c|lab",), "p", "key")
    lab = {"resourceType": "Observation", "category": [{"coding": [{"system": "urn:c", "code": "lab"}]}]}
    other = {"resourceType": "Observation", "category": [{"coding": [{"system": "urn:d", "code": "lab"}]}]}
    assert access.admits("read", lab, "p", shared=False)
    assert not access.admits("read", other, "p", shared=False)
    assert not access.admits("read", lab, "q", shared=False)
    assert access.has_conditions("Observation", "search-type")


def test_the_launch_patient_confines_only_patient_scopes() -> None:
    assert Access(("patient/Goal.rs",), "p", "key").only_patient("Goal", "read") == "p"
    assert Access(("patient/Goal.rs", "user/Goal.rs"), "p", "key").only_patient("Goal", "read") is None
