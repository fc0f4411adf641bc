"""
Counters for Prometheus, over all workers of a host (its multi-process files), never with anything of a patient.
"""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from smart_app.errors import AftercareError
from smart_app.workflow.services import Services

REGISTRY = CollectorRegistry()
REQUESTS = Counter("aftercare_requests", "Requests answered", ["route", "method", "status"], registry=REGISTRY)
SECONDS = Histogram(
    "aftercare_request_seconds",
    "Time to answer",
    ["route"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 25),
    registry=REGISTRY,
)
LAUNCHES = Counter("aftercare_launches", "Launches by how they ended", ["issuer", "outcome"], registry=REGISTRY)
PROBLEMS = Counter("aftercare_problems", "Pages that told of a problem", ["problem"], registry=REGISTRY)
CSP_REPORTS = Counter("aftercare_csp_reports", "Reports of the content security policy", registry=REGISTRY)
TIME_TO_PLAN = Histogram(
    "aftercare_time_to_plan_seconds",
    "From launch to a plan in the record",
    ["issuer"],
    buckets=(30, 60, 120, 300, 600, 1200, 3600),
    registry=REGISTRY,
)


def exposition(services: Services) -> bytes:
    """The text that Prometheus reads."""
    text = generate_latest(_collected())
    return text + generate_latest(_gauges(services))


def _collected() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # prometheus-client types this class only in part
    return registry


def _gauges(services: Services) -> CollectorRegistry:
    # Read from the store when asked, so that they are true for all workers and hosts.
    registry = CollectorRegistry()
    live = Gauge("aftercare_contexts_live", "Launch contexts that are open", registry=registry)
    records = Gauge("aftercare_records", "Stored records by the data key that seals them", ["key"], registry=registry)
    usable = Gauge("aftercare_store_usable", "1 when the store answers", registry=registry)
    try:
        live.set(services.contexts.live())
        for key, count in services.store.key_counts().items():
            records.labels(key).set(count)
        usable.set(1)
    except AftercareError:
        usable.set(0)
    return registry
