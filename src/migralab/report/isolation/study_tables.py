"""The answer of a study as rows, and as one document for programs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from migralab.isolation.diagnosis.answer import Answer
from migralab.isolation.diagnosis.counts import Judged
from migralab.isolation.diagnosis.document.study import Group, Study
from migralab.isolation.diagnosis.lead import LeadTime
from migralab.spec.parameter import Frozen, Parameter


def list_inputs(study: Study) -> list[dict[str, str]]:
    """Return every number of a study with its range, source and tag."""
    rows = []
    parts: list[tuple[str, Frozen]] = [
        *((group.id, group) for group in study.groups), ("biology", study.biology), ("urine", study.urine),
        ("assay", study.assay), ("test", study.test),
    ]  # fmt: skip
    if study.courses is not None:
        parts += [
            ("courses", study.courses),
            ("migrasomes", study.courses.migrasomes),
            ("albumin", study.courses.albumin),
        ]
    if study.prospective is not None:
        parts.append(("prospective", study.prospective))
    for where, part in parts:
        for name in type(part).model_fields:
            own = getattr(part, name)
            if isinstance(part, Group) and name not in part.model_fields_set:
                continue  # what is not stated does not differ
            if isinstance(own, Parameter):
                rows.append(_input(where, name, own))
            elif isinstance(own, bool | int) and name != "control":
                rows.append({"where": where, "what": name.replace("_", " "), "value": str(own), "unit": "", "low": "",
                             "high": "", "source": "design of the study", "locator": "", "tag": ""})  # fmt: skip
    return rows


def _input(where: str, name: str, own: Parameter) -> dict[str, str]:
    return {
        "where": where, "what": name.replace("_", " "), "value": f"{own.value:g}", "unit": own.unit,
        "low": "" if own.low is None else f"{own.low:g}", "high": "" if own.high is None else f"{own.high:g}",
        "source": own.source.key, "locator": own.source.locator, "tag": own.source.tag,
    }  # fmt: skip


def to_document(answer: Answer) -> dict[str, Any]:
    """Return the answer as one document of plain values; sizes that do not exist are null."""
    study = answer.study
    document: dict[str, Any] = {
        "study": study.id, "title": study.title, "seed": answer.seed, "subjects": study.subjects,
        "needed": [
            {"power": own.power, "n": own.n, "low": own.low, "high": own.high,
             "large_sample": _plain(own.large_sample), "noether": _plain(own.noether)}
            for own in answer.needed
        ],
        "simulated_studies": answer.curve.studies,
        "power_curve": list_power(answer),
        "over_all_ranges": {"low": _plain(answer.joint.low), "middle": _plain(answer.joint.middle),
                            "high": _plain(answer.joint.high),
                            "never": answer.joint.never, "draws": answer.joint.draws},
        "swings": list_swings(answer),
        "test": {"area": answer.test.area, "areas_of_studies": answer.test.areas,
                 "median_interval": answer.test.interval,
                 "specificity": study.test.specificity.value, "sensitivity": answer.test.sensitivity,
                 "sensitivities_of_studies": answer.test.sensitivities},
        "planned": {"n": answer.planned.n, "power": answer.planned.power, "power_low": answer.planned.power_low,
                    "power_high": answer.planned.power_high, "wrong_direction": answer.planned.wrong,
                    "power_on_logarithms": _plain(answer.planned.power_log),
                    "false_claims": answer.planned.false_claims, "area_without_effect": answer.planned.null_area,
                    "confounded": [{"what": w, "value": v, "false_claims": s, "area": a}
                                   for w, v, s, a in answer.planned.confounded]},
        "alternatives": list_alternatives(answer),
        "counting": {"fields": answer.plan.fields, "usual_count": answer.counting.usual_count,
                     "counting_cv": answer.counting.counting, "assay_cv": answer.counting.assay,
                     "subjects_cv": answer.counting.subjects, "fields_equal": answer.counting.fields_equal},
        "by_fields": [{"fields": n, "area": p.area, "a_group": _plain(p.size)} for n, p in answer.fields],
        "inputs": list_inputs(study),
    }  # fmt: skip
    if answer.lead is not None:
        document["lead"] = _lead_document(answer)
    if answer.entry_lead is not None:
        seen = answer.entry_lead
        times = {"migrasomes_h": seen.migrasomes, "protein_h": seen.protein}
        document["entry_lead"] = {"entry": seen.entry, "arm": seen.arm} | {
            name: [_plain(value) for value in values] for name, values in times.items()
        }
    if answer.enrolment is not None:
        own = answer.enrolment
        document["prospective"] = {
            "enrol": own.enrol, "decides": own.decides, "events": own.events, "free": own.free,
            "event_chance": own.event_chance, "free_chance": own.free_chance, "model_events": own.model_events,
            "swings": [{"what": w, "stated": s, "low": a, "high": b} for w, s, a, b in answer.enrolment_swings],
        }  # fmt: skip
    return document


def _lead_document(answer: Answer) -> dict[str, Any]:
    lead = answer.lead
    if lead is None:
        return {}
    base = lead.base
    return {
        **_shares(base), "if_nobody_is_ill": _shares(lead.healthy), "confirmed": lead.timing.confirmed,
        "falls_short": {"migrasomes": lead.timing.migrasomes.falls_short, "albumin": lead.timing.albumin.falls_short},
        "lead_days": {f"{share:g}": _plain(base.quantile(share)) for share in (0.05, 0.25, 0.5, 0.75, 0.95)},
        "false_alarm": {"migrasomes": lead.timing.migrasomes.false_alarm, "albumin": lead.timing.albumin.false_alarm},
        "limits": lead.limits, "net_first": np.round(lead.net, 4).tolist(),
        "swings": [{"what": w, "stated": s, "net_at_low": a.net, "net_at_high": b.net} for w, s, a, b in lead.swings],
    }  # fmt: skip


def _shares(lead: LeadTime) -> dict[str, float]:
    ours, theirs = lead.raised
    return {
        "migrasomes_first": lead.first, "protein_first": lead.last, "same_visit": lead.same, "neither": lead.neither,
        "migrasomes_ever_raised": ours, "protein_ever_raised": theirs,
    }  # fmt: skip


def list_power(answer: Answer) -> list[dict[str, Any]]:
    """Return the power curve as rows."""
    curve = answer.curve
    rows = zip(curve.n, curve.power, curve.low, curve.high, curve.wrong, strict=True)
    return [
        {"n_a_group": n, "power": float(p), "low": float(a), "high": float(b), "wrong_direction": float(w)}
        for n, p, a, b, w in rows
    ]


def list_swings(answer: Answer) -> list[dict[str, Any]]:
    """Return what each number moves as rows."""
    return [
        {"what": own.swept.words, "stated": own.swept.stated, "tag": own.swept.parameter.source.tag,
         "a_group_at_low": _plain(own.low.size), "a_group_at_high": _plain(own.high.size),
         "area_at_low": own.low.area, "area_at_high": own.high.area}
        for own in answer.swings
    ]  # fmt: skip


def list_alternatives(answer: Answer) -> list[dict[str, Any]]:
    """Return what could be done otherwise as rows."""
    return [
        {"what": own.words, "area": own.point.area, "a_group": _plain(own.point.size)} for own in answer.alternatives
    ]


def _plain(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


def judged_document(judged: Judged, study: Study) -> dict[str, Any]:
    """Return what real counts say as one document."""
    return {
        "study": study.id, "controls": len(judged.controls), "patients": len(judged.patients),
        "left_out": judged.missing,
        "unit": judged.unit, "area": judged.area, "area_low": judged.area_low, "area_high": judged.area_high,
        "p_rank": judged.p, "specificity": judged.specificity, "threshold": judged.threshold,
        "sensitivity": judged.sensitivity, "sensitivity_low": judged.sensitivity_low,
        "sensitivity_high": judged.sensitivity_high, "fold": _plain(judged.fold), "fold_low": _plain(judged.fold_low),
        "fold_high": _plain(judged.fold_high),
    }  # fmt: skip
