"""Words of a problem list or a final diagnosis: which breast cancer they name, if any, and of which side."""

from __future__ import annotations

import re
from dataclasses import dataclass

from smart_app.fhir.extract.text.sentences import side_of

_NOT_THE_PATIENTS = re.compile(
    r"\b(?:fam(?:ily)?\.? (?:history|hist|hx|h/o)|fhx? of|mother|father|sister|brother|aunt|uncle|daughter|grandmother"
    r"|grandfather|grandparent|maternal|paternal|niece|nephew|sibling|cousin|relative)\b|\bfhx?\s*[:-]|^\s*fhx?\b",
    re.IGNORECASE,
)
_NOT_A_DIAGNOSIS = re.compile(
    r"\b(?:screening|screen for|suscept\w+|risk|fear of|concern for|suspected|suspicious|suspicion|possible"
    r"|probable|rule out|r/o|"
    r"no evidence|negative for|without evidence|benign|ruled out|exclude|prophyla\w+|prevention|abnormal mammogram|"
    r"counsel\w*|carrier|abnormal\w* (?:of|on)|not (?:have|malignant)|free of|atypical|borderline"
    r"|cancer(?: type)?(?: [12])? gene|skin of (?:the )?(?:left |right )?breast)\b",
    re.IGNORECASE,
)
_SETTLED_WORDS = re.compile(
    r"\b(?:no|without)(?: \w+)? evidence of (?:\w+ ){0,2}?(?:disease|recurren\w+|metasta\w+|mets|relapse)\b"
    r"|\bprophylactic (?:\w+ ){0,3}mastectomy\b"
    r"|\b(?:low|intermediate|high)[ -]risk (?:oncotype|mammaprint|recurrence|score|genomic)\w*|\brisk of recurrence\b"
    r"|\bnegative for (?:BRCA\w*|HER-?2\w*|ER|PR|estrogen|progesterone|lymph|nod\w+|margins?|metasta\w+|recurren\w+)\b"
    r"|\bfree of (?:disease|recurrence)\b",
    re.IGNORECASE,
)
_HISTORY = re.compile(r"\b(?:personal history|history|hx|h/o|status post|s/p|past|previous)\b", re.IGNORECASE)
_BREAST = re.compile(r"\b(?:breasts?|mammary)\b", re.IGNORECASE)
_BREAST_OR_SITU = re.compile(r"\b(?:breasts?|mammary|DCIS|LCIS)\b", re.IGNORECASE)
_IN_SITU = re.compile(r"\bin[ -]situ\b|\bDCIS\b|\bLCIS\b|\bintraductal carcinoma\b|\bstage 0\b", re.IGNORECASE)
_DCIS = re.compile(r"\bDCIS\b|\b(?:ductal|intraductal)\b", re.IGNORECASE)
_LCIS = re.compile(r"\bLCIS\b|\blobular\b", re.IGNORECASE)
_INVASIVE = re.compile(r"\binvasive\b|\binfiltrating\b|\bIDC\b|\bILC\b|\bmicroinvasi\w+", re.IGNORECASE)
_NOT_INVASIVE = re.compile(
    r"\b(?:no|non|without|negative for|not)[ -]+(?:\w+\s+){0,3}?(?:invasive|invasion|infiltrating|microinvasi\w+)",
    re.IGNORECASE,
)
_MALIGNANT = re.compile(
    r"\bmalignant\b|\bcancer\b|\bcarcinoma\b|\badenocarcinoma\b|\bIDC\b|\bILC\b|\bDCIS\b|\bLCIS\b|\bmalignancy\b"
    r"|\bca\b(?=\W|$)",
    re.IGNORECASE,
)
_PAGET = re.compile(
    r"(?<!no )(?<!without )\bpaget(?:'?s|’s)?(?: disease)?,?\s+(?:(?:of|involving|the|left|right|both|female|male)\s+)*"
    r"(?:nipple|areola|breast)\b(?!.{0,20}\b(?:not|absent|negative|none)\b)"
    r"|(?<!no )(?<!without )\b(?:nipple|breast|mammary) paget(?!.{0,30}\b(?:not|absent|negative|none)\b)",
    re.IGNORECASE,
)
"""Of the breast; that of bone is no cancer. The words alone do not say whether it invades."""
_SECONDARY = re.compile(r"\b(?:secondary|metasta\w+|mets)\b", re.IGNORECASE)
_METASTASES = re.compile(r"\bmetasta(?:s[ei]s|tic)\b(?! calcif)|\bmets\b", re.IGNORECASE)
_NODAL = re.compile(
    r"\b(?:axilla\w*|lymph node\w*|nodal|regional|internal mammary|supraclavicular|sentinel)\b", re.IGNORECASE
)
_DISTANT_SITE = re.compile(
    r"\b(?:bone|bones|liver|hepatic|lung|lungs|pulmonary|brain|cerebral|pleura\w*|skelet\w*|spine|vertebra\w*"
    r"|adrenal|mening\w*|"
    r"peritone\w*|ovary|marrow|skin|distant|mediastin\w*|stage iv|stage 4)\b",
    re.IGNORECASE,
)
_TO_BREAST = re.compile(
    r"\b(?:secondary malignant neoplasm of (?:the )?(?:left |right )?(?:female |male )?breast"
    r"|metasta\w+ to (?:the )?(?:left |right )?breast)\b",
    re.IGNORECASE,
)
_INTO_BREAST = re.compile(
    r"\bmetasta\w+ to (?:the )?(?:left |right |both )?breasts?\b(?!\s*(?:cancer|carcinoma|,|and|/))", re.IGNORECASE
)
_BOTH_OPERATED = re.compile(
    r"\b(?:bilateral|double|b/l)[ -](?:\w+[ -]){0,3}?(?:mastectom\w+|lumpectom\w+|reconstruct\w+|implants?"
    r"|oophorectom\w+|salpingo\w*|breast reduction|mammogra\w+)",
    re.IGNORECASE,
)
_SIDE_LETTER = re.compile(r"\(([LR])\)|,\s*([LR])\s*(?=,|$)")
_NO_METASTASIS = re.compile(
    r"\b(?:no|without|negative for|absence of|non|free of)[ -]+(?:\w+\s+){0,4}?(?:metasta\w+|mets)\b"
    r"|\bnon-?metastatic\b",
    re.IGNORECASE,
)
_METASTATIC_BREAST = re.compile(
    r"\bmetastatic breast (?:cancer|carcinoma)\b|\bbreast (?:cancer|carcinoma)[^.;]{0,25}\bmetasta\w+", re.IGNORECASE
)
_RECURRENT = re.compile(r"\b(?:recurren\w+|relapse\w*)\b", re.IGNORECASE)
_NO_RECURRENCE = re.compile(
    r"\b(?:no|without|negative for|risk of|fear of)\b(?:\W+\w+){0,3}?\W+(?:recurren\w+|relapse)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class NamedCancer:
    """
    What words name: `kind` invasive, dcis, lcis, unknown, or None where they name no breast cancer.

    `metastasis` is `distant`, `regional`, `to-breast`, `unclear` or None.
    """

    kind: str | None
    side: str | None
    history: bool = False
    metastasis: str | None = None
    recurrent: bool = False
    relative: bool = False


def named_cancer(words: str) -> NamedCancer:
    """Read a short diagnosis text; hedged, screening, benign and family texts name nothing."""
    if _NOT_THE_PATIENTS.search(words):
        return NamedCancer(None, None, relative=True)
    if _NOT_A_DIAGNOSIS.search(_without_settled(words)):
        return NamedCancer(None, None)
    paget = bool(_PAGET.search(words))
    if not (paget or _MALIGNANT.search(words)):
        # "Bone metastases" names no cancer and is one: never of benign or nodal spread.
        spread = _metastasis(words) if _METASTASES.search(words) else None
        return NamedCancer(None, None, metastasis=spread if spread in ("distant", "unclear") else None)
    metastasis = _metastasis(words)
    kind = None
    if metastasis != "to-breast" and (paget or _BREAST.search(words) or re.search(r"\b(?:DCIS|LCIS)\b", words)):
        kind = "unknown" if paget and not _says_extent(words) else _kind(words)
        if _SECONDARY.search(words) and re.match(r"\s*secondary malignant", words, re.IGNORECASE):
            kind = None
    recurrent = bool(_RECURRENT.search(words)) and not _NO_RECURRENCE.search(words)
    side = side_of(apart_from_operations(words)) or _side_letter(words)
    return NamedCancer(kind, side, bool(_HISTORY.search(words)), metastasis, recurrent)


def _side_letter(words: str) -> str | None:
    """A side as the letter of a problem list: "Breast ca (L)", "Ca breast, R, 2016"."""
    found = {match[1] or match[2] for match in _SIDE_LETTER.finditer(words)}
    return {"L": "left", "R": "right"}[found.pop()] if len(found) == 1 else None


def apart_from_operations(words: str) -> str:
    """Without operations and studies of both breasts, which say nothing of the side of the cancer."""
    return _BOTH_OPERATED.sub(" ", words)


def _without_settled(words: str) -> str:
    """Without what a named cancer is said to be free of ("left breast cancer, no evidence of disease")."""
    first = _MALIGNANT.search(words)
    if first is None or not _BREAST_OR_SITU.search(words):
        return words
    return words[: first.end()] + _SETTLED_WORDS.sub(" ", words[first.end() :])


def _says_extent(words: str) -> bool:
    return bool(_INVASIVE.search(words) or _IN_SITU.search(words) or _MALIGNANT.search(words))


def _kind(words: str) -> str:
    invasive = bool(_INVASIVE.search(_NOT_INVASIVE.sub(" ", words)))
    if invasive or not _IN_SITU.search(words):
        return "invasive"
    if re.search(r"\bDCIS\b", words) or (_DCIS.search(words) and not _LCIS.search(words)):
        return "dcis"
    return "lcis" if _LCIS.search(words) else "unknown"


def _metastasis(words: str) -> str | None:
    rest = _NO_METASTASIS.sub(" ", words)
    if not _SECONDARY.search(rest):
        return None
    if _INTO_BREAST.search(rest):
        return "to-breast"
    if _TO_BREAST.search(rest) and not _DISTANT_SITE.search(rest):
        return "to-breast"
    if _DISTANT_SITE.search(rest):
        return "distant"
    if _NODAL.search(rest):
        return (
            "regional"
            if re.search(r"\b(?:axilla\w*|regional|internal mammary|sentinel)\b", rest, re.IGNORECASE)
            else "unclear"
        )
    return "distant" if _METASTATIC_BREAST.search(rest) else "unclear"
