"""
The names that conditions may use: the vocabulary of rules.md section 0, each with its meaning.

`absent` says what a missing value means: an attribute is unknown, an event is "none recorded" if it was looked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """
    One name of the vocabulary.

    `absent`: attribute or event. `values`: the words it may have, empty for numbers and open lists. `missing`: the
    names of the facts JSON that would have to be known. `sided`: bound to one breast in a rule that runs per side.
    """

    meaning: str
    absent: str
    values: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    sided: bool = False


_YES_NO = ("true", "false")
_SURGERY = ("bcs", "mastectomy", "none")
_RECON = ("implant", "saline", "autologous", "other", "none")
_TISSUE = ("present", "absent")

VOCABULARY: Mapping[str, Term] = {
    "sex": Term("Administrative sex", "attribute", ("female", "male", "other"), ("sex",)),
    "age": Term("Age in years today", "attribute", (), ("birth_date",)),
    "dx.type": Term("Invasive if any tumor is; else dcis", "attribute", ("invasive", "dcis", "lcis"), ("cancer_kind",)),
    "dx.side": Term("Sides that have a cancer", "attribute", ("left", "right"), ("laterality",)),
    "dx.here": Term("This breast had a cancer", "attribute", _YES_NO, ("laterality",), sided=True),
    "dx.age_at_dx": Term("Age at the first breast cancer", "attribute", (), ("birth_date", "diagnosed_on")),
    "dx.count": Term("Number of primary breast cancers", "event"),
    "dx.months": Term("Months since the latest diagnosis", "attribute", (), ("diagnosed_on",)),
    "er": Term("Estrogen receptor", "attribute", ("positive", "low_positive", "negative", "equivocal"), ("er",)),
    "pr": Term("Progesterone receptor", "attribute", ("positive", "negative", "equivocal"), ("pr",)),
    "hr": Term("ER or PR positive (ER from 1 %)", "attribute", _YES_NO, ("er", "pr")),
    "her2": Term(
        "HER2; every HER2 other than positive and equivocal is also `negative`",
        "attribute",
        ("positive", "negative", "low", "ultralow", "zero", "negative_nos", "equivocal"),
        ("her2",),
    ),
    "triple_negative": Term("One tumor negative for ER, PR and HER2", "attribute", _YES_NO, ("er", "pr", "her2")),
    "grade": Term("Histologic grade 1 to 3", "attribute", (), ("grade",)),
    "size_mm": Term("Tumor size in millimeters, the largest", "attribute", (), ("tumor_size_mm",)),
    "stage.group": Term("Stage group, also without its letter (`IIA` and `II`)", "attribute", (), ("stage_group",)),
    "stage.T": Term("T category, also without its letter (`T1c` and `T1`)", "attribute", (), ("t",)),
    "stage.N": Term("N category, also without its letter", "attribute", (), ("n",)),
    "nodes.pos": Term("Number of positive nodes, the highest", "attribute", (), ("nodes_positive",)),
    "node_positive": Term(
        "Nodes held cancer: a count, else the N category", "attribute", _YES_NO, ("nodes_positive", "n")
    ),
    "ki67": Term("Ki-67 in percent, the highest", "attribute", (), ("ki67_percent",)),
    "oncotype": Term("Oncotype DX Recurrence Score, the highest", "attribute", (), ("oncotype_rs",)),
    "rcb": Term("Residual cancer burden class", "attribute", ("0", "I", "II", "III"), ("rcb_class",)),
    "surgery": Term("Operation on this breast", "event", _SURGERY, ("surgery",), sided=True),
    "surgery.left": Term("Operation on the left breast", "event", _SURGERY, ("surgery",)),
    "surgery.right": Term("Operation on the right breast", "event", _SURGERY, ("surgery",)),
    "surgery.any": Term("Operations on either breast", "event", _SURGERY, ("surgery",)),
    "surgery.side_known": Term("The side of every mastectomy is known", "attribute", _YES_NO, ("laterality",)),
    "surgery.years": Term("Years since the last breast operation", "attribute", (), ("surgery",)),
    "bcs.any": Term("A breast was kept after lumpectomy", "event", _YES_NO, ("surgery",)),
    "bcs.radiated": Term("A breast kept after lumpectomy had radiation", "event", _YES_NO, ("radiation",)),
    "mammogram.after_treatment": Term(
        "A mammogram of this breast after its treatment is recorded", "event", _YES_NO, ("mammogram",), sided=True
    ),
    "lvef.recorded": Term(
        "An ejection fraction since the start of anthracycline or HER2 therapy", "event", _YES_NO, ("echocardiogram",)
    ),
    "recon": Term(
        "Reconstruction of this breast; `saline` where every implant is filled with it",
        "event",
        _RECON,
        ("surgery",),
        sided=True,
    ),
    "recon.left": Term("Reconstruction of the left breast", "event", _RECON, ("surgery",)),
    "recon.right": Term("Reconstruction of the right breast", "event", _RECON, ("surgery",)),
    "recon.any": Term("Reconstruction of either breast", "event", _RECON, ("surgery",)),
    "breast_tissue": Term("Breast tissue on this side", "event", _TISSUE, ("surgery",), sided=True),
    "breast_tissue.any": Term("Breast tissue on either side", "event", _TISSUE, ("surgery",)),
    "axilla": Term("Axillary surgery", "event", ("slnb", "alnd", "none"), ("axillary_surgery",)),
    "rt": Term("Radiation to this side", "event", _YES_NO, ("radiation",), sided=True),
    "rt.any": Term("Radiation for the breast cancer", "event", _YES_NO, ("radiation",)),
    "nodal_rt": Term("Radiation to the nodes", "event", _YES_NO, ("radiation",)),
    "rt.heart": Term("Radiation to the left side or internal mammary nodes", "event", _YES_NO, ("radiation",)),
    "rt.heart_in_field": Term("The heart was in the radiation field, entered", "event", _YES_NO, ()),
    "rt.dose_gray": Term("Highest dose of one course", "attribute", (), ("dose_gray",)),
    "chemo.any": Term("Chemotherapy, ever", "event", _YES_NO, ("systemic",)),
    "chemo.anthracycline": Term("Anthracycline, ever", "event", _YES_NO, ("systemic",)),
    "chemo.taxane": Term("Taxane, ever", "event", _YES_NO, ("systemic",)),
    "chemo.platinum": Term("Platinum drug, ever", "event", _YES_NO, ("systemic",)),
    "anthracycline_dose": Term(
        "Doxorubicin-equivalent dose, mg/m2", "attribute", (), ("cumulative_doxorubicin_mg_m2",)
    ),
    "neoadjuvant": Term("Chemotherapy or HER2 therapy began before surgery", "event", _YES_NO, ("systemic", "surgery")),
    "her2tx": Term(
        "HER2 therapy, ever",
        "event",
        ("trastuzumab", "pertuzumab", "t_dm1", "t_dxd", "neratinib", "lapatinib", "tucatinib", "margetuximab", "none"),
        ("systemic",),
    ),
    "her2tx.months_since": Term("Months since the last HER2 antibody", "attribute", (), ("trastuzumab_ended",)),
    "et.agent": Term(
        "Endocrine therapy taken now",
        "event",
        ("tamoxifen", "ai", "raloxifene", "toremifene", "other", "none"),
        ("systemic",),
    ),
    "et.years": Term("Years of endocrine therapy", "attribute", (), ("endocrine_started_on",)),
    "tamoxifen.ever": Term("Tamoxifen, now or in the past", "event", _YES_NO, ("systemic",)),
    "ofs": Term("Ovarian suppression now", "event", ("gnrh", "ablation", "oophorectomy", "none"), ("systemic",)),
    "cdk": Term(
        "CDK4/6 inhibitor taken now", "event", ("abemaciclib", "ribociclib", "palbociclib", "none"), ("systemic",)
    ),
    "olaparib": Term("Olaparib, taken now", "event", _YES_NO, ("systemic",)),
    "pembrolizumab": Term("Pembrolizumab, ever", "event", _YES_NO, ("systemic",)),
    "bisphosphonate": Term("Bisphosphonate, ever", "event", _YES_NO, ("systemic",)),
    "capecitabine": Term("Capecitabine, taken now", "event", _YES_NO, ("systemic",)),
    "menopause": Term(
        "Menopausal status; induced after removal of both ovaries; none in a man",
        "attribute",
        ("pre", "peri", "post", "induced", "none"),
        ("menopausal_status",),
    ),
    "uterus": Term("Uterus", "attribute", ("intact", "absent"), ("uterus",)),
    "pregnancy": Term("Pregnant now", "event", _YES_NO, ("pregnancy",)),
    "life_expectancy": Term(
        "Life expectancy, entered by a clinician", "attribute", ("under-5", "5-10", "over-10"), ("life_expectancy",)
    ),
    "hospice": Term("Hospice or severe frailty, entered or recorded", "event", _YES_NO, ("hospice",)),
    "germline": Term("Genes with a pathogenic variant; vus; negative; not_tested", "attribute", (), ("germline",)),
    "germline.tested": Term("A germline result stands", "attribute", _YES_NO, ("germline",)),
    "germline.year": Term("Year of the germline result", "attribute", (), ("germline",)),
    "risk.chest_rt_before_30": Term("Chest radiation before age 30", "event", _YES_NO, ("chest_radiation_before_30",)),
    "risk.lifetime_percent": Term("Lifetime risk of 20 % or more, entered", "event", _YES_NO, ("lifetime_risk",)),
    "risk.family_history": Term("Breast or ovarian cancer in the family", "event", _YES_NO, ("family_history",)),
    "density": Term("Breast density a to d", "attribute", ("a", "b", "c", "d"), ("breast_density",)),
    "primary_tx_end": Term("End of primary treatment is known", "attribute", _YES_NO, ("primary_treatment_ended",)),
    "years": Term("Years since the end of primary treatment", "attribute", (), ("primary_treatment_ended",)),
    "primary_tx_ongoing": Term("Primary treatment not finished (G-04)", "event", _YES_NO, ("primary_treatment_ended",)),
    "mets": Term("Distant disease", "event", ("none", "suspected"), ("metastasis",)),
    "recurrence": Term("Recurrence", "event", ("none", "local", "regional"), ("recurrence",)),
    "birads": Term(
        "BI-RADS category of the last breast imaging", "event", ("0", "1", "2", "3", "4", "5", "6"), ("birads",)
    ),
    "birads.open": Term(
        "BI-RADS category that nothing has answered yet", "event", ("0", "3", "4", "5", "none"), ("birads",)
    ),
    "symptoms.new": Term("New symptoms, entered or recorded", "event", _YES_NO, ("new_symptoms",)),
    "bmi": Term("Body mass index", "attribute", (), ("bmi",)),
    "smoking": Term("Smoking", "attribute", ("current", "former", "never"), ("smoking",)),
    "lvef": Term("Left ventricular ejection fraction, last", "attribute", (), ("lvef_percent",)),
    "facts.conflict": Term("Final results disagree and nobody has settled them", "event", _YES_NO, ()),
}

LABELS: Mapping[str, str] = {
    "age": "age",
    "sex": "sex",
    "cdk": "CDK4/6 inhibitor now",
    "olaparib": "olaparib now",
    "capecitabine": "capecitabine now",
    "dx.type": "type of cancer",
    "dx.here": "cancer of this breast",
    "er": "ER",
    "pr": "PR",
    "hr": "hormone receptors positive",
    "her2": "HER2",
    "triple_negative": "triple-negative tumor",
    "grade": "grade",
    "size_mm": "tumor size in millimeters",
    "stage.group": "stage",
    "stage.T": "T category",
    "stage.N": "N category",
    "nodes.pos": "number of positive nodes",
    "node_positive": "positive nodes",
    "ki67": "Ki-67 in percent",
    "oncotype": "Oncotype DX score",
    "bcs.any": "breast kept after lumpectomy",
    "bcs.radiated": "radiation after lumpectomy",
    "mammogram.after_treatment": "mammogram of this breast since its treatment",
    "lvef.recorded": "ejection fraction since the start of cardiotoxic drugs",
    "rt.heart_in_field": "heart in the radiation field",
    "her2tx": "HER2 drugs, ever",
    "et.agent": "endocrine therapy now",
    "menopause": "menopausal status",
    "germline": "germline result",
    "germline.tested": "germline result recorded",
    "hospice": "hospice or severe frailty",
    "life_expectancy": "life expectancy",
    "risk.lifetime_percent": "lifetime risk of 20 % or more",
    "primary_tx_ongoing": "primary treatment under way",
    "birads.open": "open BI-RADS category",
    "birads": "BI-RADS category",
    "symptoms.new": "new symptoms",
    "facts.conflict": "results that disagree",
    "lvef": "ejection fraction",
}
"""Short names for sentences, where the meaning is longer than a name."""

_VALUE_WORDS: Mapping[str, str] = {
    "ai": "aromatase inhibitor",
    "pre": "premenopausal",
    "peri": "perimenopausal",
    "post": "postmenopausal",
    "bcs": "lumpectomy",
    "slnb": "sentinel node biopsy",
    "alnd": "axillary dissection",
    "gnrh": "GnRH injections",
    "t_dm1": "T-DM1",
    "t_dxd": "T-DXd",
    "dcis": "DCIS",
    "vus": "uncertain variant",
}
_DRUG_WORDS: Mapping[str, str] = {
    "t-dm1": "T-DM1",
    "t-dxd": "T-DXd",
    "parp": "PARP inhibitor",
    "qt-prolonging": "drug that lengthens QT",
    "cyp3a4-strong-inhibitor": "strong CYP3A4 inhibitor",
    "cyp2d6-strong-inhibitor": "strong CYP2D6 inhibitor",
    "cyp2d6-moderate-inhibitor": "moderate CYP2D6 inhibitor",
}
_PREFIX_WORDS = (("taking.", "{} now"), ("had.", "{}, ever"), ("active.", "{}, active"), ("event.", "{} recorded"))

PREFIXES: Mapping[str, str] = {
    "taking.": "A drug or class of drugs is taken now (`taking.aromatase-inhibitor`)",
    "had.": "A drug or class of drugs was ever recorded (`had.trastuzumab`)",
    "active.": "A condition of this concept is recorded and not resolved (`active.vaginal-bleeding`)",
    "event.": "An event of this concept is recorded (`event.lymphedema`)",
}


def is_term(name: str) -> bool:
    """Whether a condition may use this name."""
    return name in VOCABULARY or any(name.startswith(prefix) and len(name) > len(prefix) for prefix in PREFIXES)


def label_of(name: str) -> str:
    """What a fact is called inside a sentence."""
    for prefix, words in _PREFIX_WORDS:
        if name.startswith(prefix):
            key = name.removeprefix(prefix)
            return words.format(_DRUG_WORDS.get(key, key.replace("-", " ")))
    if name in LABELS:
        return LABELS[name]
    term = VOCABULARY.get(name)
    if term is None:
        return name.replace("_", " ").replace(".", " ")
    return term.meaning[:1].lower() + term.meaning[1:]


def word_of(value: object) -> str:
    """A value of the vocabulary inside a sentence."""
    text = str(value)
    return _VALUE_WORDS.get(text, text.replace("_", " "))
