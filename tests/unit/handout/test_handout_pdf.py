"""The handout as a document: tags, fonts, bytes, and texts that try to be markup."""

from __future__ import annotations

import io
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image
from pypdf import PdfReader

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.plan import Decision, PlanRow
from smart_app.errors import DocumentError, MissingGlyphError
from smart_app.handout.blocks import Handout, Person
from smart_app.handout.fonts import load_fonts
from smart_app.handout.page import render_html
from smart_app.handout.pdf import render_pdf, render_png_pages
from tests.unit.handout.handout_values import CLINIC, PERSON, ROOT, TEMPLATES, TODAY, draft, handout

HOSTILE = (
    '#read("/etc/passwd")', '#import "/handout.typ": *', '#include "common.typ"', '#plugin("x.wasm")', "$ x^2 $",
    "#panic()", "#sys.inputs.data", "*bold* _soft_", "= Heading", "#[", "]#", "`raw`", "<label> @ref", "\\", '"',
    "\\u{41}", "#let d = 1", "#set page(fill: red)", "#show: none", '#eval("1")', '#json("/etc/passwd")',
    '#image("/etc/passwd")', '#link("http://example.invalid")[x]', "<img src=file:///etc/passwd>",
    "<script>alert(1)</script>", "{{ 7*7 }}", "{% include '/etc/passwd' %}", "&lt;b&gt; &amp;",
    "<style>@import url(http://example.invalid)</style>", "</article>", "javascript:alert(1)", "//comment",
    "/* comment */", "@preview/cetz:0.1.0", "---", "'; DROP TABLE x; --", "%PDF-1.7", "$(id)", "~tilde~", "[[phone]]",
)  # fmt: skip


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def squeezed(text: str) -> str:
    """NFC without spaces and without signs that have no glyph."""
    signs = unicodedata.normalize("NFC", text)
    return "".join(sign for sign in signs if not sign.isspace() and unicodedata.category(sign) != "Cf")


def pdf_of(of: Handout, **changes: Any) -> bytes:
    return render_pdf(of, TEMPLATES, made_on=TODAY, **changes)


def elements(pdf: pikepdf.Pdf) -> Iterator[tuple[str, pikepdf.Dictionary]]:
    """Structure elements with their type, in order."""

    def walk(node: Any) -> Iterator[tuple[str, pikepdf.Dictionary]]:
        if isinstance(node, pikepdf.Array):
            for part in node:
                yield from walk(part)
        elif isinstance(node, pikepdf.Dictionary):
            if "/S" in node:
                yield str(node.S)[1:], node
            if "/K" in node:
                yield from walk(node.K)

    yield from walk(pdf.Root.StructTreeRoot.K)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("paper", ["us-letter", "a4"])
def test_every_variant_is_a_tagged_document_with_language_title_and_numbered_pages(
    language: str, large: bool, paper: str
) -> None:
    data = pdf_of(handout(language=language), paper=paper, large_print=large)
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert pdf.Root.MarkInfo.Marked and str(pdf.Root.Lang) == language
        assert "Mary" not in str(pdf.docinfo["/Title"]) and pdf.Root.ViewerPreferences.DisplayDocTitle
        assert b"pdfuaid" in pdf.Root.Metadata.read_bytes()
        width = float(pdf.pages[0].mediabox[2])
        assert width == pytest.approx(612 if paper == "us-letter" else 595.28, abs=0.1)
        assert 3 <= len(pdf.pages) <= (8 if large else 4)
        of_word = {"en": "of", "es": "de"}[language]
    assert f"{of_word} {len(PdfReader(io.BytesIO(data)).pages)}" in text_of(data)


def test_headings_lists_and_table_headers_stand_in_the_tag_tree() -> None:
    with pikepdf.open(io.BytesIO(pdf_of(handout()))) as pdf:
        found = list(elements(pdf))
        kinds = Counter(kind for kind, _ in found)
        headings = [kind for kind, _ in found if kind in ("H1", "H2", "H3")]
        assert kinds["H1"] == 1 and headings[0] == "H1"
        assert all(int(after[1]) - int(before[1]) <= 1 for before, after in itertools.pairwise(headings))
        assert kinds["L"] >= 8 and kinds["LI"] >= 30 and kinds["LBody"] == kinds["LI"]
        assert kinds["Table"] == 2
        scopes: Counter[str] = Counter()
        for kind, node in found:
            if kind == "TH":
                attributes = list(node.A) if isinstance(node.A, pikepdf.Array) else [node.A]
                scopes.update(str(one.get("/Scope")) for one in attributes if one.get("/Scope") is not None)
        assert scopes == {"/Column": 4} and kinds["TH"] == 4


def test_the_same_input_gives_the_same_bytes_and_another_person_other_ones() -> None:
    assert pdf_of(handout()) == pdf_of(handout())
    assert pdf_of(handout()) != pdf_of(handout(person=Person("Someone Else")))


