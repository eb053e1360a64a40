"""The page of a study as one HTML file: the number with what it is worth, figures, and every input with its source."""

from __future__ import annotations

from collections.abc import Mapping

from migralab.isolation.diagnosis.answer import Answer
from migralab.isolation.diagnosis.counts import Judged
from migralab.isolation.diagnosis.document.study import Study
from migralab.report.figures.figure import Figure
from migralab.report.isolation.study_tables import list_inputs
from migralab.report.isolation.study_words import headline, needed_words, percent, say_answer, say_counts, size_words
from migralab.report.template import fill_template
from migralab.spec.parameter import TAG_MEANING

_WIDE = ("tornado", "lead")


def render_study(answer: Answer, figures: Mapping[str, Figure]) -> str:
    """Return the page of a simulated study."""
    study = answer.study
    wanted = next(own for own in answer.needed if own.power == study.test.power.value)
    cards = [
        (f"{study.subjects} a group, power {wanted.power:g}", needed_words(wanted).partition(" (")[0],
         f"{size_words(answer.joint.low)} to {size_words(answer.joint.high)} over all ranges"),
        ("area under the ROC curve", f"{answer.test.area:.2f}",
         f"one study of the planned size finds {answer.test.areas[0]:.2f} to {answer.test.areas[1]:.2f}"),
        (f"sensitivity at {percent(study.test.specificity.value)} specificity", f"{percent(answer.test.sensitivity)}",
         f"one study: {percent(answer.test.sensitivities[0])} to {percent(answer.test.sensitivities[1])}"),
        (f"power of the plan, {answer.planned.n} a group", f"{percent(answer.planned.power)}",
         f"{percent(answer.planned.false_claims, 1)} would claim a difference without one"),
    ]  # fmt: skip
    if answer.lead is not None:
        cards.append(
            (
                "migrasomes seen before protein",
                f"{percent(answer.lead.base.first)}",
                f"{percent(answer.lead.healthy.first)} if nobody is ill; protein first in "
                f"{percent(answer.lead.base.last)}",
            )
        )
    if answer.enrolment is not None:
        cards.append(
            ("to enrol in a prospective cohort", f"{answer.enrolment.enrol:,}", f"{answer.enrolment.decides} decides")
        )
    body = "\n".join(say_answer(answer)).split("\n\n")
    return fill_template(
        "study.html", title=study.title, lead=list(headline(answer)), note=study.note, question=study.question,
        cards=cards,
        figures=[(name in _WIDE, figure) for name, figure in figures.items()], text=body, inputs=list_inputs(study),
        tags=TAG_MEANING,
    )  # fmt: skip


def render_counts(judged: Judged, study: Study, figures: list[Figure]) -> str:
    """Return the page of real counts."""
    cards = [
        ("area under the ROC curve", f"{judged.area:.2f}", f"95 %: {judged.area_low:.2f} to {judged.area_high:.2f}"),
        (f"sensitivity at {percent(judged.specificity)} specificity", f"{percent(judged.sensitivity)}",
         f"95 %: {percent(judged.sensitivity_low)} to {percent(judged.sensitivity_high)}"),
        ("rank test", f"p = {judged.p:.2g}", f"{len(judged.controls)} and {len(judged.patients)} subjects"),
    ]  # fmt: skip
    return fill_template(
        "study.html", title=f"Counts: {study.title}", lead=list(say_counts(judged, study)), note="", question="",
        cards=cards,
        figures=[(False, figure) for figure in figures], text=[], inputs=[], tags=TAG_MEANING,
    )  # fmt: skip
