"""Genes of hereditary breast cancer in words: which gene, germline or tumor, and what was found in each."""

from __future__ import annotations

import re

GENES = (
    "BRCA1",
    "BRCA2",
    "PALB2",
    "TP53",
    "CHEK2",
    "ATM",
    "PTEN",
    "CDH1",
    "STK11",
    "RAD51C",
    "RAD51D",
    "BARD1",
    "NF1",
    "BRIP1",
)
_GENE = re.compile(
    r"\b(?P<both>BRCA[- ]?1\s*(?:/|,|&|and|\+)\s*(?:BRCA[- ]?)?2)\b|\bBRCA[- ]?(?P<brca>[12])\b|\b(?P<gene>"
    + "|".join(GENES)
    + r")\b"
)
_BRCA = re.compile(r"\bBRCA\b")
GERMLINE = re.compile(
    r"\bgerm-?\s?line\b|\bhereditary\b|\binherited\b|\bBRACAnalysis\b|\bmyRisk\b|\bInvitae\b|\bgenetic (?:testing"
    r"|test|panel)\b|\bfamilial (?:mutation|variant)s?\b",
    re.IGNORECASE,
)
GERMLINE_SAMPLE = re.compile(
    r"\b(?:blood|saliva|buccal|leu[ck]ocytes?|lymphocytes?|oragene|skin fibroblasts?)\b", re.IGNORECASE
)
"""Tissue that holds the inherited genes; never where the words leave it open ("blood or tissue")."""
SOMATIC = re.compile(
    r"\bsomatic\b|\btumou?r (?:sequencing|profiling|testing|tissue)\b|\bFoundationOne\b|\bliquid biopsy\b"
    r"|\bctDNA\b|\bcell[- ]free\b|(?<!blood or )\btissue\b|\bamplif",
    re.IGNORECASE,
)
_PATHOGENIC = re.compile(
    r"\b(?:likely )?pathogenic\b|\bdeleterious\b|\bmutation (?:detected|identified|positive|carrier)\b"
    r"|\b(?:positive|carrier|mutated)\b",
    re.IGNORECASE,
)
_VUS = re.compile(r"\bVUS\b|\buncertain significance\b|\bunknown significance\b", re.IGNORECASE)
_NONE_FOUND = re.compile(
    r"\b(?:negative for|no|not|without|absence of)\s+(?:\w+\s+(?:or\s+)?){0,5}?(?:pathogenic|deleterious|mutations?"
    r"|variants?|clinically significant|detected|identified|found)\b(?:[ ,/]*(?:\b(?:or|and|likely|pathogenic"
    r"|deleterious|mutations?|variants?|sequence|changes?|of|uncertain|significance|VUS|were|was|detected|identified|found)\b))*",
    re.IGNORECASE,
)
_RECLASSIFIED = re.compile(r"\bfrom\s+(?:an?\s+)?[\w -]{3,40}?\s+to\b", re.IGNORECASE)
"""What a variant was called before it was classified anew."""
_NEGATIVE = re.compile(r"\bnegative\b|\bwild[- ]type\b|\bbenign\b|\bnormal\b", re.IGNORECASE)
UNSURE = re.compile(
    r"\b(?:mother|father|sister|brother|aunt|uncle|cousin|daughter|son|family|relative|maternal|paternal|pending"
    r"|if|recommend\w*|"
    r"consider|refer\w*|would|discuss\w*|declin\w*|offer\w*|await\w*|ordered|eligib\w*|candidate|risk of)\b",
    re.IGNORECASE,
)
_CLAUSES = re.compile(r"[,;]\s*|\s+(?:but|while|whereas)\s+|\s+and\s+(?=BRCA|PALB|TP53|CHEK|ATM|PTEN|CDH|STK|RAD|BARD)")


def genes_of(said: str) -> list[str]:
    """The genes that words name, ordered; "BRCA1/2" names two."""
    found: set[str] = set()
    for match in _GENE.finditer(said):
        if match["both"]:
            found |= {"BRCA1", "BRCA2"}
        else:
            found.add(match["gene"] or f"BRCA{match['brca']}")
    return sorted(found)


def names_gene_test(name: str) -> bool:
    """Whether the name of a test says that it looks at genes of hereditary cancer."""
    return len(name) <= 300 and bool(_GENE.search(name) or _BRCA.search(name) or GERMLINE.search(name))


def says_result(said: str) -> bool:
    """Whether words tell of a finding in a gene at all."""
    return any(pattern.search(said) for pattern in (_PATHOGENIC, _VUS, _NONE_FOUND, _NEGATIVE))


def result_of_words(said: str) -> str | None:
    """`pathogenic`, `vus` or `negative`; None if the words say none of them, more than one of them, or hedge."""
    if not said or UNSURE.search(said):
        return None
    said = _RECLASSIFIED.sub(" ", said)
    rest = _NONE_FOUND.sub(" ", said)
    found = {
        "vus": bool(_VUS.search(rest)),
        "pathogenic": bool(_PATHOGENIC.search(rest)),
        "negative": rest != said or bool(_NEGATIVE.search(rest)),
    }
    if found["vus"] and not found["pathogenic"]:
        # "No pathogenic variant, one variant of uncertain significance": what was found is the result.
        return "vus"
    if sum(found.values()) != 1:
        return None
    return "pathogenic" if found["pathogenic"] else "negative"


def results_by_gene(said: str, asked: list[str] | None = None) -> dict[str, str] | None:
    """
    The result of each gene that words name; `asked` are the genes of the test where the words name none.

    None where it is not clear: a finding that could be in either of two genes is in none of them.
    """
    if UNSURE.search(said):
        return None
    clauses = [clause for clause in _CLAUSES.split(said) if clause]
    if len(genes_of(said)) > 1 and result_of_words(said) is None:
        return _by_clause(clauses)
    result = result_of_words(said)
    genes = genes_of(said) or list(asked or [])
    if result is None or not genes or (result != "negative" and len(genes) > 1):
        return None
    return dict.fromkeys(genes, result)


def _by_clause(clauses: list[str]) -> dict[str, str] | None:
    """ "BRCA1 pathogenic variant, BRCA2 negative": every clause has its genes and one result, or none is read."""
    found: dict[str, str] = {}
    for clause in clauses:
        genes, result = genes_of(clause), result_of_words(clause)
        if not genes or result is None or (result != "negative" and len(genes) > 1):
            return None
        if any(found.setdefault(gene, result) != result for gene in genes):
            return None
    return found or None
