"""Reports and notes: their text through the grammar, and what could not be read of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import IssueKind, Search, SearchState, Source
from smart_app.fhir.extract.chart import Chart, taken_on
from smart_app.fhir.extract.condition_facts import BreastCondition
from smart_app.fhir.extract.evidence import NOTE_TEXT, REPORT_TEXT, Finding
from smart_app.fhir.extract.names import name_of_test, names_report
from smart_app.fhir.extract.text.diagnosis import named_cancer
from smart_app.fhir.extract.text.documents import decode_base64, text_of_attachment, text_of_html
from smart_app.fhir.extract.text.her2 import hybridization_phrases
from smart_app.fhir.extract.text.pathology import grade_alone, names_oncotype, pathology_phrases
from smart_app.fhir.extract.text.phrases import Phrase, Sentence
from smart_app.fhir.extract.text.receptors import nuclear_percent, receptor_phrases
from smart_app.fhir.extract.text.sentences import UNUSABLE_SECTIONS, sentences
from smart_app.fhir.extract.text.staging import staging_phrases
from smart_app.fhir.queries import TUMOR_FACTS
from smart_app.fhir.resources import Resource, notes, objects, partial_date, text, when, words

REPORT_CHARACTERS = 40
"""An Observation with fewer characters is a single result, not a report."""
_BREAST = re.compile(
    r"\b(?:breast|mammary|estrogen receptor|HER-?2|ductal carcinoma|lobular carcinoma|DCIS|IDC|ILC)\b", re.IGNORECASE
)
_AXILLA = re.compile(
    r"\baxilla(?:ry)?\b[^.]{0,120}\bcarcinoma\b|\bcarcinoma\b[^.]{0,120}\baxilla(?:ry)?\b", re.IGNORECASE
)
"""Carcinoma of axillary nodes: the report of an axillary dissection need not name the breast."""
_PATHOLOGY = re.compile(
    r"\b(?:patholog\w*|biops\w*|cytolog\w*|histolog\w*|synoptic|biomarker|surgical path|oncotype|fish)\b", re.IGNORECASE
)
_IMAGING = re.compile(
    r"\b(?:mammo\w*|ultrasound|sonogram|mri|mr|ct|pet|dxa|dexa|echo\w*|x-?ray|tomosynthesis|nuclear|radiolog\w*"
    r"|imaging)\b",
    re.IGNORECASE,
)
_OTHER_ORGAN = re.compile(
    r"\b(?:colon|colorectal|rectum|lung|prostate|endometri\w*|cervix|cervical|thyroid|skin|melanoma|lymphoma|squamous|merkel|bladder|kidney)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Report:
    """
    One report or note with its text. `rank` tells pathology and other reports from notes.

    `unread` names the facts that may stand in an attachment that could not be read where the report says nothing else.
    Of a report that is sent line by line, each line an Observation, `around` is all of it; `headed`: it has
    a heading such as family history: whose line this one is, the order of a record does not say.
    """

    key: str
    resource: Resource
    title: str
    on: PartialDate | None
    rank: int
    texts: tuple[str, ...]
    imaging: bool
    specimen: str | None
    specimen_ref: str | None
    side: str
    unread: frozenset[str] = frozenset()
    around: str = ""
    headed: bool = False

    @property
    def whole(self) -> str:
        """All its text."""
        return "\n".join(self.texts)


def read_reports(chart: Chart) -> list[Report]:
    """Every DiagnosticReport, DocumentReference and Composition, and every Observation that is a whole report."""
    found = []
    for key, resource in chart.of_type("DiagnosticReport", "DocumentReference", "Composition"):
        if not chart.counts(key, resource):
            continue
        if key.startswith("DocumentReference/") and text(resource.get("docStatus")) in (
            "preliminary",
            "entered-in-error",
        ):
            chart.issue(IssueKind.IGNORED_STATUS, key, "A preliminary or withdrawn document; it is not read.")
            continue
        found.append(_report(chart, key, resource))
    return found + _reports_of_results(chart)


def _reports_of_results(chart: Chart) -> list[Report]:
    """Observations that are a whole report, and those that are a line of one."""
    lines: dict[tuple[str, str], list[Report]] = {}
    found = []
    for key, observation in chart.of_type("Observation"):
        said = text(observation.get("valueString"))
        if said is None or not _is_report(chart, observation) or not chart.counts(key, observation):
            continue
        report = _report(chart, key, observation)
        if len(said) >= REPORT_CHARACTERS:
            found.append(report)
        lines.setdefault((report.title, str(report.on)), []).append(report)
    for group in lines.values():
        around = "\n".join(line.whole for line in group)
        headed = any(s.section in {*UNUSABLE_SECTIONS, "history", "past"} for s in sentences(around))
        found = [replace(r, around=around, headed=headed) if len(group) > 1 and r in group else r for r in found]
        short = [line for line in group if len(line.whole) < REPORT_CHARACTERS]
        found += [replace(line, around=around, headed=headed) for line in short] if len(group) > 1 else []
    return found


def _is_report(chart: Chart, observation: Resource) -> bool:
    """Whether an Observation holds a report or a line of one: Oracle Health and HL7 v2 feeds send pathology so."""
    rows = chart.rows(observation.get("code"))
    if rows:
        return any(row.concept in ("pathology-report", "genetic-report") for row in rows)
    names = words(observation.get("code"))
    return name_of_test(names) is None and any(map(names_report, names))


def _report(chart: Chart, key: str, resource: Resource) -> Report:
    coded = resource.get("code") if key.startswith(("DiagnosticReport/", "Observation/")) else resource.get("type")
    titles = (
        words(coded)
        + words(resource.get("category"))
        + [t for t in (text(resource.get("description")), text(resource.get("title"))) if t]
    )
    title = titles[0] if titles else key.partition("/")[0]
    joined = " ".join(titles)
    rows = chart.rows(coded)
    imaging = any(chart.concept(row).kind == "imaging" for row in rows) or (
        bool(_IMAGING.search(joined)) and not _PATHOLOGY.search(joined)
    )
    pathology = any(row.concept in ("pathology-report", "genetic-report") for row in rows) or bool(
        _PATHOLOGY.search(joined)
    )
    rank = REPORT_TEXT if pathology or (key.startswith("DiagnosticReport/") and not imaging) else NOTE_TEXT
    specimen, specimen_ref, side = chart.specimen(resource)
    on = taken_on(resource) or _document_date(resource)
    texts = tuple(dict.fromkeys(_texts(chart, key, resource, title)))
    silent = not any(texts) and not resource.get("result") and not resource.get("conclusionCode")
    unread = _may_say(joined, imaging, pathology) if silent and attachments_of(resource) else frozenset()
    return Report(key, resource, title, on, rank, texts, imaging, specimen, specimen_ref, side, unread)


def _may_say(titles: str, imaging: bool, pathology: bool) -> frozenset[str]:
    """The facts that a report of this title may hold; none for those that have nothing to do with the tumor."""
    if not imaging:
        found = pathology or _BREAST.search(titles) or re.search(r"\bgene(?:tic|omic)", titles, re.IGNORECASE)
        return frozenset((*TUMOR_FACTS, "metastasis", "germline", "reported_cancer")) if found else frozenset()
    names = {"birads", "breast_density"} if re.search(r"\bbreast\b|\bmammo", titles, re.IGNORECASE) else set()
    return frozenset(names | ({"lvef_percent"} if re.search(r"\becho|\bMUGA\b", titles, re.IGNORECASE) else set()))


def with_unread_reports(searches: tuple[Search, ...], reports: Iterable[Report]) -> tuple[Search, ...]:
    """
    The searches, with those not whole that gave a report whose only content could not be read.

    What such a report may say then counts as not read; that the report exists, and its date, are known all the same.
    """
    silent: dict[str, list[Report]] = {}
    for report in reports:
        if report.unread:
            silent.setdefault(report.key.partition("/")[0], []).append(report)
    told = []
    for search in searches:
        own = silent.get(search.resource_type, [])
        if search.whole and own:
            names = frozenset[str]().union(*(report.unread for report in own))
            count = "the attachment of 1 report" if len(own) == 1 else f"the attachments of {len(own)} reports"
            why = "; ".join(part for part in (search.why, f"{count} could not be read") if part)
            supplies = tuple(name for name in search.supplies if name in names)
            told.append(replace(search, state=SearchState.TRUNCATED, why=why, supplies=supplies))
        else:
            told.append(search)
    return tuple(told)


def _document_date(resource: Resource) -> PartialDate | None:
    context = resource.get("context")
    if isinstance(context, dict):
        start, _ = when({"xPeriod": context.get("period")}, "x")
        if start is not None:
            return start
    return partial_date(resource.get("date"))


def _texts(chart: Chart, key: str, resource: Resource, title: str) -> Iterator[str]:
    conclusion = text(resource.get("conclusion")) or text(resource.get("valueString"))
    if conclusion:
        yield conclusion
    yield from notes(resource)
    attached = False
    for attachment in attachments_of(resource):
        found = _attachment_text(chart, attachment)
        attached = attached or found is not None
        if found is not None:
            yield found
        else:
            chart.issue(IssueKind.UNREADABLE, key, f"{title[:80]}: an attachment could not be read as text.")
    if not attached and not conclusion:
        yield from _narratives(resource)


def _narratives(resource: Resource) -> Iterator[str]:
    """The narrative that a person wrote; one generated from the data says nothing new."""
    carriers = [resource, *objects(resource.get("section"))]
    for carrier in carriers:
        narrative = carrier.get("text")
        if isinstance(narrative, dict) and text(narrative.get("status")) in ("additional", "extensions", "generated"):
            div = narrative.get("div")
            generated = text(narrative.get("status")) == "generated"
            if isinstance(div, str) and not (generated and carrier is resource and resource.get("result") is not None):
                yield text_of_html(div)


def attachments_of(resource: Resource) -> list[Resource]:
    """The attachments of a report or document."""
    return objects(resource.get("presentedForm")) + [
        item["attachment"] for item in objects(resource.get("content")) if isinstance(item.get("attachment"), dict)
    ]


def _attachment_text(chart: Chart, attachment: Resource) -> str | None:
    content_type = text(attachment.get("contentType"))
    raw = attachment.get("data")
    if isinstance(raw, str):
        data = decode_base64(raw)
        return text_of_attachment(content_type, data) if data is not None else None
    binary = chart.contained({}, attachment.get("url"))
    if binary is not None and isinstance(binary.get("data"), str):
        data = decode_base64(binary["data"])
        return text_of_attachment(text(binary.get("contentType")) or content_type, data) if data is not None else None
    return None


def unread_attachments(resources: Iterable[Resource]) -> Iterator[str]:
    """References of Binaries that attachments name."""
    for resource in resources:
        for attachment in attachments_of(resource):
            url = text(attachment.get("url"))
            if url is not None and attachment.get("data") is None:
                yield url


def report_findings(chart: Chart, report: Report) -> Iterator[Finding]:
    """Tumor facts that the text of a report states; what looks like one and is not understood is listed."""
    whole = report.whole
    about = report.around or whole
    if report.imaging or not whole or not (_BREAST.search(about) or _BREAST.search(report.title) or _of_axilla(about)):
        return
    if _OTHER_ORGAN.search(report.title) and not _BREAST.search(report.title):
        return
    phrases = list(text_phrases(whole))
    settled = {phrase.name for phrase in phrases if phrase.value is not None or set(phrase.extra) - {"quiet"}}
    for phrase in phrases:
        source = chart.source(
            report.key,
            report.resource,
            on=report.on,
            recorded=phrase.sentence.text,
            sentence=phrase.sentence.text,
            specimen=phrase.sentence.specimen or report.specimen,
        )
        if report.headed:
            chart.unplaced(
                source, f"{report.title[:60]}: a line of a report, not understood alone", phrase.sentence.text
            )
            continue
        if phrase.value is None and not (phrase.name == "her2" and set(phrase.extra) - {"quiet"}):
            if phrase.name not in settled and not phrase.extra.get("quiet"):
                chart.unplaced(source, f"{report.title[:60]}: not understood", phrase.sentence.text)
            continue
        yield _finding(report, phrase, source)


def _of_axilla(whole: str) -> bool:
    return bool(_AXILLA.search(whole)) and not _OTHER_ORGAN.search(whole)


def _finding(report: Report, phrase: Phrase, source: Source) -> Finding:
    side = phrase.sentence.side or (report.side if report.side != "unknown" else None) or "unknown"
    extra = {
        key: value for key, value in phrase.extra.items() if key not in ("quiet", "total", "low", "size", "measured")
    }
    part = str(phrase.extra.get("measured", ""))
    if phrase.name == "her2":
        part = "ish" if phrase.value is None and "ihc" not in extra else "overall"
    return Finding(
        name=phrase.name,
        value=phrase.value,
        # A note tells of a result; its own date is not when the tissue was taken.
        on=report.on if report.rank >= REPORT_TEXT else None,
        source=source,
        rank=report.rank,
        side=side,
        basis=phrase.basis,
        specimen=phrase.sentence.specimen or report.specimen,
        specimen_ref=report.specimen_ref or report.key,
        amended=text(report.resource.get("status")) in ("amended", "corrected"),
        part=part,
        extra=extra,
    )


def text_phrases(report: str) -> list[Phrase]:
    """Phrases of a whole text, with totals of nodes over single counts."""
    found: list[Phrase] = []
    her2_at = receptor_at = -10
    receptor, before = "", Sentence("")
    oncotype = names_oncotype(report)
    for index, sentence in enumerate(sentences(report)):
        if sentence.section in UNUSABLE_SECTIONS or sentence.section in ("history", "past"):
            continue
        if re.search(r"\bHER-?\s?2|erbb2", sentence.text, re.IGNORECASE):
            her2_at = index
        stated = list(receptor_phrases(sentence))
        if stated:
            receptor, receptor_at = stated[-1].name, index
        elif receptor in ("er", "pr") and index - receptor_at <= 2:
            stated = list(nuclear_percent(sentence, receptor))
        found.extend(stated)
        found.extend(hybridization_phrases(sentence, index - her2_at <= 4))
        found.extend(pathology_phrases(sentence, oncotype=oncotype))
        found.extend(grade_alone(sentence, before))
        found.extend(staging_phrases(sentence))
        before = sentence
    return _totals(found)


def notes_of_diagnoses(chart: Chart, breast: Iterable[BreastCondition]) -> Iterator[Finding]:
    """What the notes on a breast cancer's own entry state, with the rank of a note."""
    for row in breast:
        condition = chart.get(row.key)
        said = tuple(notes(condition)) if condition is not None and row.key.startswith("Condition/") else ()
        title = "Note on the breast cancer"
        note = Report(row.key, condition or {}, title, None, NOTE_TEXT, said, False, None, None, row.side)
        for finding in report_findings(chart, note):
            yield replace(finding, focus=(row.key,), specimen_ref=None)


