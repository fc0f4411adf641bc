"""A sandbox in a thread, for tests: own port, own store, own clock."""

from __future__ import annotations

import json
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sandbox.app import create_sandbox
from sandbox.config import DEFAULT_APP_URL, DEMO_CLIENTS, Patient, RegisteredClient, SandboxConfig, wall_clock
from sandbox.context import Sandbox
from sandbox.serving import listen, server_on


@dataclass(frozen=True)
class RunningSandbox:
    """A sandbox that serves. `place` reaches its parts from the test."""

    url: str
    place: Sandbox

    def fhir_base(self, slug: str = "open") -> str:
        """FHIR base, which is the `iss` of a launch."""
        return self.place.issuers[slug].server.fhir_base

    def use_app(self, app_url: str) -> None:
        """Tell the sandbox where the app listens: redirect URIs, launch addresses and keys follow."""
        self.place.config.app_url = app_url.rstrip("/")

    def set_faults(self, *faults: dict[str, Any]) -> None:
        """Set these faults in place of those before; none to take all away."""
        self.post("/admin/faults", list(faults))

    def reset(self) -> None:
        """As at the start."""
        self.post("/admin/reset", {})

    def record(self, patient_id: str, slug: str = "open") -> list[dict[str, Any]]:
        """All resources of a patient."""
        return [entry["resource"] for entry in self.get(f"/admin/record/{slug}/{patient_id}").get("entry", [])]

    def launch_url(self, patient_id: str, slug: str = "open", *, auto: bool = True, **more: str) -> str:
        """Where to send a browser."""
        extra = "".join(f"&{name}={value}" for name, value in more.items())
        found = self.get(f"/launch-url?issuer={slug}&patient={patient_id}{'&auto=1' if auto else ''}{extra}")
        return str(found["url"])

    def get(self, path: str) -> Any:
        """JSON of an address of the sandbox."""
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:  # noqa: S310 - our own loopback address
            return json.load(answer)

    def post(self, path: str, body: object) -> Any:
        """JSON answer to a JSON body."""
        data = json.dumps(body).encode()
        asked = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})  # noqa: S310 - loopback
        with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310 - loopback
            return json.load(answer)


@contextmanager
def start_sandbox(
    *,
    app_url: str = DEFAULT_APP_URL,
    as_of: date | None = None,
    patients: Callable[[date], Iterable[Patient]] | None = None,
    only: Sequence[str] | None = None,
    seed: Sequence[Path] = (),
    store: Path | None = None,
    now: Callable[[], datetime] = wall_clock,
    wait: Callable[[float], None] = time.sleep,
    clients: Sequence[RegisteredClient] = DEMO_CLIENTS,
    upstream: str = "",
    token_lifetime_s: int = 3600,
) -> Iterator[RunningSandbox]:
    """
    Serve a sandbox on 127.0.0.1 until the block ends.

    Args:
        as_of: day of the stories; default: today by `now`.
        patients: makes the patients; default: the sample patients.
        only: ids of those to keep (seeding 20,000 results takes two seconds; leave them out where they are not needed).
        store: SQLite file; default: a temporary one.
        wait: sleeps for the latency faults.
    """
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder, listen() as listener:
        port = listener.getsockname()[1]
        config = SandboxConfig(
            base_url=f"http://127.0.0.1:{port}",
            store=str(store or Path(folder) / "sandbox.db"),
            app_url=app_url.rstrip("/"),
            as_of=as_of or now().date(),
            patients=_chosen(patients, only),
            seed=tuple(seed),
            upstream=upstream,
            clients=tuple(clients),
            now=now,
            wait=wait,
            token_lifetime_s=token_lifetime_s,
        )
        app = create_sandbox(config)
        place: Sandbox = app.extensions["sandbox"]
        server = server_on(listener, app)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), name=f"sandbox-{port}", daemon=True)
        thread.start()
        try:
            yield RunningSandbox(config.base_url, place)
        finally:
            server.shutdown()
            thread.join(timeout=10)
            server.server_close()
            place.store.close()


def _chosen(
    patients: Callable[[date], Iterable[Patient]] | None, only: Sequence[str] | None
) -> Callable[[date], Iterable[Patient]]:
    if patients is None:
        from sandbox.patients import sample_patients

        patients = sample_patients
    made = patients
    if only is None:
        return made
    return lambda day: [patient for patient in made(day) if patient.id in only]
