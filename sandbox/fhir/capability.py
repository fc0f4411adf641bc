"""The CapabilityStatement: what an issuer offers, and where to sign in (fhirclient finds that nowhere else)."""

from __future__ import annotations

from typing import Any

from sandbox.behaviours import Behaviour
from sandbox.fhir.parameters import NOT_ABOUT_A_PATIENT, parameters_of

_OAUTH = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_SECURITY_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"


def capability_statement(behaviour: Behaviour, fhir_base: str, auth_base: str, date: str) -> dict[str, Any]:
    """The statement of one issuer."""
    endpoints = {"authorize": "authorize", "token": "token"}
    if behaviour.introspection:
        endpoints["introspect"] = "introspect"
    if behaviour.revocation:
        endpoints["revoke"] = "revoke"
    uris = [{"url": name, "valueUri": f"{auth_base}/{path}"} for name, path in endpoints.items()]
    rest: dict[str, Any] = {
        "mode": "server",
        "security": {
            "extension": [{"url": _OAUTH, "extension": uris}],
            "cors": True,
            "service": [{"coding": [{"system": _SECURITY_SERVICE, "code": "SMART-on-FHIR"}], "text": "SMART-on-FHIR"}],
        },
        "resource": [_resource(behaviour, name) for name in sorted(behaviour.interactions)],
    }
    if behaviour.system_interactions:
        rest["interaction"] = [{"code": code} for code in behaviour.system_interactions]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": {"name": f"Aftercare sandbox EHR, {behaviour.slug}"},
        "implementation": {"description": "Sandbox with invented patients", "url": fhir_base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [rest],
    }


def _resource(behaviour: Behaviour, name: str) -> dict[str, Any]:
    order = ["read", "vread", "search-type", "create", "update", "delete", "history-instance"]
    found: dict[str, Any] = {
        "type": name,
        "interaction": [{"code": code} for code in order if behaviour.allows(name, code)],
        "versioning": "versioned-update" if behaviour.if_match_honoured else "versioned",
        "readHistory": behaviour.allows(name, "history-instance"),
        "updateCreate": behaviour.update_create,
        "conditionalCreate": behaviour.conditional_create,
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
    }
    parameters = _search_parameters(behaviour, name)
    if parameters:
        found["searchParam"] = parameters
    if name != "Provenance" and behaviour.allows("Provenance", "read"):
        found["searchRevInclude"] = ["Provenance:target"]
    return found


def _search_parameters(behaviour: Behaviour, name: str) -> list[dict[str, str]]:
    if not behaviour.allows(name, "search-type"):
        return []
    known = {key: parameter.kind for key, parameter in parameters_of(name).items()}
    control = {"_id": "token", "_lastUpdated": "date"}
    if name not in NOT_ABOUT_A_PATIENT and name != "Patient":
        control |= {"patient": "reference", "subject": "reference"}
    kinds = {**known, **control, "_count": "number"}
    if behaviour.search_parameters is None:
        return [{"name": key, "type": kind} for key, kind in kinds.items() if key != "_count"]
    offered = behaviour.search_parameters.get(name, ())
    return [{"name": key, "type": kinds.get(key, "token")} for key in offered]
