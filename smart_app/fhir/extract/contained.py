"""Results that a report or panel holds inside itself, in the shape of Observations of their own."""

from __future__ import annotations

from collections.abc import Iterator

from smart_app.fhir.resources import Resource, objects, reference, text

_TAKEN_OVER = (
    "effectiveDateTime",
    "effectivePeriod",
    "effectiveInstant",
    "specimen",
    "performer",
    "meta",
)


def contained_results(key: str, resource: Resource) -> Iterator[Resource]:
    """
    The contained Observations that `result` or `hasMember` names.

    What they do not say themselves (date, specimen, status) is their carrier's. Their id names both.
    """
    named = {reference(item) for field in ("result", "hasMember") for item in objects(resource.get(field))}
    for inner in objects(resource.get("contained")):
        own = text(inner.get("id"))
        if inner.get("resourceType") != "Observation" or own is None or f"#{own}" not in named:
            continue
        dated = any(str(name).startswith("effective") for name in inner)
        taken = {
            name: resource[name]
            for name in _TAKEN_OVER
            if name in resource and not (dated and name.startswith("effective"))
        }
        status = {"status": resource.get("status")} if inner.get("status") is None else {}
        yield {**taken, **status, **inner, "id": f"{key.partition('/')[2]}#{own}"}
