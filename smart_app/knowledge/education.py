"""
Reads the education texts (`templates/education/<language>/*.md`) into paragraphs.

A file is a section: its head, then paragraphs, each with its own head between `---` lines. A translation carries
only `id`, `version` (of the English text it translates), `title` and text, line for line; everything else comes
from the English paragraph, so that a rule or a date stands once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from smart_app.clinical.conditions import parse_condition
from smart_app.clinical.education import Block, EducationSource, Paragraph, Sentence, Trace
from smart_app.errors import StartupError
from smart_app.knowledge.problems import ContentProblem

SOURCE_LANGUAGE = "en"
PLACES = (
    "more", "short", "medicine", "signs-urgent", "signs-same-day", "signs-soon", "can-do", "support", "questions",
    "words", "none",
)  # fmt: skip
HEAD_KEYS = {
    "id", "version", "title", "shown_when", "sources", "written_on", "reviewed_by", "reviewed_on", "expires_on", "kind",
    "audience", "place", "when_unknown", "opt_in", "scope", "unless_planned",
}  # fmt: skip
TRANSLATION_KEYS = {"id", "version", "title", "translated_on", "translated_by", "reviewed_by", "reviewed_on"}
_CHOICES = {
    "kind": ("text", "drug", "news"),
    "audience": ("patient", "clinician"),
    "place": PLACES,
    "when_unknown": ("hide", "show", "ask"),
}
_TRACES = re.compile(r"\s*\{([^{}]*)\}\s*$")
_TRACE = re.compile(r"(education|rules|updates)/([A-Za-z0-9-]+) ([VKPST-])")


class ContentError(ValueError):
    """A content file that cannot be read, with the line."""

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.problem = ContentProblem(file, line, message)


@dataclass(frozen=True, slots=True)
class _Part:
    """One head with the text below it."""

    head: Mapping[str, Any]
    head_line: int
    text: str
    text_line: int


def load_education(directory: Path) -> tuple[Paragraph, ...]:
    """
    All paragraphs of all languages, English first.

    Raises:
        StartupError: a file is broken; the message names file and line.
    """
    paragraphs, problems = read_education(directory)
    if problems:
        first = problems[0]
        raise StartupError(f"{first.file}:{first.line}: {first.message}")
    return paragraphs


def languages(directory: Path) -> tuple[str, ...]:
    """Languages for which there are texts, English first."""
    found = sorted(path.name for path in directory.iterdir() if path.is_dir())
    return tuple(sorted(found, key=lambda name: name != SOURCE_LANGUAGE))


def read_education(directory: Path) -> tuple[tuple[Paragraph, ...], tuple[ContentProblem, ...]]:
    """The paragraphs that can be read, and a problem for each that cannot."""
    files = [
        (language, f"{directory.name}/{language}/{path.name}", path.read_text(encoding="utf-8"))
        for language in languages(directory)
        for path in sorted((directory / language).glob("*.md"))
    ]
    sources = directory / "sources.yaml"
    return _read_texts(
        f"{directory.name}/{sources.name}",
        sources.read_text(encoding="utf-8") if sources.is_file() else "",
        tuple(files),
    )


def forget_education() -> None:
    """Read the next texts anew, as at a start: for benchmarks."""
    _read_texts.cache_clear()


@lru_cache(maxsize=2)
def _read_texts(
    sources_name: str, sources_text: str, files: tuple[tuple[str, str, str], ...]
) -> tuple[tuple[Paragraph, ...], tuple[ContentProblem, ...]]:
    """Loading and checking read the same files: the second asks for what the first has read."""
    problems: list[ContentProblem] = []
    sources = _read_sources(sources_name, sources_text, problems)
    english: dict[str, Paragraph] = {}
    translated: list[Paragraph] = []
    for language, name, text in files:
        try:
            parts = list(_parts(text, name))
            section = _section(parts[0], name)
        except ContentError as error:
            problems.append(error.problem)
            continue
        for order, part in enumerate(parts[1:]):
            try:
                if language == SOURCE_LANGUAGE:
                    paragraph = _paragraph(part, section, order, sources, name)
                    if paragraph.id in english:
                        raise ContentError(name, part.head_line, f"{paragraph.id} stands twice")
                    english[paragraph.id] = paragraph
                else:
                    translated.append(_translation(part, section, english, language, name))
            except ContentError as error:
                problems.append(error.problem)
    return (*english.values(), *translated), tuple(problems)


def _read_sources(name: str, text: str, problems: list[ContentProblem]) -> dict[str, EducationSource]:
    try:
        rows = yaml.load(text, Loader=yaml.CSafeLoader)
        return {key: EducationSource(**row) for key, row in rows.items()}
    except (yaml.YAMLError, TypeError, AttributeError) as error:
        problems.append(ContentProblem(name, 1, f"cannot be read: {error}"))
        return {}


def _parts(text: str, name: str) -> Iterator[_Part]:
    lines = text.split("\n")
    marks = [number for number, line in enumerate(lines) if line.strip() == "---"]
    if not marks or marks[0] != 0 or len(marks) % 2:
        raise ContentError(name, (marks or [0])[-1] + 1, "heads must stand between two lines of ---")
    ends = [*marks[2::2], len(lines)]
    for start, stop, end in zip(marks[::2], marks[1::2], ends, strict=True):
        try:
            head = yaml.load("\n".join(lines[start + 1 : stop]), Loader=yaml.CSafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            raise ContentError(name, start + 2 + (mark.line if mark else 0), "the head is not YAML") from error
        if not isinstance(head, dict):
            raise ContentError(name, start + 1, "the head must hold names and values")
        yield _Part(head, start + 2, "\n".join(lines[stop + 1 : end]), stop + 2)


def _section(part: _Part, name: str) -> tuple[str, str, int]:
    head = part.head
    if set(head) != {"section", "order", "title"} or not isinstance(head["order"], int):
        raise ContentError(name, part.head_line, "the file must begin with section, order and title")
    return str(head["section"]), str(head["title"]), head["order"]


def _paragraph(
    part: _Part, section: tuple[str, str, int], order: int, sources: Mapping[str, EducationSource], name: str
) -> Paragraph:
    head = part.head
    _check_head(part, name)
    try:
        condition = parse_condition(head["shown_when"]) if head.get("shown_when") is not None else None
    except ValueError as error:
        raise ContentError(name, part.head_line, f"{head['id']}: shown_when: {error}") from error
    unknown = [key for key in head["sources"] if key not in sources]
    if unknown:
        raise ContentError(name, part.head_line, f"{head['id']}: no such source: {', '.join(unknown)}")
    slug, title, section_order = section
    return Paragraph(
        id=head["id"],
        version=str(head["version"]),
        language=SOURCE_LANGUAGE,
        section=slug,
        section_title=title,
        section_order=section_order,
        order=order,
        title=str(head["title"]),
        blocks=_blocks(part, name),
        shown_when=condition,
        sources=tuple(sources[key] for key in head["sources"]),
        written_on=head["written_on"],
        reviewed_by=head.get("reviewed_by"),
        reviewed_on=head.get("reviewed_on"),
        expires_on=head["expires_on"],
        kind=head.get("kind", "text"),
        audience=head.get("audience", "patient"),
        place=head.get("place", "more"),
        when_unknown=head.get("when_unknown", "hide"),
        opt_in=head.get("opt_in", False),
        scope=head.get("scope"),
        unless_planned=head.get("unless_planned"),
        file=name,
        line=part.head_line,
    )


def _check_head(part: _Part, name: str) -> None:
    head, line = part.head, part.head_line
    label = head.get("id", "paragraph")
    missing = [key for key in ("id", "version", "title", "sources", "written_on", "expires_on") if not head.get(key)]
    if missing:
        raise ContentError(name, line, f"{label}: missing in the head: {', '.join(missing)}")
    if unknown := sorted(set(head) - HEAD_KEYS):
        raise ContentError(name, line, f"{label}: unknown in the head: {', '.join(unknown)}")
    for key, allowed in _CHOICES.items():
        if head.get(key, allowed[0]) not in allowed:
            raise ContentError(name, line, f"{label}: {key} must be one of {', '.join(allowed)}")
    for key in ("written_on", "expires_on", "reviewed_on"):
        if head.get(key) is not None and not isinstance(head[key], date):
            raise ContentError(name, line, f"{label}: {key} must be a date")
    if (head.get("reviewed_by") is None) != (head.get("reviewed_on") is None):
        raise ContentError(name, line, f"{label}: reviewed_by and reviewed_on go together")
    if not isinstance(head["sources"], list):
        raise ContentError(name, line, f"{label}: sources must be a list")


def _translation(
    part: _Part, section: tuple[str, str, int], english: Mapping[str, Paragraph], language: str, name: str
) -> Paragraph:
    head, line = part.head, part.head_line
    original = english.get(head.get("id", ""))
    if original is None:
        raise ContentError(name, line, f"{head.get('id')}: no English paragraph has this id")
    if unknown := sorted(set(head) - TRANSLATION_KEYS):
        raise ContentError(name, line, f"{original.id}: unknown in a translation's head: {', '.join(unknown)}")
    if str(head.get("version")) != original.version:
        raise ContentError(
            name, line, f"{original.id}: translates version {head.get('version')}, not {original.version}"
        )
    blocks = _blocks(part, name, traced=False)
    shapes = [[(block.item, len(block.sentences)) for block in text] for text in (blocks, original.blocks)]
    if shapes[0] != shapes[1] or not head.get("title"):
        raise ContentError(
            name, line, f"{original.id}: must have a title and the lines of the English text, one for one"
        )
    traced = tuple(
        replace(
            block,
            sentences=tuple(replace(s, traces=o.traces) for s, o in zip(block.sentences, twin.sentences, strict=True)),
        )
        for block, twin in zip(blocks, original.blocks, strict=True)
    )
    return replace(
        original,
        language=language,
        section_title=section[1],
        title=str(head["title"]),
        blocks=traced,
        translation_reviewed=head.get("reviewed_on") is not None,
        file=name,
        line=line,
    )


def _blocks(part: _Part, name: str, *, traced: bool = True) -> tuple[Block, ...]:
    blocks: list[Block] = []
    current: list[Sentence] = []
    item = False

    def close() -> None:
        if current:
            blocks.append(Block(item, tuple(current)))
            current.clear()

    for number, line in enumerate(part.text.split("\n"), part.text_line):
        if not line.strip():
            close()
            item = False
            continue
        if line.startswith("- "):
            close()
            item, line = True, line[2:]
        elif not line.startswith("  "):
            if item:
                close()
            item = False
        current.append(_sentence(line.strip(), name, number, traced))
    close()
    if not blocks:
        raise ContentError(name, part.head_line, f"{part.head.get('id')}: has no text")
    return tuple(blocks)


def _sentence(line: str, name: str, number: int, traced: bool) -> Sentence:
    match = _TRACES.search(line)
    if not traced:
        if match:
            raise ContentError(name, number, "a translation takes its traces from the English line")
        return Sentence(line, (), number)
    if match is None:
        raise ContentError(name, number, "the line names no source line: {rules/V-01 V} or {general}")
    traces = []
    for text in match.group(1).split(";"):
        found = _TRACE.fullmatch(text.strip())
        if found:
            traces.append(Trace(*found.groups()))
        elif text.strip() == "general":
            traces.append(Trace("general", "", "-"))
        else:
            raise ContentError(name, number, f"not a source line: {text.strip()}")
    return Sentence(line[: match.start()], tuple(traces), number)


def check_education(directory: Path, as_of: date) -> tuple[ContentProblem, ...]:
    """Every problem of the education texts and the handout's catalogs, with file and line."""
    from smart_app.knowledge.education_check import check_education as check

    return check(directory, as_of)