def _totals(phrases: list[Phrase]) -> list[Phrase]:
    """A stated total stands before counts of single specimens; several counts without a total are not understood."""
    kept = _nodes_by_size(phrases)
    for name in ("nodes_positive", "nodes_examined"):
        own = [phrase for phrase in kept if phrase.name == name and phrase.value is not None]
        totals = [phrase for phrase in own if phrase.extra.get("total")]
        values = {phrase.value for phrase in (totals or own)}
        if totals and len(values) == 1:
            kept = [phrase for phrase in kept if phrase.name != name or phrase in totals]
        elif len(values) > 1:
            first = own[0]
            kept = [phrase for phrase in kept if phrase.name != name]
            kept.append(Phrase(name, None, first.sentence))
    return kept


def _nodes_by_size(phrases: list[Phrase]) -> list[Phrase]:
    """Synoptic reports count nodes with macrometastases and with micrometastases apart: their sum is positive."""
    by_size: dict[str, set[int]] = {}
    for phrase in phrases:
        if "size" in phrase.extra:
            by_size.setdefault(str(phrase.extra["size"]), set()).add(int(phrase.value))
    if not by_size:
        return phrases
    first = next(phrase for phrase in phrases if "size" in phrase.extra)
    kept = [phrase for phrase in phrases if "size" not in phrase.extra]
    clear = "macro" in by_size and all(len(counts) == 1 for counts in by_size.values())
    total = sum(max(counts) for counts in by_size.values()) if clear else None
    return [*kept, Phrase("nodes_positive", total, first.sentence, extra={"total": True})]


def diagnosis_sentences(report: Report) -> Iterator[Sentence]:
    """Sentences of a pathology report that name a breast cancer without hedging."""
    for sentence in sentences(report.whole):
        if sentence.section in ("diagnosis", "") and named_cancer(sentence.text).kind is not None:
            yield sentence
