"""The answer of a study as lines for people."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from migralab.isolation.diagnosis.answer import Answer
from migralab.isolation.diagnosis.closed import find_noether_size
from migralab.isolation.diagnosis.counts import Judged
from migralab.isolation.diagnosis.document.study import Study
from migralab.isolation.diagnosis.effect import EntryLead
from migralab.isolation.diagnosis.lead import LeadTime
from migralab.isolation.diagnosis.plan import state_range
from migralab.isolation.diagnosis.power import LARGEST, Needed
from migralab.isolation.diagnosis.sweep import Swing
from migralab.spec.parameter import Parameter

WRONG_FROM = 0.01  # share of studies that claim the opposite, from which it is said
_SHOWN, _FLIPS = 8, 5  # lines of what moves the size, of what turns the order
_MONTHS_FROM, _YEARS_FROM = 90.0, 730.0  # days from which a time is said in months, in years


def percent(share: float, digits: int = 0) -> str:
    """Return a share as ``95 %``."""
    return f"{100 * share:.{digits}f} %"


def size_words(size: float) -> str:
    """Return subjects a group, as a person would say them."""
    if math.isinf(size) or math.isnan(size):
        return "no number"
    return f"{math.ceil(size):,}" if size <= 1e5 else "more than 100,000"


def needed_words(needed: Needed) -> str:
    """Return ``18 (95 %: 18 to 19)``."""
    if needed.n is None:
        law = size_words(needed.large_sample)
        return f"{law} (large-sample law)" if law != "no number" else law
    return f"{needed.n:,} ({limits_words(needed)})"


def limits_words(needed: Needed) -> str:
    """Return ``95 %: 18 to 19``: what the number of simulated studies leaves open."""
    low, high = (f"{end:,}" if end is not None else "more" for end in (needed.low, needed.high))
    return f"95 %: {low} to {high}"


def days_words(days: float) -> str:
    """Return a time in days, months or years; what is beyond follow-up says so."""
    if math.isinf(days):
        return "never within the follow-up"
    size = abs(days)
    if size >= _YEARS_FROM:
        return f"{days / 365.25:.1f} years"
    if size >= _MONTHS_FROM:
        return f"{days / 30.44:.0f} months"
    return f"{days:.0f} day{'' if round(size) == 1 else 's'}"


def plural(parameter: Parameter) -> str:
    """Return a time as ``5 years``."""
    return f"{parameter}{'' if parameter.value == 1 or parameter.unit.endswith('s') else 's'}"


def lead_words(days: float) -> str:
    """Return a lead as who is first by how much."""
    if math.isinf(days):
        return "migrasomes only, protein never" if days > 0 else "protein only, migrasomes never"
    if days == 0:
        return "both at one visit"
    return f"{'migrasomes' if days > 0 else 'protein'} {days_words(abs(days))} earlier"


def swing_words(swing: Swing) -> str:
    """Return what one number moves."""
    tag = swing.swept.parameter.source.tag
    ends = f"{size_words(swing.low.size)} to {size_words(swing.high.size)}"
    return f"{swing.swept.words}, {swing.swept.stated} [{tag}]: {ends} a group"


def say_answer(answer: Answer) -> Iterator[str]:
    """Yield the answer, the number of subjects first."""
    yield from headline(answer)
    yield from _moves(answer)
    yield ""
    yield from _test(answer)
    yield ""
    yield from _changes(answer)
    seen = () if answer.entry_lead is None else entry_lead_words(answer.entry_lead)
    for part in (_lead(answer), seen, _enrolment(answer), _model(answer.study)):
        lines = list(part)
        if lines:
            yield ""
            yield from lines


def headline(answer: Answer) -> Iterator[str]:
    """Yield how many subjects, and over what that is not known."""
    study, fold = answer.study, answer.study.patients.fold
    wanted = next(own for own in answer.needed if own.power == study.test.power.value)
    seen = f"to see a {answer.plan.fold:.3g}-fold difference with power {wanted.power:g}"
    if math.isinf(wanted.large_sample):
        yield f"No number of {study.subjects} shows it: what is counted is not higher in {study.patients.id}."
    elif wanted.n is None:
        yield f"More than {LARGEST:,} {study.subjects} a group are needed {seen}, too many to simulate."
        yield f"The large-sample law of the rank test says {size_words(wanted.large_sample)}."
    else:
        yield (
            f"{wanted.n:,} {study.subjects} a group are needed ({limits_words(wanted)} from {answer.curve.studies:,} "
            f"simulated studies) {seen}, if all inputs are as stated."
        )
        others = [f"{needed_words(own)} for power {own.power:g}" for own in answer.needed if own is not wanted]
        alpha, noether = study.test.alpha.value, size_words(wanted.noether)
        yield f"It takes {'; '.join(others)}. Rank test, two-sided alpha {alpha:g}; Noether's formula gives {noether}."
    yield f"The fold is {state_range(fold)} [{fold.source.tag}]: {fold.source.key}, {fold.source.locator}."
    if study.taken:
        yield f"Look at these before you use them: {study.taken}."
    joint = answer.joint
    if joint.draws > 1 and joint.never < 1:
        ends = f"{size_words(joint.low)} to {size_words(joint.high)} a group"
        guessed = sum(swing.swept.parameter.source.tag == "E" for swing in answer.swings)
        never = f", in {percent(joint.never)} of which no number suffices" if joint.never else ""
        yield (
            f"{guessed} of {len(answer.swings)} inputs that have a range are estimates (E). Over all ranges together: "
            f"{ends} (90 % of {joint.draws} draws{never})."
        )
        yield "So plan on no single number."
    if answer.swings and answer.swings[0].width > 0:
        yield f"What moves it most: {swing_words(answer.swings[0])}."


def _moves(answer: Answer) -> Iterator[str]:
    if not answer.swings or answer.swings[0].width == 0:
        return
    yield ""
    yield "What moves it (one at a time; subjects a group at the low and at the high end of each range):"
    for swing in answer.swings[:_SHOWN]:
        yield f"  {swing_words(swing)}"
    if len(answer.swings) > _SHOWN:
        yield f"  and {len(answer.swings) - _SHOWN} more that move it less (figure and table with -o)"


def _test(answer: Answer) -> Iterator[str]:
    study, test, planned = answer.study, answer.test, answer.planned
    kept = percent(study.test.specificity.value)
    found = percent(test.sensitivity)
    yield f"As a test: area under the ROC curve {test.area:.2f}; sensitivity {found} at {kept} specificity."
    yield f"A study with {study.controls.n} {study.controls.id} and {study.patients.n} {study.patients.id}:"
    low, high = (percent(end) for end in test.sensitivities)
    areas = f"{test.areas[0]:.2f} and {test.areas[1]:.2f}"
    yield f"  finds an area between {areas}, and a sensitivity between {low} and {high} (95 % of them)"
    yield f"  prints a 95 % interval of the area of about {test.interval[0]:.2f} to {test.interval[1]:.2f}"
    ends = f"{percent(planned.power_low)} to {percent(planned.power_high)}"
    log = "" if math.isnan(planned.power_log) else f"; with Welch's test on logarithms {percent(planned.power_log)}"
    yield f"  has a power of {percent(planned.power)} ({ends}){log}"
    if planned.wrong > WRONG_FROM:
        fewer = "more" if answer.plan.falls else "fewer"
        yield f"  claims the opposite, {fewer} in {study.patients.id}, in {percent(planned.wrong)}; that is no power"
    alpha = percent(study.test.alpha.value)
    yield f"Such studies that would claim a difference with as many migrasomes in both groups ({alpha} is chance):"
    stated = percent(planned.false_claims, 1)
    yield f"  {stated} with all other differences between the groups as stated (area {planned.null_area:.2f})"
    for words, end, share, area in planned.confounded:
        more = "more" if area > 0.5 else "fewer"
        yield f"  {percent(share)} where this alone differs: {words}, {end:g}; {study.patients.id} seem to have {more}"


def _changes(answer: Answer) -> Iterator[str]:
    yield "What a laboratory could change (by the large-sample law, which is a little low for few subjects):"
    yield f"  {'':<46}{'area':>6}{'a group':>10}"
    for own in answer.alternatives:
        yield f"  {own.words:<46}{own.point.area:>6.2f}{size_words(own.point.size):>10}"
    counting = answer.counting
    yield f"A usual urine of a control gives {counting.usual_count:.3g} migrasomes in {answer.plan.fields} fields."
    parts = f"counting {percent(counting.counting)}, assay {percent(counting.assay)}"
    yield f"  Spread (CV): {parts}, subjects {percent(counting.subjects)}."
    yield f"  Counting error is below what differs between subjects from {counting.fields_equal} fields on."


def _lead(answer: Answer) -> Iterator[str]:
    if answer.lead is None:
        return
    lead, base, timing = answer.lead, answer.lead.base, answer.lead.timing
    yield (f"Lead over protein, a visit every {days_words(timing.interval)}, share of subjects: {_shares(base)}.")
    yield f"  the same if nobody is ill (both folds 1): {_shares(lead.healthy)}"
    ours, theirs = (percent(share) for share in lead.healthy.raised)
    row = "" if timing.confirmed == 1 else f", {timing.confirmed} readings in a row"
    yield (
        f"  so within {days_words(timing.follow_up)}{row} the healthy are called raised: migrasomes {ours}, protein "
        f"{theirs}, one of them or both {percent(1 - lead.healthy.neither)}"
    )
    for words, own in (("migrasomes", timing.migrasomes), ("protein", timing.albumin)):
        if own.falls_short:
            yield (
                f"  Beware: {words} rise to {own.fold:g} times their level before and the limit is {own.limit:g}, so "
                "the median subject is never raised; spread and reading error alone raise anyone."
            )
    yield f"  median: {lead_words(base.quantile(0.5))}"
    yield f"  5 to 95 %: {lead_words(base.quantile(0.05))}; to {lead_words(base.quantile(0.95))}"
    limits = f"{timing.migrasomes.limit:g} (migrasomes) and {timing.albumin.limit:g} (protein)"
    alarms = f"{percent(timing.migrasomes.false_alarm, 1)} and {percent(timing.albumin.false_alarm, 1)}"
    yield f"  limits of {limits} times the median of controls call {alarms} of single healthy readings raised"
    flips = [f"{words}, {stated}" for words, stated, low, high in lead.swings if low.net * high.net < 0]
    if not flips:
        yield "  The order holds over the range of each number of the courses."
        return
    yield "  Who is first is decided by typed numbers. The order turns over the range of each of these:"
    yield from (f"    {flip}" for flip in flips[:_FLIPS])
    if len(flips) > _FLIPS:
        yield f"    and {len(flips) - _FLIPS} more"


def _shares(lead: LeadTime) -> str:
    return (
        f"migrasomes first {percent(lead.first)}, protein first {percent(lead.last)}, at one visit "
        f"{percent(lead.same)}, neither {percent(lead.neither)}"
    )


def entry_lead_words(lead: EntryLead) -> Iterator[str]:
    """Yield which the dishes of an entry show first; what never is detected comes last."""
    ours, theirs = (np.where(np.isfinite(times), times, np.inf) for times in (lead.migrasomes, lead.protein))
    total = len(ours)
    yield (
        f"In the dishes of {lead.entry}, {lead.arm}: migrasomes first in {(ours < theirs).sum()} of {total}, "
        f"protein first in {(theirs < ours).sum()} of {total}, at one reading {(ours == theirs).sum()} of {total}."
    )
    for words, times in (("migrasomes", lead.migrasomes), ("protein", lead.protein)):
        found = times[np.isfinite(times)]
        if len(found):
            ends = f"{np.median(found):.3g} h after the start ({found.min():.3g} to {found.max():.3g})"
            yield f"  {words} first detected {ends}, in {len(found)} of {total} dishes"
    yield "  by the limits of detection that are typed there; the model's order, not a patient's"


def _enrolment(answer: Answer) -> Iterator[str]:
    enrolment, asked = answer.enrolment, answer.study.prospective
    if enrolment is None or asked is None:
        return
    decides = f"{enrolment.decides[:1].upper()}{enrolment.decides[1:]} decides."
    what = f"{enrolment.enrol:,} {answer.study.subjects}"
    yield f"Prospective: enrol {what}, follow each for {plural(asked.follow_up)}. {decides}"
    chances = f"{percent(enrolment.event_chance, 1)} and {percent(enrolment.free_chance)}"
    needs = f"{enrolment.events:,} with and {enrolment.free:,} without the event"
    yield f"  {needs} are needed; {chances} of those enrolled are that in the end."
    yield (
        f"  Then 95 % intervals of a sensitivity of {asked.sensitivity} and a specificity of {asked.specificity} are "
        f"{asked.width} wide."
    )
    for words, stated, low, high in answer.enrolment_swings[:3]:
        yield f"  {words}, {stated}: {low:,} to {high:,}"


def _model(study: Study) -> Iterator[str]:
    if study.model is None:
        return
    each = min(group.n for group in study.groups) / len(study.model.predictors)
    rule = study.model.events_per_variable
    said = f"above the rule of {rule}" if each >= rule else f"fewer than the rule of {rule}: fit fewer predictors"
    names = ", ".join(study.model.predictors)
    yield f"A model with {names}: {each:.1f} of the smaller group for each predictor, {said}."
    yield "  The rule is a least, no guarantee (van Smeden 2019)."


def say_counts(judged: Judged, study: Study) -> Iterator[str]:
    """Yield what a table of real counts says."""
    ends = f"{judged.area_low:.3f} to {judged.area_high:.3f}"
    yield f"Area under the ROC curve {judged.area:.3f} (95 %: {ends}, DeLong); rank test p = {judged.p:.2g}."
    left_out = f"; {judged.missing} left out, of whom something is not known" if judged.missing else ""
    yield f"  {len(judged.controls)} {study.controls.id} and {len(judged.patients)} {study.patients.id}{left_out}"
    found, kept = percent(judged.sensitivity), percent(judged.specificity)
    ends = f"{percent(judged.sensitivity_low)} to {percent(judged.sensitivity_high)}"
    yield f"Sensitivity {found} (95 %: {ends}) at {kept} specificity."
    yield "  Limits: the wider of a bootstrap over subjects and Clopper-Pearson's."
    yield f"  Threshold {judged.threshold:.3g} {judged.unit}, chosen on these subjects: on others it will do less well."
    if not math.isnan(judged.fold):
        ends = f"{judged.fold_low:.2f} to {judged.fold_high:.2f}"
        yield f"Ratio of medians {judged.fold:.2f} (95 %: {ends}, bootstrap over subjects)."
    sizes = [
        size_words(find_noether_size(area, study.test.alpha.value, study.test.power.value) if area > 0.5 else math.inf)
        for area in (judged.area, judged.area_high, judged.area_low)
    ]
    power = study.test.power.value
    yield f"A new study with power {power:g} takes {sizes[0]} a group if this area is the true one (Noether),"
    yield f"  {sizes[1]} if the upper end of its interval is, {sizes[2]} if the lower end is."
