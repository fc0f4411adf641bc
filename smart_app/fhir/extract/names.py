"""Which test a result is, by its name: for tests whose code is not known, and names that must not be dropped unseen."""

from __future__ import annotations

import re

_NAME_NOISE = re.compile(
    r"\b(?:percent(?:age)? positive|positive percent(?:age)?|status"
    r"|result|results|interpretation|by|ihc|immunohistochemistry|immunostain|immune stain|stain|tissue"
    r"|breast|"
    r"cancer|carcinoma|tumou?r|specimen|in|of|the|percent|percentage|pct|score|expression|nuclear|staining|path"
    r"|pathology|"
    r"invasive|assay|analysis|protein|antigen|ag|presence|final|primary|cells|positive cells|index|proliferation|"
    r"histologic|level|value|qualitative|quantitative|summary|overall|or range|dx"
    r"|onc(?:ology)?|biopsy|bx|left|right|biomarker(?: ?name)?|semi|clone|sp1|1e2|6f11|4b5|alpha|at diagnosis)\b"
    r"|^r (?=onc)|%\s*positive\b|[%\[\]():,.#*-]",
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
    "estrogen receptors er": "estrogen-receptor-test",
    "progesterone receptors pr": "progesterone-receptor-test",
    "progesterone receptors pgr": "progesterone-receptor-test",
    "pr pgr": "progesterone-receptor-test",
    "pgr pr": "progesterone-receptor-test",
    "mib1": "ki67-test",
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
            r"|cancer)[ \w-]{0,30}\bgrade\b(?!.*nuclear)|^grade(?: (?:clinical|pathological))?$"
            r"|^(?:(?:overall|combined|final|breast|cancer|path\w*|elston(?:[ -]ellis)?)\s+)+grade$"
            r"|^(?:tumou?r |histologic(?:al)? |degree of )?differentiation$",
        ),
        (
            "tumor-size",
            r"^(?:whole |overall |total |maximum |invasive |primary |path\w* )*"
            r"(?:tumou?r|carcinoma|cancer|lesion|component|focus) size\b"
            r"|^(?:tumou?r )?size of (?:the )?(?:largest )?(?:invasive )?(?:tumou?r|carcinoma|component|focus)\b"
            r"|^(?:maximum |largest )?invasive (?:size|focus|component)\b"
            r"|greatest dimension of (?:the )?(?:largest )?(?:invasive )?(?:tumou?r|carcinoma|component|focus)",
        ),
        (
            "nodes-positive",
            r"^(?:total |number of |no\.? of |# ?)*(?:regional |sentinel "
            r"|axillary )*(?:positive (?:(?:lymph )?nodes|S?LNs?)\b"
            r"|(?:(?:lymph )?nodes?|S?LNs?),? (?:positive|involved|with (?:metasta"
            r"|tumor)))",
        ),
        (
            "nodes-examined",
            r"^(?:total |number of |no\.? of |# ?)*(?:regional |sentinel "
            r"|axillary )*(?:(?:lymph )?nodes?|S?LNs?),? (?:examined|removed|sampled|evaluated)",
        ),
        (
            "t-test",
            r"^(?:ajcc |tnm )?(?P<b>c|p|yp|clinical|pathologic(?:al)?)?\s?(?:primary tumou?r"
            r"|T)\s*(?:\(?p?T\)?)?\s*(?:category|stage|classification)\b"
            r"|^(?:primary )?tumou?r \(T\)$|^primary tumou?r$",
        ),
        (
            "n-test",
            r"^(?:ajcc |tnm )?(?P<b>c|p|yp|clinical|pathologic(?:al)?)?\s?(?:regional (?:lymph )?nodes"
            r"|N)\s*(?:\(?p?N\)?)?\s*(?:category|stage|classification)\b|^(?:regional )?(?:lymph )?nodes? \(N\)$",
        ),
        (
            "m-test",
            r"^(?:ajcc |tnm )?(?P<b>c|p|yp|clinical|pathologic(?:al)?)?\s?(?:distant metasta\w+"
            r"|M)\s*(?:\(?p?M\)?)?\s*(?:category|stage|classification)\b|^(?:distant )?metasta\w+ \(M\)$",
        ),
        (
            "stage-group-test",
            r"^(?:(?:ajcc|tnm|cancer|breast|overall|clinical|pathologic(?:al)?|anatomic|final"
            r"|prognostic|tumou?r|path|clin|v?\.?\d{1,2}(?:th)?(?:\s+ed\w*\.?)?)[\s,]*){1,7}stage(?:\s+group(?:ing)?)?\b"
            r"|^stage group|^(?:(?:clinical|path\w*|AJCC|UICC) )*TNM(?: staging| classification)?$"
            r"|^(?:cancer |AJCC |tumou?r )?staging$|^stage at (?:initial )?diagnosis$",
        ),
        ("menopausal-status-test", r"\bmenopaus\w+ status\b|\bmenopausal state\b|^menopause$"),
        ("birads-test", r"\bBI-?\s?RADS?\b(?!.*density)"),
        ("breast-density-test", r"\bbreast (?:density|composition)\b"),
        ("lvef", r"\b(?:LV ?EF|ejection fraction)\b"),
    )
)
_CATEGORY_NAME = re.compile(
    r"(?:AJCC |TNM )*(?:(?P<word>[Cc]lin(?:ical)?|[Pp]ath(?:ologic(?:al)?)?) |(?P<b>y?[cp]))(?P<letter>[TNM])"
    r"(?: (?:[Cc]ategory|[Ss]tage))?(?: \([Cc]linical\)| \([Pp]athologic(?:al)?\))?"
)
"""`pT`, `cN`, "AJCC TNM Path T": told from CT and PT by their case alone."""
_LOOKS_LIKE_TUMOR_FACT = re.compile(
    r"\b(?:estrogen|[oö]e?strogen\w*|œstrog\w*|estr[oó]geno\w*|progest\w+|receptors?|r[eé]cepteurs?|\w*rezeptor\w*"
    r"|recet+or[ei]|her-?2|erbb2|ki-?67|nottingham|tumou?r (?:grade|size|stage)"
    r"|oncotype|(?:histo\w*|tumou?r)grad(?:ing|us)?|grad[eo] histol\w+|ganglions? (?:axill|sentinel|lymph)\w*"
    r"|lymphknoten|tumou?rgr[oö](?:ss|ß)e"
    r"|taille tumorale|tama[nñ]o tumoral|"
    r"brca\d?|lymph nodes?|tnm|ajcc"
    r"|(?:er|pgr|pr)\s*(?:/|&|-|and)\s*(?:er|pgr|pr|her-?2)|(?:er|pgr|pr)\W{1,3}(?:status|ihc"
    r"|result|%|percent|expression)|metasta\w+)\b|^\s*stage\s*$|\bonc\w*\b.*\b(?:er|pr|pgr)\b",
    re.IGNORECASE,
)
_OF_THE_GENE = re.compile(
    r"(?:her-?\s?2|erbb2|esr1|\bpgr)\b.*\b(?:mutat\w+|variants?|exons?|sequenc\w+|snv|indel)\b", re.IGNORECASE
)
"""A mutation of the gene is another test than the amount of the receptor."""
_SERUM = re.compile(
    r"\b(?:serum|plasma|blood|urine|anti-?acetylcholine|acetylcholine|ldl|androgen|antibod\w+)\b", re.IGNORECASE
)