def test_sizes_of_type_are_12_and_a_half_and_18_points() -> None:
    def sizes(data: bytes) -> Counter[float]:
        found: Counter[float] = Counter()

        def visit(text: str, _cm: Any, matrix: list[float], _font: Any, size: float) -> None:
            if text.strip():
                found[round(size * abs(matrix[3]), 1)] += len(text)

        for page in PdfReader(io.BytesIO(data)).pages:
            page.extract_text(visitor_text=visit)
        return found

    usual, large = sizes(pdf_of(handout())), sizes(pdf_of(handout(), large_print=True))
    assert usual.most_common(1)[0][0] == 12.5 and min(usual) >= 10
    assert large.most_common(1)[0][0] == 18 and min(large) >= 14.4


@pytest.mark.parametrize(
    "name",
    ["Zoë O’Brien-Łukasiewicz", "Иванова Мария Петровна", "Παπαδοπούλου Ελένη", "José Ångström Þór", "ŐŰ İıŞğ",
     "x\u0328\u0301 Ann", "Nguye\u0302\u0303n"],
)  # fmt: skip
def test_names_read_back_from_the_pdf_unchanged(name: str) -> None:
    assert squeezed(name) in squeezed(text_of(pdf_of(handout(person=Person(name)))))


@pytest.mark.parametrize("name", ["Nguyễn Thị Ánh", "लक्ष्मी विश्वेश्वरैया", "שרה כהן", "Мария (שרה) Иванова"])
def test_names_of_clusters_and_right_to_left_keep_every_letter(name: str) -> None:
    # pypdf gives letters in the order of drawing and repeats those of a cluster: compare as a set.
    first = PdfReader(io.BytesIO(pdf_of(handout(person=Person(name))))).pages[0].extract_text()
    assert set(squeezed(name)) <= set(squeezed(first))
    html = render_html(handout(person=Person(name)), TEMPLATES, ROOT / "static")
    assert f"<bdi>{name}</bdi>" in html


SCRIPTS = {
    "Noto Sans Arabic": ("فاطمة الزهراء", "خديجة المنصوري"),
    "Noto Sans": ("लक्ष्मी विश्वेश्वरैया", "सरस्वती शर्मा"),
    "Noto Sans Thai": ("ประเสริฐ น้ำผึ้ง", "สมชาย ใจดี"),
    "Noto Sans Tamil": ("மீனாட்சி சுந்தரம்", "லக்ஷ்மி"),
    "Noto Sans Telugu": ("వెంకటేశ్వర రావు", "సరస్వతి"),
    "Noto Sans Khmer": ("សុខ សុភាព", "ចាន់ ដារា"),
    "Heebo": ("שרה כהן", "מרים לוי"),
}


@pytest.mark.parametrize("family", SCRIPTS)
def test_a_name_in_each_packaged_script_is_set_in_its_own_font_and_drawn(family: str) -> None:
    pictures = set()
    for name in SCRIPTS[family]:
        assert {font for font, _ in load_fonts().runs(name, "name")} == {family}
        of = handout(person=Person(name))
        first = PdfReader(io.BytesIO(pdf_of(of))).pages[0]
        # Readers repeat the letters of a cluster and turn right-to-left words: compare as a set.
        assert set(squeezed(name)) <= set(squeezed(first.extract_text()))
        used = " ".join(str(font.get_object()["/BaseFont"]) for font in first["/Resources"]["/Font"].values())
        assert family.replace(" ", "") in used.replace("-", "")
        assert f"<bdi>{name}</bdi>" in render_html(of, TEMPLATES, ROOT / "static")
        pictures.add(render_png_pages(of, TEMPLATES, made_on=TODAY, ppi=40)[0])
    assert len(pictures) == 2


def test_letters_of_one_cluster_are_drawn_as_one_and_not_beside_each_other() -> None:
    def width_of_ink(name: str) -> int:
        picture = Image.open(io.BytesIO(render_png_pages(handout(person=Person(name)), TEMPLATES, made_on=TODAY)[0]))
        line = picture.convert("L").crop((0, 104, picture.width, 124)).point(lambda shade: 255 if shade < 128 else 0)
        left, _, right, _ = line.getbbox() or (0, 0, 0, 0)
        return right - left

    for joined, apart in (("क्ष", "क ष"), ("น้ำ", "น า ำ"), ("ស្រី", "ស រ ី"), ("لا", "ل ا"), ("ễ", "e e")):
        assert 0 < width_of_ink(joined) < width_of_ink(apart)


def test_a_character_that_no_font_holds_is_an_error_that_names_the_field() -> None:
    with pytest.raises(MissingGlyphError) as caught:
        pdf_of(handout(person=Person("田中")))
    assert caught.value.field == "name" and caught.value.characters == "田中"
    with pytest.raises(MissingGlyphError) as caught:
        pdf_of(handout(draft=draft(education_note="Rest well 🌷")))
    assert caught.value.field == "note"


