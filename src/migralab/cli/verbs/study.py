"""`migralab study`: how many patients would show that a count in urine tells the ill from the healthy."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migralab.cli.console import appearing_whole, progress, remark, say, say_json, write_csv
from migralab.core.errors import RequestError

if TYPE_CHECKING:
    from migralab.isolation.diagnosis.answer import Answer, Progress
    from migralab.isolation.diagnosis.document.study import Study
    from migralab.report.figures.figure import Figure

_LARGEST_FOLD = 1e6
_LEAST_STUDIES, _MOST_STUDIES = 200, 100_000


def study(
    source: Annotated[
        str | None, typer.Argument(metavar="STUDY", help="Id of a study that ships (--list), or a YAML file.")
    ] = None,
    fold: Annotated[float | None, typer.Option("--fold", help="Effect to look for, patients over controls.")] = None,
    patients: Annotated[int | None, typer.Option("--patients", help="Subjects of each group that are planned.")] = None,
    counts: Annotated[
        Path | None,
        typer.Option(
            "--counts",
            help="Table of real counts (CSV, TSV, Parquet): subject, group, count, volume_ml, creatinine_mM. "
            "They are judged instead of simulated ones.",
        ),
    ] = None,
    simulations: Annotated[int, typer.Option("--simulations", help="Studies simulated for the power curve.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", help="Root of the random numbers.")] = 1,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Directory for page, figures and tables; must not exist.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="List the studies that ship.")] = False,
) -> None:
    """Say how many patients would show that migrasomes in urine tell the ill from the healthy, and what that hangs on.

    Cohorts are simulated: biology, dilution, losses, counting. The answer is the size of the groups, how good a test
    the count is, what moves it over the range of every input, how early it is beside protein, and how many to enrol.
    """
    if listing:
        _list(as_json=as_json)
        return
    if source is None:
        raise RequestError("which study? Give an id (migralab study --list) or a YAML file.")
    from migralab.isolation.diagnosis.document.read import read_study
    from migralab.results.run import refuse_existing

    if out is not None:
        refuse_existing(out)
    if not _LEAST_STUDIES <= simulations <= _MOST_STUDIES:
        raise RequestError(
            f"--simulations {simulations} is not allowed: {_LEAST_STUDIES} to {_MOST_STUDIES:,}. The default is 2000."
        )
    asked = _changed(read_study(source), fold, patients)
    if counts is not None:
        _judge(counts, asked, out, as_json=as_json)
        return
    _answer(asked, (simulations, seed), out, as_json=as_json)


def _list(*, as_json: bool) -> None:
    from migralab.isolation.diagnosis.document.read import read_study, study_ids

    rows = [
        {"id": name, "title": own.title, "question": own.question} for name in study_ids() for own in [read_study(name)]
    ]
    if as_json:
        say_json(rows)
        return
    for row in rows:
        say(f"{row['id']:<22} {row['title']}")
        say(f"{'':<22} {row['question']}")


def _changed(asked: Study, fold: float | None, patients: int | None) -> Study:
    """Return the study with what was given on the command line."""
    from migralab.isolation.diagnosis.document.read import NO_EFFECT, refuse_contradictions
    from migralab.spec.parameter import Parameter, Source

    groups = (asked.controls, asked.patients)
    if fold is not None:
        if not 0 < fold <= _LARGEST_FOLD:
            raise RequestError(
                f"--fold {fold:g} is not above 0 and at most {_LARGEST_FOLD:g}. Write for example --fold 2 for "
                "twice as many in patients."
            )
        if fold == 1:
            raise RequestError(f"--fold 1: {NO_EFFECT}")
        typed = Parameter(value=fold, source=Source(key="--fold", locator="typed on the command line", tag="E"))
        groups = (groups[0], groups[1].model_copy(update={"fold": typed, "take_from": None}))
    if patients is not None:
        groups = (groups[0].model_copy(update={"n": patients}), groups[1].model_copy(update={"n": patients}))
    asked = asked.model_copy(update={"groups": groups})
    if patients is not None:
        refuse_contradictions(asked, f"--patients {patients}")
    return asked


def _judge(counts: Path, asked: Study, out: Path | None, *, as_json: bool) -> None:
    from migralab.isolation.diagnosis.counts import judge_counts
    from migralab.report.isolation.study_tables import judged_document
    from migralab.report.isolation.study_words import say_counts

    judged = judge_counts(counts, asked)
    document = judged_document(judged, asked)
    if as_json:
        say_json(document)
    else:
        for line in say_counts(judged, asked):
            say(line)
    if out is None:
        return
    from migralab.report.isolation.study_figures import draw_real
    from migralab.report.isolation.study_page import render_counts

    figures = draw_real(judged, (asked.controls.id, asked.patients.id))
    with appearing_whole(out) as fresh:
        _write(
            fresh, document, dict(zip(("cohort", "roc"), figures, strict=True)), render_counts(judged, asked, figures)
        )
        rows = [
            {"false_positive_share": float(x), "true_positive_share": float(y)}
            for x, y in zip(*judged.curve, strict=True)
        ]
        write_csv(fresh / "roc.csv", rows)
    remark(f"Page, figures and tables are in {out}.")


def _answer(asked: Study, how: tuple[int, int], out: Path | None, *, as_json: bool) -> None:
    from migralab.isolation.diagnosis.answer import answer_study
    from migralab.isolation.diagnosis.effect import resolve_effect
    from migralab.report.isolation.study_tables import to_document
    from migralab.report.isolation.study_words import say_answer

    simulations, seed = how
    seen = None
    if asked.patients.take_from is not None:
        with progress("dishes of the entry", "dishes") as update:
            asked, seen = resolve_effect(asked, update)
    with ExitStack() as stack:

        def stage(name: str) -> Progress:
            stack.close()  # the bar before has ended
            unit = {"power": "studies", "ranges": "designs"}.get(name, "steps")
            return stack.enter_context(progress(name, unit))

        answer = replace(answer_study(asked, simulations=simulations, seed=seed, stage=stage), entry_lead=seen)
    document = to_document(answer)
    if as_json:
        say_json(document)
    else:
        say(asked.title)
        for line in say_answer(answer):
            say(line)
    if out is not None:
        _write_answer(answer, document, out)
        remark(f"Page, figures and tables are in {out}; begin with {out / 'study.html'}.")


def _write_answer(answer: Answer, document: dict[str, object], out: Path) -> None:
    from migralab.report.isolation.study_figures import draw_study
    from migralab.report.isolation.study_page import render_study
    from migralab.report.isolation.study_tables import list_alternatives, list_inputs, list_power, list_swings

    figures = draw_study(answer)
    with appearing_whole(out) as fresh:
        _write(fresh, document, figures, render_study(answer, figures))
        write_csv(fresh / "power.csv", list_power(answer))
        write_csv(fresh / "alternatives.csv", list_alternatives(answer))
        write_csv(fresh / "inputs.csv", list_inputs(answer.study))
        if answer.swings:
            write_csv(fresh / "ranges.csv", list_swings(answer))


def _write(fresh: Path, document: dict[str, object], figures: dict[str, Figure], page: str) -> None:
    for name, figure in figures.items():
        (fresh / f"{name}.png").write_bytes(figure.data)
    (fresh / "study.html").write_text(page, encoding="utf-8")
    (fresh / "study.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
