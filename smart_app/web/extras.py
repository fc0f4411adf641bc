"""
What other rooms supply for the clinician's page: education, completeness, risk, warnings, other makers' plans.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from smart_app.clinical.completeness import measure_completeness
from smart_app.clinical.risk import RiskResult, risk_tools
from smart_app.handout.messages import load_words
from smart_app.web.opening import Opened
from smart_app.web.papers import template_folder
from smart_app.web.presenters_measures import present_meter, present_risk
from smart_app.web.presenters_overview import StripLine
from smart_app.web.presenters_page import Link
from smart_app.web.presenters_plan import other_plan_pair
from smart_app.web.presenters_record import Extras, group_education
from smart_app.web.presenters_words import count_words, moment_text
from smart_app.web.wordings import all_sections, education_note, education_rows, scope_texts
from smart_app.workflow.planning_types import Workbench, versioned
from smart_app.workflow.reviewing import clinic_defaults

OLD_AFTER = timedelta(minutes=30)


def record_extras(opened: Opened, bench: Workbench | None) -> Extras:
    """Everything of the page that is not facts or schedule."""
    found, base = opened.review, opened.frame.base
    draft = bench.draft if bench is not None else None
    applies = found.record.scope.applies
    rules, clinic = opened.services.knowledge.rules, clinic_defaults(opened.services.settings.clinic)
    saved = bench is not None and bench.existing_plan is not None
    measured = measure_completeness(
        found.record, rules, found.recommendations, clinic, opened.services.settings.clinic.contacts, saved
    )
    drugs = load_words(template_folder(), "en").drug_names
    return Extras(
        meter=present_meter(measured, base) if applies else None,
        risk=present_risk(risk_tools(found.record), base, _at_signing(opened, bench)) if applies else (),
        education=group_education(education_rows(all_sections(found), draft, drugs) if applies else scope_texts(found)),
        education_note=education_note(found),
        warnings=(*_age_warning(opened), *_bench_warnings(bench, opened)),
        other_plans=tuple(other_plan_pair(plan, base) for plan in bench.other_plans) if bench is not None else (),
        codes=opened.services.knowledge.codes,
    )


def _at_signing(opened: Opened, bench: Workbench | None) -> tuple[RiskResult, ...]:
    """What the risk tools said when the plan in the record was signed here; kept by Aftercare, never in the record."""
    plan = bench.existing_plan if bench is not None else None
    if plan is None:
        return ()
    context, reference = opened.context, versioned(plan.resource, plan.version_id)
    kept = opened.services.outbox.tools_of(context.issuer, context.patient_id, reference)
    return msgspec.convert(kept, tuple[RiskResult, ...])


def _age_warning(opened: Opened) -> list[StripLine]:
    """Stale data is said (hazard H09)."""
    age = opened.services.instant() - opened.review.read_at
    if age < OLD_AFTER:
        return []
    minutes = int(age.total_seconds() // 60)
    return [StripLine("warn", "", f"This record was read {minutes} minutes ago.", Link("Read again", "?reread=1"))]


def _bench_warnings(bench: Workbench | None, opened: Opened) -> list[StripLine]:
    if bench is None:
        return []
    base, lines = opened.frame.base, []
    for save in bench.outbox_unknown:
        sent = f" of {moment_text(save.sent_at.astimezone(opened.zone)).text}" if save.sent_at else ""
        link = Link("Check again", f"{base}/plan/receipt/{save.form_key}")
        lines.append(StripLine("warn", "Not known whether saved:", f"a plan{sent}. Do not enter it again.", link))
    if bench.changed_facts:
        words = f"{count_words(len(bench.changed_facts), 'fact')} changed since this plan was signed."
        lines.append(StripLine("warn", "", words, Link("What changed", f"{base}/plan")))
    if bench.offered_draft is not None:
        kept = moment_text(bench.offered_draft.kept_at.astimezone(opened.zone)).text
        lines.append(StripLine("warn", "", f"You kept a draft at {kept}.", Link("Take it up", f"{base}/plan")))
    return lines