_REPORT_NAME = re.compile(
    r"\b(?:surgical path\w*|path\w* (?:report|study|diagnosis|final)|final (?:pathologic(?:al)? )?diagnosis|synoptic"
    r"|histopatholog\w*|biopsy report|breast biomarkers?)\b",
    re.IGNORECASE,
)


def names_report(name: str) -> bool:
    """Whether an Observation of this name holds a whole pathology report as its text."""
    return len(name) <= 160 and bool(_REPORT_NAME.search(name))


def looks_like_tumor_fact(name: str) -> bool:
    """Whether the name of a test sounds like a tumor fact, so that it must not be dropped unseen."""
    return len(name) <= 300 and bool(_LOOKS_LIKE_TUMOR_FACT.search(name)) and not _SERUM.search(name)


def name_of_test(names: list[str]) -> tuple[str, str | None] | None:
    """Concept and basis of a test by its name, None where no name is known."""
    for name in names:
        category = _CATEGORY_NAME.fullmatch(name.strip())
        if category is not None:
            return f"{category['letter'].lower()}-test", (category["b"] or category["word"]).lower()
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
                    if re.search(r"\bpath(?:olog\w*)?\b", name, re.I)
                    else "c"
                    if re.search(r"\bclin(?:ical)?\b", name, re.I)
                    else None
                )
                return concept, basis
    return None


def names_another_test(concept: str, names: list[str]) -> bool:
    """A receptor code beside the words of another test ("Androgen receptor"): a known fault, nobody can tell which."""
    family = "her2-test" if concept.startswith("her2-") else concept
    own = _RECEPTOR_WORDS.get(family)
    if own is None or any(own.search(name) for name in names):
        return False
    rest = [pattern for other, pattern in _RECEPTOR_WORDS.items() if other != family]
    return any(pattern.search(name) for name in names for pattern in (_OTHER_TESTS, *rest))