def hostile_handout(text: str) -> Handout:
    row = PlanRow("own-1", text, "other", Decision.ACCEPT, text, due=PartialDate(2027, 1))
    clinic = replace(CLINIC, name=text, phone=text, phone_hours=text, after_hours_phone=text, primary_care_name=text,
                     primary_care_phone=text, urgent_number=text, crisis_number=text)  # fmt: skip
    return handout(
        person=Person(text, PERSON.birth_date), checked_by=text, clinic=clinic, draft=draft(row, education_note=text)
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_every_field_arrives_as_text(text: str) -> None:
    data = pdf_of(hostile_handout(text))
    read = squeezed(text_of(data))
    assert read.count(squeezed(text)) >= 8
    assert "root:x:0" not in read
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert not any("/Annots" in page for page in pdf.pages)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_escaped_in_html(text: str) -> None:
    html = render_html(hostile_handout(text), TEMPLATES, ROOT / "static")
    for raw in ("<script>alert", "<img src=file", "<style>@import", "root:x:0"):
        assert raw not in html
    assert html.count("</article>") == 1
    assert "<title>Your follow-up plan after breast cancer</title>" in html


def test_the_html_page_fetches_nothing_and_has_one_h1() -> None:
    html = render_html(handout(), TEMPLATES, ROOT / "static")
    assert html.count("<h1>") == 1 and "http" not in html and "<script" not in html
    assert 'lang="en"' in html and "Call 911 now" in html


def test_html_and_pdf_say_the_same() -> None:
    of = handout(more=True)
    html = squeezed(render_html(of, TEMPLATES, ROOT / "static"))
    read = squeezed(text_of(pdf_of(of)))
    for text in (of.for_line, of.next.lead, of.signs[0].items[0], of.more[0].title, of.closing[-1]):
        assert squeezed(text) in read and squeezed(text) in html


def test_a_right_to_left_language_needs_only_its_texts() -> None:
    of = replace(handout(person=Person("שרה כהן")), language="he", direction="rtl", title="תוכנית המעקב שלך")
    data = pdf_of(of)
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert str(pdf.Root.Lang) == "he"
    html = render_html(of, TEMPLATES, ROOT / "static")
    assert '<html lang="he" dir="rtl">' in html
    css = (ROOT / "static" / "handout.css").read_text(encoding="utf-8")
    for physical in ("margin-left", "margin-right", "padding-left", "padding-right", "text-align: left", "float:"):
        assert physical not in css


def test_pictures_show_the_same_pages() -> None:
    of = handout()
    pages = render_png_pages(of, TEMPLATES, made_on=TODAY, ppi=30)
    assert len(pages) == len(PdfReader(io.BytesIO(pdf_of(of))).pages)
    assert all(page.startswith(b"\x89PNG") for page in pages)


def test_a_text_without_end_is_refused_and_says_nothing_of_the_patient() -> None:
    endless = replace(handout(), intro="Mary " * 500_000)
    with pytest.raises(DocumentError, match="too long") as caught:
        pdf_of(endless)
    assert "Mary" not in str(caught.value)


def test_a_broken_layout_is_a_document_error_without_the_text(tmp_path: Path) -> None:
    (tmp_path / "handout").mkdir()
    (tmp_path / "handout" / "handout.typ").write_text("#panic(sys.inputs.data)")
    with pytest.raises(DocumentError) as caught:
        render_pdf(handout(), tmp_path, made_on=TODAY)
    assert "Mary" not in str(caught.value)


def test_the_longest_name_and_a_note_of_many_lines_fit_the_page() -> None:
    name = "Wolfeschlegelsteinhausenbergerdorff " * 4
    data = pdf_of(handout(person=Person(name), draft=draft(education_note="A line to keep in mind.\n" * 60)))
    assert squeezed(name) in squeezed(text_of(data))


def test_all_type_is_dark_enough_in_black_and_white_also_on_the_shaded_months() -> None:
    layout = (TEMPLATES / "handout" / "common.typ").read_text(encoding="utf-8")
    grays = {name: int(value) / 255 for name, value in re.findall(r"#let (\w+) = luma\((\d+)\)", layout)}
    for name, color in re.findall(r'#let (\w+) = rgb\("#(\w{6})"\)', layout):
        red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (0, 2, 4))
        grays[name] = 0.299 * red + 0.587 * green + 0.114 * blue

    def light(gray: float) -> float:
        return gray / 12.92 if gray <= 0.04045 else ((gray + 0.055) / 1.055) ** 2.4

    for name in ("ink", "soft", "brand", "urgent"):
        for ground in (1.0, grays["shade"]):
            assert (light(ground) + 0.05) / (light(grays[name]) + 0.05) >= 4.5, name
    # What is urgent is told by its own heading and a thicker frame, not by red alone.
    assert "if b.urgent { 3pt + urgent } else { 1pt + edge }" in (TEMPLATES / "handout" / "handout.typ").read_text(
        "utf-8"
    )
