"""Observations to findings: which test it is, by code or else by its name, and what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from smart_app.clinical.codes import CodeRow
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import IssueKind, Source
from smart_app.fhir.extract.chart import Chart, taken_on
from smart_app.fhir.extract.evidence import CODED, Finding
from smart_app.fhir.extract.text.genes import names_gene_test
from smart_app.fhir.extract.values import Answer, read_answer
from smart_app.fhir.resources import Resource, codings, notes, text, words

TUMOR_TESTS = (
    "estrogen-receptor-test",
    "progesterone-receptor-test",
    "hormone-receptor-test",
    "her2-ihc-test",
    "her2-ish-test",
    "her2-ratio-test",
    "her2-copies-test",
    "her2-test",
    "receptor-profile",
    "ki67-test",
    "oncotype-test",
    "rcb-test",
    "tumor-grade",
    "nottingham-score",
    "tumor-size",
    "nodes-positive",
    "nodes-examined",
    "stage-group-test",
    "t-test",
    "n-test",
    "m-test",
    "menopausal-status-test",
    "birads-test",
    "breast-density-test",
    "lvef",
    "pregnancy-test",
    "smoking-status",
    "bmi",
)
"""Tests that become facts."""

_NAME_NOISE = re.compile(
    r"\b(?:status|result|results|interpretation|by|ihc|immunohistochemistry|immunostain|immune stain|stain|tissue"
    r"|breast|"
    r"cancer|carcinoma|tumou?r|specimen|in|of|the|percent|percentage|pct|score|expression|nuclear|staining|path"
    r"|pathology|"
    r"invasive|assay|analysis|protein|antigen|ag|presence|final|primary|cells|positive cells|index|proliferation|"
    r"histologic|level|value|qualitative|quantitative|dx)\b|[%\[\]():,.#*-]",
    re.IGNORECASE,
)
_NAMES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (concept, re.compile(pattern))
    for concept, pattern in (
        ("her2-ratio-test", r".*(?:her ?2|erbb2).*(?:cep|chromosome|cen|chr) ?17.*|.*her2.*\bratio\b.*"),
        ("her2-copies-test", r".*(?:her ?2|erbb2).*(?:copy number|copies|signals?)\b.*"),
        (
            "her2-ish-test",
            r".*(?:her ?2|erbb2|erbb 2).*\b(?:d?ish|fish|cish|in situ hybridization|amplification"
            r"|gene)\b.*"
            r"|.*\b(?:fish|ish|in situ hybridization)\b.*(?:her ?2|erbb2).*",
        ),
        (
            "her2-ihc-test",
            r".*(?:her ?2|erbb2).*\b(?:ihc|immuno\w*|immune stain)\b.*|.*\b(?:ihc"
            r"|immuno\w+)\b.*(?:her ?2).*",
        ),
    )
)
_RECEPTOR_WORDS = {
    "estrogen-receptor-test": re.compile(r"o?estrogen|\ber\b|\besr1\b|\bhormon", re.IGNORECASE),
    "progesterone-receptor-test": re.compile(r"progest|\bpg?r\b|\bhormon", re.IGNORECASE),
    "her2-test": re.compile(r"her-?\s?2|erbb|\bneu\b|cep ?17", re.IGNORECASE),
    "ki67-test": re.compile(r"ki-?\s?67|\bmib", re.IGNORECASE),
}
_OTHER_TESTS = re.compile(
    r"\bandrogen|\bmethod|\bsubtype|\b(?:msh|mlh|pms)-?\d|\bmismatch|\bmmr\b|\bpd-?l1|\bt?p53\b|\bcadherin"
    r"|\begfr|\b[kn]ras\b|\bbraf\b|\bbrca|\bgata-?\d|\bchromogranin|\bsynaptophysin|\bcytokeratin|\bck-?\d",
    re.IGNORECASE,
)
_EXACT_NAMES = {
    "estrogen receptor": "estrogen-receptor-test",
    "oestrogen receptor": "estrogen-receptor-test",
    "estrogen receptors": "estrogen-receptor-test",
    "estrogen receptor er": "estrogen-receptor-test",
    "er estrogen receptor": "estrogen-receptor-test",
    "er": "estrogen-receptor-test",
    "progesterone receptor": "progesterone-receptor-test",
    "progesterone receptors": "progesterone-receptor-test",
    "progesterone receptor pr": "progesterone-receptor-test",
    "progesterone receptor pgr": "progesterone-receptor-test",
    "pr progesterone receptor": "progesterone-receptor-test",
    "pr": "progesterone-receptor-test",
    "pgr": "progesterone-receptor-test",
    "her2": "her2-test",
    "her 2": "her2-test",
    "her2/neu": "her2-test",
    "her 2/neu": "her2-test",
    "her2 neu": "her2-test",
    "her 2 neu": "her2-test",
    "her2neu": "her2-test",
    "erbb2": "her2-test",
    "c erbb 2": "her2-test",
    "erbb2 her2": "her2-test",
    "her2 erbb2": "her2-test",
    "ki67": "ki67-test",
    "ki 67": "ki67-test",
    "mib 1": "ki67-test",
    "ki67 mib 1": "ki67-test",
    "ki 67 mib 1": "ki67-test",
}
_NAME_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (concept, re.compile(pattern, re.IGNORECASE))
    for concept, pattern in (
        (
            "oncotype-test",
            r"^(?!.*\b(?:mammaprint|70[- ]gene|prosigna|pam ?50|endopredict|breast cancer index|bci|colon|prostate|DCIS"
            r"|risk of (?:distant )?recurrence|benefit|\d+[- ]ye?a?r)\b).*(?:\boncotype\b"
            r"|\b(?:breast )?recurrence score\b"
            r"|\b21[- ]gene\b)",
        ),
        (
            "receptor-profile",
            r"^(?:breast |cancer |tumou?r )*(?:(?:hormone )?receptors?(?: and her-?2)? (?:status|profile)|biomarkers?"
            r"(?: status| profile| results?)?|(?:molecular|intrinsic|biologic(?:al)?) (?:sub)?type)$",
        ),
        ("nottingham-score", r"^(?:total |combined )*nottingham (?:combined |histologic |total )*score$"),
        ("rcb-test", r"\bresidual cancer burden\b|\bRCB\b"),
        (
            "tumor-grade",
            r"^(?:overall |final )?(?:nottingham|histologic(?:al)?|tumou?r|sbr|bloom.richardson"
            r"|cancer)[ \w-]{0,30}\bgrade\b(?!.*nuclear)|^grade$",
        ),
        (
            "tumor-size",
            r"^(?:whole |overall |total |maximum |invasive )*(?:tumou?r|carcinoma|cancer|lesion|component|focus) size\b"
            r"|^(?:tumou?r )?size of (?:the )?(?:largest )?(?:invasive )?(?:tumou?r|carcinoma|component|focus)\b"
            r"|^(?:maximum |largest )?invasive (?:size|focus|component)\b"
            r"|greatest dimension of (?:the )?(?:largest )?(?:invasive )?(?:tumou?r|carcinoma|component|focus)",
        ),
        (
            "nodes-positive",
            r"^(?:total |number of |no\.? of |# ?)*(?:regional |sentinel "
            r"|axillary )*(?:positive (?:lymph )?nodes|(?:lymph )?nodes?,? (?:positive|involved|with (?:metasta"
            r"|tumor)))",
        ),
        (
            "nodes-examined",
            r"^(?:total |number of |no\.? of |# ?)*(?:regional |sentinel "
            r"|axillary )*(?:lymph )?nodes?,? (?:examined|removed|sampled|evaluated)",
        ),
        (
            "t-test",
            r"^(?:ajcc |tnm )?(?P<b>c|p|yp|clinical|pathologic(?:al)?)?\s?(?:primary tumou?r"
            r"|T)\s*(?:\(?p?T\)?)?\s*(?:category|stage|classification)\b",
        ),
        (
            "n-test",
            r"^(?:ajcc |tnm )?(?P<b>c|p|yp|clinical|pathologic(?:al)?)?\s?(?:regional (?:lymph )?nodes"
            r"|N)\s*(?:\(?p?N\)?)?\s*(?:category|stage|classification)\b",
        ),
        (
            "m-test",
            r"^(?:ajcc |tnm )?(?P<b>c|p|yp|clinical|pathologic(?:al)?)?\s?(?:distant metasta\w+"
            r"|M)\s*(?:\(?p?M\)?)?\s*(?:category|stage|classification)\b",
        ),
        (
            "stage-group-test",
            r"^(?:(?:ajcc|tnm|cancer|breast|overall|clinical|pathologic(?:al)?|anatomic"
            r"|prognostic|tumou?r)\s*){1,4}(?:\d(?:th)?\s+ed\w*\s+)?stage(?:\s+group(?:ing)?)?\b|^stage group",
        ),
        ("menopausal-status-test", r"\bmenopaus\w+ status\b|\bmenopausal state\b"),
        ("birads-test", r"\bBI-?\s?RADS?\b(?!.*density)"),
        ("breast-density-test", r"\bbreast (?:density|composition)\b"),
        ("lvef", r"\b(?:LV ?EF|ejection fraction)\b"),
    )
)
_LOOKS_LIKE_TUMOR_FACT = re.compile(
    r"\b(?:estrogen|oestrogen|progesterone|receptor|her-?2|erbb2|ki-?67|nottingham|tumou?r (?:grade|size|stage)"
    r"|oncotype|"
    r"brca\d?|lymph nodes?|tnm|ajcc)\b",
    re.IGNORECASE,
)
_OF_THE_GENE = re.compile(
    r"(?:her-?\s?2|erbb2|esr1|\bpgr)\b.*\b(?:mutat\w+|variants?|exons?|sequenc\w+|snv|indel)\b", re.IGNORECASE
)
"""A mutation of the gene is another test than the amount of the receptor."""
_SERUM = re.compile(
    r"\b(?:serum|plasma|blood|urine|anti-?acetylcholine|acetylcholine|ldl|androgen|antibod\w+)\b", re.IGNORECASE
)


def looks_like_tumor_fact(name: str) -> bool:
    """Whether the name of a test sounds like a tumor fact, so that it must not be dropped unseen."""
    return len(name) <= 300 and bool(_LOOKS_LIKE_TUMOR_FACT.search(name)) and not _SERUM.search(name)


@dataclass(frozen=True, slots=True)
class Result:
    """One result: an Observation or a component of one, with what its reader needs to know."""

    chart: Chart
    key: str
    observation: Resource
    concept: str
    row: CodeRow | None
    basis: str | None
    answer: Answer
    source: Source
    on: PartialDate | None
    side: str
    specimen: str | None
    specimen_ref: str | None
    focus: tuple[str, ...]
    title: str

    def finding(
        self,
        name: str,
        value: object,
        *,
        part: str = "",
        basis: str | None = None,
        more: Mapping[str, object] | None = None,
        **extra: object,
    ) -> Finding:
        """A finding of this result."""
        return Finding(
            name=name,
            value=value,
            on=self.on,
            source=self.source,
            rank=CODED,
            side=self.side,
            basis=basis,
            specimen=self.specimen,
            specimen_ref=self.specimen_ref,
            focus=self.focus,
            amended=text(self.observation.get("status")) in ("amended", "corrected"),
            part=part,
            extra={key: found for key, found in {**extra, **(more or {})}.items() if found is not None},
        )

    def not_placed(self, why: str) -> None:
        """List this result as not understood."""
        if not self.answer.empty:
            self.chart.unplaced(self.source, self.title, self.answer.recorded or "no value")
            self.chart.issue(IssueKind.UNREADABLE, self.key, f"{self.title[:80]}: {why}")


Reader = Callable[[Result], Iterator[Finding]]


def name_of_test(names: list[str]) -> tuple[str, str | None] | None:
    """Concept and basis of a test by its name, None where no name is known."""
    for name in names:
        if len(name) > 160 or _SERUM.search(name) or _OF_THE_GENE.search(name):
            continue
        lowered = name.lower().replace("_", " ")
        for concept, pattern in _NAMES:
            if pattern.fullmatch(lowered.replace("-", "")):
                return concept, None
        plain = " ".join(_NAME_NOISE.sub(" ", lowered).split())
        if plain in _EXACT_NAMES:
            return _EXACT_NAMES[plain], None
        for concept, pattern in _NAME_PATTERNS:
            match = pattern.search(name)
            if match:
                basis = match.groupdict().get("b") or (
                    "p"
                    if re.search(r"\bpatholog", name, re.I)
                    else "c"
                    if re.search(r"\bclinical\b", name, re.I)
                    else None
                )
                return concept, basis
    return None


def results_of(chart: Chart, key: str, observation: Resource) -> Iterator[Result]:
    """The result of an Observation and of each of its components that is a test of ours."""
    on = taken_on(observation)
    specimen, specimen_ref, specimen_side = chart.specimen(observation)
    for report in chart.reports_of(key):
        if specimen is None:
            specimen, _, side = chart.specimen(report)
            specimen_side = specimen_side if specimen_side != "unknown" else side
        on = on or taken_on(report)
    focus = tuple(chart.resolve(observation.get("focus")))
    parent_names = words(observation.get("code"))
    for element in (observation, *chart.components(key, observation)):
        found = _test(chart, element)
        if found is None:
            if element is observation:
                _list_if_tumor_fact(chart, key, observation)
            continue
        concept, row, basis = found
        names = words(element.get("code"))
        answer = read_answer(chart.codes, element)
        if row is not None and _names_another_test(concept, names):
            _list_unplaced(chart, key, observation, names[0], answer)
            continue
        side = chart.side(observation, *names, *parent_names, *notes(observation))
        source = chart.source(
            key,
            observation,
            on=on,
            code=str(row) if row else (names[0] if names else None),
            recorded=answer.recorded,
            specimen=specimen,
        )
        yield Result(
            chart,
            key,
            observation,
            concept,
            row,
            basis,
            answer,
            source,
            on,
            side if side != "unknown" else specimen_side,
            specimen,
            specimen_ref,
            focus,
            names[0] if names else concept,
        )


def _test(chart: Chart, element: Resource) -> tuple[str, CodeRow | None, str | None] | None:
    rows = chart.rows(element.get("code"))
    # A test by one method is also coded as the overall interpretation: the method says more.
    for row in sorted(rows, key=lambda row: row.concept in ("her2-test", "hormone-receptor-test")):
        if row.concept in TUMOR_TESTS:
            return row.concept, row, row.basis
        near = row.extra.get("about")
        if near:
            return str(near), row, None
    if any(chart.concept(row).kind == "near-miss" for row in rows):
        return None
    named = name_of_test(words(element.get("code")))
    if named is None:
        return None
    return named[0], None, named[1]


def _names_another_test(concept: str, names: list[str]) -> bool:
    """A receptor code beside the words of another test ("Androgen receptor"): a known fault, nobody can tell which."""
    family = "her2-test" if concept.startswith("her2-") else concept
    own = _RECEPTOR_WORDS.get(family)
    if own is None or any(own.search(name) for name in names):
        return False
    rest = [pattern for other, pattern in _RECEPTOR_WORDS.items() if other != family]
    return any(pattern.search(name) for name in names for pattern in (_OTHER_TESTS, *rest))


def _list_if_tumor_fact(chart: Chart, key: str, observation: Resource) -> None:
    """A result that looks like a tumor fact and has neither a known code nor a known name is listed, not dropped."""
    if chart.rows(observation.get("code")):
        return
    names = words(observation.get("code"))
    title = names[0] if names else ""
    if any(map(names_gene_test, names)):
        return
    if looks_like_tumor_fact(title):
        _list_unplaced(chart, key, observation, title, read_answer(chart.codes, observation))


def _list_unplaced(chart: Chart, key: str, observation: Resource, title: str, answer: Answer) -> None:
    if answer.empty:
        return
    code = next((coding.code for coding in codings(observation.get("code")) if coding.code), None)
    source = chart.source(key, observation, on=taken_on(observation), recorded=answer.recorded, code=code)
    chart.unplaced(source, title, answer.recorded)
    chart.issue(IssueKind.UNMAPPED_CODE, key, f"{title[:80]}: this result has no place here.")
