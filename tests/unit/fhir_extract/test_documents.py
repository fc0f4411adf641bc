"""Attachments of every kind that is read, those that are not, and patterns that must stay linear."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest

from smart_app.fhir.extract.reports import text_phrases
from smart_app.fhir.extract.text.diagnosis import named_cancer
from smart_app.fhir.extract.text.documents import decode_base64, text_of_attachment, text_of_html
from tests.support.charts import ICD10, ME, coding, concept, condition, patient

RTF = rb"{\rtf1\ansi FINAL DIAGNOSIS:\par Left breast: invasive ductal carcinoma.\par ER: Positive (90%)\par}"
CANCER = condition("dx", concept(coding(ICD10, "C50.912")), "2019-01-01")


def a_pdf(words: str) -> bytes:
    """A one-page PDF with a text layer, made by hand."""
    content = f"BT /F1 12 Tf 72 720 Td ({words}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, offsets = b"%PDF-1.4\n", []
    for index, made in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj" % index + made + b"endobj\n"
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    tail = b"xref\n0 6\n0000000000 65535 f \n" + table + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
    return body + tail % len(body)


def document(data: bytes, kind: str) -> dict[str, Any]:
    return {
        "resourceType": "DiagnosticReport",
        "id": "d",
        "status": "final",
        "subject": ME,
        "code": concept(text="Surgical pathology"),
        "effectiveDateTime": "2019-02-01",
        "presentedForm": [{"contentType": kind, "data": base64.b64encode(data).decode()}],
    }


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"Breast biopsy. ER: Positive (90%)", "text/plain"),
        (
            b"<html><table><tr><td>Estrogen receptor, breast</td><td>Positive (90%)</td></tr></table></html>",
            "text/html",
        ),
        (RTF, "application/rtf"),
        (RTF, "text/plain"),
        (a_pdf("Breast biopsy. ER: Positive \\(90%\\)"), "application/pdf"),
    ],
)
def test_text_of_every_kind_of_attachment_gives_the_receptor(facts_of: Any, data: bytes, kind: str) -> None:
    er = facts_of(patient(), CANCER, document(data, kind))["facts"]["er"]
    assert (er["value"], er["percent"], er["from_text"]) == ("positive", 90, True)


@pytest.mark.parametrize(
    "data", [b"%PDF-1.7 broken", b"\x00\x01\x02", b"<?xml version='1.0'?><ClinicalDocument/>", b"{\\rtf"]
)
def test_an_attachment_that_cannot_be_read_is_said_and_harms_nothing(facts_of: Any, data: bytes) -> None:
    facts = facts_of(patient(), CANCER, document(data, "application/octet-stream"))
    assert facts["facts"]["er"]["state"] == "not-found"
    assert facts["scope"]["applies"] is True


def test_a_binary_named_by_an_attachment_is_needed_and_then_read(codes: Any, facts_of: Any) -> None:
    from datetime import date

    from smart_app.fhir.extract import RecordBuilder

    named = {**document(b"", "text/plain"), "presentedForm": [{"contentType": "text/plain", "url": "Binary/b"}]}
    builder = RecordBuilder(codes, date(2026, 11, 22), "p")
    builder.add([patient(), CANCER, named])
    assert builder.needs == ("Binary/b",)
    data = base64.b64encode(b"Breast. ER: Negative").decode()
    builder.add([{"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": data}])
    assert builder.needs == ()
    assert builder.build().facts["er"].value == "negative"


def test_scripts_are_no_text_and_rows_become_name_and_value() -> None:
    assert text_of_html("<script>ER: positive</script><p>a</p><tr><td>ER</td><td>neg</td></tr>") == "a\nER: neg"
    assert decode_base64("no base64!") is None
    assert text_of_attachment("image/png", b"\x89PNG\x00") is None


@pytest.mark.parametrize(
    "attack",
    [
        "ER " * 33_000,
        "HER2/neu: " * 10_000,
        "a" * 100_000,
        "(" * 100_000,
        "pT1c " * 20_000,
        "invasive " * 11_000,
        "1 of " * 20_000,
        "nodes 1/" * 12_000,
        "stage " * 16_000,
        "oncotype dx " * 8_000,
        "<" * 100_000,
        "not " * 25_000,
    ],
)
def test_no_pattern_is_slow_on_a_long_hostile_text(attack: str) -> None:
    started = time.process_time()
    text_phrases(attack)
    named_cancer(attack[:20_000])
    text_of_html(attack)
    assert time.process_time() - started < 2.0
