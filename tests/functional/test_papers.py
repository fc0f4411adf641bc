"""The papers of a launch on the web: how long they are, what is optional, and a name that no font of ours holds."""

from __future__ import annotations

import base64
import copy
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pypdf import PdfReader

from sandbox.patients import SamplePatient, sample_patients
from sandbox.testing import RunningSandbox, start_sandbox
from tests.functional.test_every_patient import page_of, save
from tests.functional.test_pages import checked, fields_of
from tests.support.app_server import LaunchedPage, RunningApp, launch, start_app
from tests.support.house_checks import text_of
from tests.support.plan_pages import plan_page, press_save

AS_OF = date(2026, 11, 25)
NAME, LATIN = {"use": "official", "family": "田中", "given": ["花子"]}, {"family": "Tanaka", "given": ["Hanako"]}


def renamed(patient: SamplePatient) -> SamplePatient:
    """The same chart under a name in Japanese letters, with the same name in Latin ones after it."""
    resources: list[dict[str, Any]] = [copy.deepcopy(each) for each in patient.resources]
    for each in resources:
        if each["resourceType"] == "Patient":
            each["name"] = [NAME, LATIN]
    return replace(patient, make=lambda: resources)


def two_patients(as_of: date) -> list[SamplePatient]:
    found = {patient.id: patient for patient in sample_patients(as_of)}
    return [found["varkonyi"], renamed(found["zaldivarra"])]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(as_of=AS_OF, patients=two_patients) as running:
        yield running


@pytest.fixture(scope="module")
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    with start_app(sandbox, as_of=AS_OF) as running:
        yield running


def pages_of(data: bytes) -> int:
    return len(PdfReader(io.BytesIO(data)).pages)


def first_page(launched: LaunchedPage, path: str) -> str:
    answer = launched.get(path)
    assert answer.status_code == 200
    return PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()


def test_the_page_says_how_many_pages_the_pdf_has_and_shows_each(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, "open", "varkonyi")
    for query in ("?lang=en", "?lang=en&more=yes", "?lang=es&size=large"):
        document = checked(launched, f"handout{query}")
        number = pages_of(launched.get(f"handout.pdf{query}").content)
        assert f"{number} pages" in text_of(document)
        pictures = [image for image in document.iter() if "page-" in (image.get("src") or "")]
        assert len(pictures) == number


def test_a_name_without_glyphs_is_saved_as_a_whole_page_of_text_that_says_whose_it_is(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    launched = launch(app, sandbox, "epic-like", "zaldivarra")
    _, receipt = press_save(launched, plan_page(launched))
    assert receipt.heading == "Saved as a document"
    assert "This EHR lets no app write a care plan." in receipt.html
    assert "A PDF could not be made of this plan" in receipt.html
    reference = receipt.attribute("data-resource") or ""
    (document,) = [
        each
        for each in sandbox.record("zaldivarra", "epic-like")
        if f"{each['resourceType']}/{each['id']}" == reference
    ]
    attachment = document["content"][0]["attachment"]
    assert attachment["contentType"] == "text/html"
    words = base64.b64decode(attachment["data"]).decode()
    assert "花子" in words and "Born" in words
    assert words.index("Signed by") < words.index("Follow-up")
    assert "Why, and by which guideline" in words


def test_more_to_know_is_added_by_a_link_and_kept_by_the_plan(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, "open", "varkonyi")
    assert "Where can it come back?" not in launched.get("handout?lang=en").text
    assert "Where can it come back?" in launched.get("handout?lang=en&more=yes").text
    plan = fields_of(checked(launched, "plan"))
    launched.post("plan", {**plan, "more_to_know": "1", "action": "keep"})
    assert "Where can it come back?" in launched.get("handout?lang=en").text
    assert "Where can it come back?" not in launched.get("handout?lang=en&more=no").text


def test_a_name_without_glyphs_is_named_and_can_be_written_in_other_letters(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    launched = launch(app, sandbox, "epic-like", "zaldivarra")
    assert launched.get("handout.pdf").status_code == 422
    document = checked(launched, "handout")
    words = re.sub(r"\s+", " ", text_of(document))
    assert "No font here holds 花 子 田 中 in the patient’s name." in words
    assert "This page can be printed in its place" in words and "花子 田中" in words
    box = next(each for each in document.iter() if each.get("name") == "printed_name")
    assert box.get("value") == "Hanako Tanaka"
    fields = fields_of(document, "panel no-print")
    answer = launched.post("handout", {**fields, "printed_name": "Tanaka Hanako", "action": "respell"})
    assert "Tanaka" not in answer.url
    for paper in ("handout.pdf", "handover.pdf", "plan.pdf"):
        assert "Tanaka Hanako" in first_page(launched, paper)
    assert save(launched, page_of(launched, "plan")).heading.startswith("Saved as a document")
    assert "花子" in text_of(checked(launched, ""))


def test_a_note_without_glyphs_leads_to_the_plan_and_the_page_can_be_printed(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    launched = launch(app, sandbox, "open", "varkonyi")
    plan = fields_of(checked(launched, "plan"))
    launched.post("plan", {**plan, "education_note": "Gute Reise 🌷", "action": "keep"})
    document = checked(launched, "handout")
    assert "🌷 in your note for the patient" in text_of(document)
    assert any((link.get("href") or "").endswith("/plan#h-texts") for link in document.iter())
    assert "Gute Reise 🌷" in text_of(document)


def test_a_confirmation_is_for_the_language_and_the_parts_that_were_read(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    launched = launch(app, sandbox, "open", "varkonyi")
    fields = fields_of(checked(launched, "handout?lang=en"), "check")
    answer = launched.post("handout", {**fields, "action": "check"})
    assert "the last line of the paper says so" in answer.text
    query = answer.url.split("?", 1)[1]
    assert "the last line of the paper says so" in launched.get(f"handout?{query}&size=large").text
    for changed in (query.replace("lang=en", "lang=es"), query.replace("more=no", "more=yes")):
        assert changed != query
        assert "the last line of the paper says so" not in launched.get(f"handout?{changed}").text
