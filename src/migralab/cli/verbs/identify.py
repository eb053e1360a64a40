"""`migralab identify TABLE`: what vesicles, fractions or a sample are, on which evidence, and what is missing."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migralab.cli.console import appearing_whole, progress, remark, say, say_json
from migralab.core.errors import RequestError

if TYPE_CHECKING:
    from migralab.isolation.identity.identify import Identification


class Kind(StrEnum):
    """What the rows of a table are."""

    vesicles = "vesicles"
    fractions = "fractions"
    proteomics = "proteomics"


def identify(
    table: Annotated[
        Path,
        typer.Argument(
            help="CSV, TSV or Parquet: one row per vesicle, sample, fraction or protein; or a folder of measure."
        ),
    ],
    kind: Annotated[
        Kind | None, typer.Option("--kind", help="What a row is; told from the columns if not given.")
    ] = None,
    panel: Annotated[
        Path | None, typer.Option("--panel", help="Your own panel of markers (YAML) instead of the one that ships.")
    ] = None,
    prior: Annotated[
        str | None, typer.Option("--prior", help="As migrasome=0.2,exosome=0.8; must sum to 1. Flat if not given.")
    ] = None,
    leave_out: Annotated[
        str | None,
        typer.Option("--leave-out", help="Sources that must not count, as zhao2019: the paper that the table is from."),
    ] = None,
    about: Annotated[
        Path | None, typer.Option("--about", help="YAML with facts of the method, for the report card.")
    ] = None,
    channel: Annotated[
        list[str] | None,
        typer.Option("--channel", help="For a folder of measure: CPQ=2, which channel shows which marker. Repeatable."),
    ] = None,
    sample: Annotated[
        str | None, typer.Option("--sample", help="For proteomics: the column that is asked about.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option("--reference", help="For proteomics: the column of the cell body.")
    ] = None,
    ignore_unknown: Annotated[
        bool, typer.Option("--ignore-unknown", help="Go on without markers that the panel does not have.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Directory for page, tables and figures; must not exist.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Say what vesicles, fractions or a sample are: class probabilities, evidence by marker, and a report card.

    Columns say what a number means: CPQ_to_cell (ratio to the cell body), TSPAN4_to_fibre, CPQ_intensity (1 is the
    strongest band on the blot), CPQ_present (1 or 0), diameter_um, density_iodixanol_g_per_ml or
    density_sucrose_g_per_ml. Fractions: a column fraction and one per marker. Proteomics: a column gene, abundances of
    the sample and of the cell body. With too little evidence there is no call, and the reason is said.
    """
    if out is not None:
        from migralab.results.run import refuse_existing

        refuse_existing(out)
    from migralab.isolation.identity.identify import Question, describe
    from migralab.isolation.identity.identify import identify as find
    from migralab.report.isolation.identify_page import say_identification

    question = Question(
        kind=kind.value if kind is not None else None, prior=_numbers(prior), leave_out=_list(leave_out),
        ignore_unknown=ignore_unknown, channels=_pairs(channel or [], "--channel", "CPQ=2"), sample=sample,
        reference=reference,
    )  # fmt: skip
    with progress("identify", "rows") as update:
        found = find(table, panel, question, about=about, watch=update)
    for note in found.notes:
        remark(f"Note: {note}.")
    if as_json:
        say_json(describe(found))
    else:
        for line in say_identification(found):
            say(line)
    if out is not None:
        _write(found, out)
        remark(f"Page (report.html), tables and figures are in {out}.")


def _write(found: Identification, out: Path) -> None:
    import json

    from migralab.isolation.identity.identify import describe, list_calls, list_contradictions, list_evidence
    from migralab.report.isolation.identify_figures import draw_identification
    from migralab.report.isolation.identify_page import render_identification

    with appearing_whole(out) as fresh:
        figures = draw_identification(found)
        for name, figure in figures.items():
            (fresh / f"{name}.png").write_bytes(figure.data)
        tables = {
            "calls": list_calls(found),
            "evidence": list_evidence(found),
            "contradictions": list_contradictions(found),
        }
        for name, rows in tables.items():
            if len(rows):
                rows.to_csv(fresh / f"{name}.csv", index=False, float_format="%.6g")
        (fresh / "identification.json").write_text(json.dumps(describe(found), indent=2) + "\n", encoding="utf-8")
        (fresh / "report.html").write_text(render_identification(found, figures), encoding="utf-8")


def _pairs(texts: list[str], option: str, example: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise RequestError(f"{option} {text}: write a name, = and a value, as {option} {example}.")
        if name in found:
            raise RequestError(f"{option}: {name} stands twice. Give it once.")
        found[name] = value
    return found


def _numbers(text: str | None) -> dict[str, float] | None:
    if text is None:
        return None
    found = {}
    for name, value in _pairs(_list(text), "--prior", "migrasome=0.2,exosome=0.8").items():
        try:
            found[name] = float(value)
        except ValueError:
            raise RequestError(f"--prior {name}={value}: '{value}' is no number.") from None
    return found


def _list(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]
