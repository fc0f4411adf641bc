"""
Reads the rule files (`fhir_mappings/rules/*.yaml`, one rule a file) and says what is wrong with them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from smart_app.clinical.recommendations import RecommendationKind
from smart_app.clinical.rules import FollowUpRule
from smart_app.errors import StartupError
from smart_app.knowledge.lined_yaml import LinedDict, LinedYamlError, load_lined
from smart_app.knowledge.problems import ContentProblem
from smart_app.knowledge.rule_parts import (
    KEYS,
    REQUIRED,
    PartError,
    read_citation,
    read_condition,
    read_examples,
    read_schedule,
    read_variants,
)

TOPICS = frozenset({
    "clinic-visit", "mammogram", "breast-mri", "breast-ultrasound", "dxa", "echocardiogram", "gynecology-review",
    "endocrine-adherence", "endocrine-duration-review", "genetic-counseling", "lymphedema", "cyp2d6-interaction",
    "ai-without-ovarian-suppression", "tamoxifen-with-ai", "adjuvant-bisphosphonate", "cardiac-risk", "lipids",
    "thyroid", "cbc", "qt-monitoring", "distress-screening", "fatigue", "cognition", "pain", "neuropathy",
    "menopausal-symptoms", "sexual-health", "fertility-contraception", "physical-activity", "weight", "diet",
    "alcohol", "tobacco", "vaccination", "bone-health", "other-cancer-screening", "symptom-education",
    "breast-awareness", "urgent-evaluation", "care-coordination", "routine-tumor-markers", "routine-blood-tests",
    "routine-systemic-imaging", "other",
})  # fmt: skip
OWNERS = ("oncology", "primary-care", "surgery", "gynecology", "patient")
JURISDICTIONS = ("us", "uk", "eu", "ca", "au", "other")
MARKS = ("V", "K", "V/K")
UNREAD = "general knowledge, no text read"
EXPIRES_SOON_DAYS = 60
_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_ROW = re.compile(r"[A-Z]-[0-9]{2}[a-z]?")


@dataclass(slots=True)
class _File:
    """One rule file in work."""

    name: str
    text: str
    data: LinedDict
    problems: list[ContentProblem] = field(default_factory=list)

    def say(self, key: str, message: str) -> None:
        line = self.data.key_lines.get(key, self.data.line)
        self.problems.append(ContentProblem(_name(self.name), line, message))


def _name(file: str) -> str:
    return f"fhir_mappings/rules/{file}"


def load_rules(directory: Path) -> tuple[FollowUpRule, ...]:
    """
    All rules, by row and id.

    Raises:
        StartupError: a rule cannot be read or breaks a rule of the house; names file and line.
    """
    rules, problems = read_rules(directory)
    if problems:
        first = problems[0]
        raise StartupError(f"{first.file}:{first.line}: {first.message} ({len(problems)} problem(s) in the rules)")
    return rules


def check_rules(directory: Path, as_of: date) -> tuple[ContentProblem, ...]:
    """Every problem of the rule files; rules that have expired, or expire within 60 days, as notices."""
    rules, problems = read_rules(directory)
    return (*problems, *_expiries(rules, as_of))


def rules_version(rules: Iterable[FollowUpRule]) -> str:
    """A short name of exactly this rule set: the newest writing date, and a digest of ids and versions."""
    listed = sorted((rule.id, rule.digest) for rule in rules)
    digest = hashlib.sha256(repr(listed).encode()).hexdigest()[:8]
    newest = max((rule.written_on for rule in rules), default=date(2026, 1, 1))
    return f"{newest.isoformat()}-{digest}"


def read_rules(directory: Path) -> tuple[tuple[FollowUpRule, ...], tuple[ContentProblem, ...]]:
    """The rules that can be read, and every problem of the others and between them."""
    texts, problems = [], []
    for path in sorted(directory.glob("*.yaml")):
        try:
            texts.append((path.name, path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            problems.append(ContentProblem(_name(path.name), 1, f"cannot be read: {error}"))
    rules, found = _read_texts(tuple(texts))
    return rules, (*problems, *found)


def forget_rules() -> None:
    """Read the next rules anew, as at a start: for benchmarks."""
    _read_texts.cache_clear()


@lru_cache(maxsize=2)
def _read_texts(texts: tuple[tuple[str, str], ...]) -> tuple[tuple[FollowUpRule, ...], tuple[ContentProblem, ...]]:
    """Loading and checking read the same files: the second asks for what the first has read."""
    rules: list[FollowUpRule] = []
    problems: list[ContentProblem] = []
    for name, text in texts:
        rule, found = _read_text(name, text)
        problems.extend(found)
        if rule is not None:
            rules.append(rule)
    if not rules and not problems:
        problems.append(ContentProblem("fhir_mappings/rules", 0, "holds no rule"))
    problems.extend(_between(rules))
    return tuple(sorted(rules, key=_order)), tuple(problems)


_SECTIONS = "GVINETCRLMFHX"


def _order(rule: FollowUpRule) -> tuple[int, str, str]:
    return _SECTIONS.index(rule.row[0]) if rule.row[0] in _SECTIONS else 99, rule.row, rule.id


def _read_text(name: str, text: str) -> tuple[FollowUpRule | None, list[ContentProblem]]:
    try:
        data = load_lined(text)
    except LinedYamlError as error:
        return None, [ContentProblem(_name(name), error.line, str(error))]
    if not isinstance(data, LinedDict):
        return None, [ContentProblem(_name(name), 1, "must be a mapping")]
    file = _File(name, text, data)
    _check_keys(file)
    if file.problems:
        return None, file.problems
    _check_words(file)
    try:
        rule = _build(file)
    except PartError as error:
        file.problems.append(ContentProblem(_name(name), error.line or data.line, str(error)))
        return None, file.problems
    _check_rule(file, rule)
    return rule, file.problems


def _check_keys(file: _File) -> None:
    for key in file.data:
        if key not in KEYS:
            file.say(key, f"unknown key: {key}")
    for key in REQUIRED:
        if file.data.get(key) in (None, "", []):
            file.say(key, f"{key} is missing")


def _check_words(file: _File) -> None:
    data = file.data
    choices: dict[str, Sequence[str] | frozenset[str]] = {
        "topic": TOPICS,
        "owner": OWNERS,
        "mark": MARKS,
        "kind": [kind.value for kind in RecommendationKind],
        "per": ("patient", "breast"),
    }
    for key, allowed in choices.items():
        if key in data and data[key] not in allowed:
            file.say(key, f"{key} is not one of the words that are used: {data[key]}")
    if not _KEBAB.fullmatch(str(data["id"])):
        file.say("id", "id must be kebab case")
    if f"{data['id']}.yaml" != file.name:
        file.say("id", f"id must be the file name: {file.name}")
    if not _ROW.fullmatch(str(data["row"])):
        file.say("row", "row must be a row of the rule table, such as I-03")
    for key in ("written_on", "expires_on", "reviewed_on"):
        if data.get(key) is not None and not isinstance(data[key], date):
            file.say(key, f"{key} must be a day as YYYY-MM-DD")
    for key in ("jurisdictions", "variants"):
        for name in data.get(key) or ():
            if name not in JURISDICTIONS:
                file.say(key, f"{key}: unknown jurisdiction {name}")


def _build(file: _File) -> FollowUpRule:
    data = file.data
    if file.problems:
        raise PartError("not read further", data.line)
    schedule = read_schedule(data.get("schedule"), data.get("looks_for"))
    everyone = data["applies_when"] == "everyone"
    return FollowUpRule(
        id=data["id"],
        row=data["row"],
        topic=data["topic"],
        kind=RecommendationKind(data["kind"]),
        version=str(data["version"]),
        title=data["title"],
        says=data["says"],
        why=data["why"],
        applies_when=None if everyone else read_condition(data["applies_when"]),
        unless=read_condition(data["unless"]) if data.get("unless") else None,
        yields_to=tuple(data.get("yields_to") or ()),
        per_breast=data.get("per") == "breast",
        schedule=schedule,
        owner=data["owner"],
        citation=read_citation(data["citation"], str(data["strength"])),
        mark=data["mark"],
        conflicts=tuple(data.get("conflicts") or ()),
        variants=read_variants(data.get("variants"), data),
        jurisdictions=tuple(data.get("jurisdictions") or ()),
        written_by=data["written_by"],
        written_on=data["written_on"],
        reviewed_by=data.get("reviewed_by") or "",
        reviewed_on=data.get("reviewed_on"),
        expires_on=data["expires_on"],
        limits=data["limits"],
        examples=read_examples(data["examples"]),
        level=data.get("level") or "",
        when_missing=data.get("when_missing") or "",
        digest=hashlib.sha256(file.text.encode()).hexdigest(),
        file=_name(file.name),
        lines=data.key_lines,
    )


def _check_rule(file: _File, rule: FollowUpRule) -> None:
    if rule.mark == "K" and not rule.citation.reference and rule.citation.guideline != UNREAD:
        file.say("citation", f"a K row without a text is cited as: {UNREAD}")
    if bool(rule.reviewed_by) != (rule.reviewed_on is not None):
        file.say("reviewed_by", "reviewed_by and reviewed_on are given together")
    if rule.reviewed_on is not None and rule.reviewed_on < rule.written_on:
        file.say("reviewed_on", "reviewed before it was written")
    if rule.expires_on <= rule.written_on:
        file.say("expires_on", "expires before it was written")
    kinds = [example.kind for example in rule.examples]
    wanted = ("fires", "fires") if rule.applies_when is None else ("fires", "silent", "cannot-tell")
    for kind in set(wanted):
        if kinds.count(kind) < wanted.count(kind):
            file.say("examples", f"an example is missing: {kind}")
    for place in ("says", "title", "why", "limits"):
        if "TODO" in getattr(rule, place):
            file.say(place, f"{place} is not finished")


def _between(rules: Sequence[FollowUpRule]) -> list[ContentProblem]:
    ids = {rule.id for rule in rules}
    found = []
    for rule in rules:
        for name in rule.yields_to:
            if name not in ids:
                found.append(
                    ContentProblem(rule.file, rule.lines.get("yields_to", 1), f"yields_to: no such rule {name}")
                )
    return found


def _expiries(rules: Iterable[FollowUpRule], as_of: date) -> list[ContentProblem]:
    found = []
    for rule in rules:
        line = rule.lines.get("expires_on", 1)
        if rule.expires_on < as_of:
            found.append(ContentProblem(rule.file, line, f"expired on {rule.expires_on}", notice=True))
        elif rule.expires_on <= as_of + timedelta(days=EXPIRES_SOON_DAYS):
            found.append(ContentProblem(rule.file, line, f"expires on {rule.expires_on}", notice=True))
    return found


def due_for_review(rules: Iterable[FollowUpRule]) -> tuple[FollowUpRule, ...]:
    """Rules that no clinician has signed, then by the date on which they expire."""
    return tuple(sorted(rules, key=lambda rule: (rule.reviewed, rule.expires_on, rule.id)))


def plain(data: Any) -> Any:
    """The same data without line numbers."""
    if isinstance(data, dict):
        return {key: plain(value) for key, value in data.items()}
    return [plain(item) for item in data] if isinstance(data, list) else data
