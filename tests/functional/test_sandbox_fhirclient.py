"""fhirclient's own SMART client launches and reads, with a public and with a confidential registration."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from fhirclient.client import FHIRClient
from fhirclient.models.careplan import CarePlan
from fhirclient.models.fhirreference import FHIRReference
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient

from sandbox.browserless import launch_of, read_form
from sandbox.testing import RunningSandbox, start_sandbox
from tests.support.tiny_charts import AS_OF, CALLBACK, tiny_patients


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(patients=tiny_patients, as_of=AS_OF) as running:
        yield running


def launched(sandbox: RunningSandbox, slug: str, client_id: str, secret: str | None) -> FHIRClient:
    iss, launch = launch_of(sandbox.launch_url("tiny", slug))
    client = FHIRClient(
        settings={
            "app_id": client_id,
            "app_secret": secret,
            "api_base": iss,
            "redirect_uri": CALLBACK.replace("open", slug),
            "launch_token": launch,
            "scope": "openid fhirUser launch patient/*.cruds",
        }
    )
    answer = requests.get(client.authorize_url, allow_redirects=False, timeout=10)
    client.handle_callback(answer.headers["Location"])
    return client


@pytest.mark.parametrize("slug", ["open", "epic-like", "oracle-like"])
@pytest.mark.parametrize(
    ("client_id", "secret"),
    [("aftercare-demo", None), ("aftercare-demo-basic", "sandbox-only-basic-secret")],
    ids=["public", "confidential"],
)
def test_it_launches_and_reads(sandbox: RunningSandbox, slug: str, client_id: str, secret: str | None) -> None:
    client = launched(sandbox, slug, client_id, secret)
    assert client.patient.id == "tiny"
    assert client.human_name(client.patient.name[0]) == "Tina Quillmark"
    search = Observation.where({"patient": "tiny", "category": "laboratory"})
    found = list(search.perform_resources_iter(client.server))
    assert len([o for o in found if isinstance(o, Observation)]) == 7


def test_it_writes_and_reads_back(sandbox: RunningSandbox) -> None:
    client = launched(sandbox, "open", "aftercare-demo", None)
    plan = CarePlan({"status": "active", "intent": "plan", "subject": {"reference": "Patient/tiny"}})
    plan.title = "By fhirclient"
    made = plan.create(client.server)
    again = CarePlan.read(made["id"], client.server)
    assert again.title == "By fhirclient"
    again.subject = FHIRReference({"reference": "Patient/tiny", "display": "Tina"})
    again.update(client.server)
    assert CarePlan.read(made["id"], client.server).meta.versionId == "2"
    assert isinstance(Patient.read("tiny", client.server), Patient)


def test_the_forms_it_would_see_can_be_read(sandbox: RunningSandbox) -> None:
    assert read_form('<form action="/x"><input name="a" value="&amp;"></form>') == ("/x", {"a": "&"})
