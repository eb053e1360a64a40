r"""How many to enrol in a cohort that is followed until some get the disease.

With event rate h and drop-out rate d, both constant, of those enrolled (eq-enrol)::

    P(event seen)          = h/(h + d) (1 - e^{-(h + d) T})
    P(followed, no event)  = e^{-(h + d) T}

have one within the follow-up T, and are still there without one. Sensitivity needs events, specificity the others:
each as many as make Wilson's interval as narrow as wanted. Enrolled are so many that both are reached with the stated
assurance, since the number of events is a matter of chance as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from migralab.isolation.diagnosis.closed import count_for_assurance, count_for_width
from migralab.isolation.diagnosis.document.given import in_unit
from migralab.isolation.diagnosis.document.study import Model, Prospective
from migralab.isolation.diagnosis.plan import state_range


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """How many are enrolled, and why.

    Parameters
    ----------
    event_chance, free_chance
        Chances of eq-enrol.
    events, free
        Subjects with and without the event that the widths need.
    model_events
        Events that a model with several predictors needs; 0 without one.
    enrol
        The largest of what each of them needs.
    decides
        Which one that is.
    """

    event_chance: float
    free_chance: float
    events: int
    free: int
    model_events: int
    enrol: int
    decides: str


def find_enrolment(study: Prospective, model: Model | None = None) -> Enrolment:
    """Return how many to enrol (eq-enrol)."""
    rates = [in_unit(own.value, own.unit, "1/year") for own in (study.event_rate, study.drop_out)]
    years = in_unit(study.follow_up.value, study.follow_up.unit, "year")
    event_chance, free_chance = find_chances(rates[0], rates[1], years)
    events = count_for_width(study.sensitivity.value, study.width.value)
    free = count_for_width(study.specificity.value, study.width.value)
    model_events = len(model.predictors) * model.events_per_variable if model else 0
    needs = {
        "sensitivity": count_for_assurance(events, event_chance, study.assurance.value),
        "specificity": count_for_assurance(free, free_chance, study.assurance.value),
    }
    if model_events:
        needs["the model's predictors"] = count_for_assurance(model_events, event_chance, study.assurance.value)
    decides = max(needs, key=lambda name: needs[name])
    return Enrolment(
        event_chance=event_chance, free_chance=free_chance, events=events, free=free, model_events=model_events,
        enrol=needs[decides], decides=decides,
    )  # fmt: skip


def find_chances(event_rate: float, drop_out: float, years: float) -> tuple[float, float]:
    """Return the chances that an event is seen, and that the follow-up ends without one (eq-enrol)."""
    both = event_rate + drop_out
    free = math.exp(-both * years)
    return event_rate / both * -math.expm1(-both * years), free


def sweep_enrolment(study: Prospective, model: Model | None = None) -> list[tuple[str, str, int, int]]:
    """Return each number with a range: what it is, as stated, and how many to enrol at its low and its high end."""
    found = []
    for name in type(study).model_fields:
        own = getattr(study, name)
        if own.low is None or own.high is None or own.low == own.high:
            continue
        sizes = [
            find_enrolment(study.model_copy(update={name: own.model_copy(update={"value": end})}), model).enrol
            for end in (own.low, own.high)
        ]
        found.append((name.replace("_", " "), state_range(own), sizes[0], sizes[1]))
    return sorted(found, key=lambda row: -abs(math.log(row[2] / row[3])))
