"""`migralab run ID`: simulate one dish."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migralab.cli.console import length_option, progress, remark, say, say_json, time_option
from migralab.cli.variants import MOST_HELP, VARIANT_HELP, under_variant
from migralab.core.errors import RequestError
from migralab.core.units import MOLECULES_PER_UM3_AND_NANOMOLAR
from migralab.spec.experiment import Experiment

if TYPE_CHECKING:
    from migralab.measure import Readout
    from migralab.results.run import Run


def run(
    entry: Annotated[str, typer.Argument(help="Catalogue id or YAML file.")],
    arm: Annotated[str | None, typer.Option("--arm", help="Arm to run; the control by default.")] = None,
    variant: Annotated[str | None, typer.Option("--variant", help=VARIANT_HELP)] = None,
    most: Annotated[bool, typer.Option("--most", help=MOST_HELP)] = False,
    seed: Annotated[int, typer.Option("--seed", help="The dish.")] = 1,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="mechanism.parameter=VALUE or dish.FIELD=VALUE; may be repeated.")
    ] = None,
    tracks: Annotated[
        Path | None, typer.Option("--tracks", help="CSV or TrackMate XML: cells follow these instead of a walk.")
    ] = None,
    pixel_size: Annotated[str | None, typer.Option("--pixel-size", help="Of the tracks, for example 0.65um.")] = None,
    frame_interval: Annotated[str | None, typer.Option("--frame-interval", help="Of the tracks.")] = None,
    duration: Annotated[str | None, typer.Option("--duration", help="Simulated time, for example 12h.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Directory to write; must not exist.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Simulate one dish and print what a counting bench would report."""
    from migralab.catalog.catalog import entry_ids, load
    from migralab.cli.verbs.claims.validate import refuse_readouts
    from migralab.simulation.compile import compile_experiment
    from migralab.simulation.dose import dose_note
    from migralab.simulation.simulate import simulate
    from migralab.spec.change import apply_arm, apply_setting

    if tracks is None and (pixel_size or frame_interval):
        raise RequestError("--pixel-size and --frame-interval belong to --tracks; there are no tracks here.")
    if seed < 0:
        raise RequestError(f"--seed {seed} is below 0. Seeds are whole numbers from 0.")
    file = load(entry)
    changes = [*(settings or []), *([f"dish.duration={duration}"] if duration else [])]
    compiled = compile_experiment(file, arm)  # first as it stands: what is wrong in the file is told with its line
    if entry not in entry_ids():  # those of the catalogue are known to be right; looking costs half a second
        refuse_readouts(file)
    if changes or tracks is not None or variant or most:
        experiment = under_variant(file.experiment, variant, most=most, arm=arm)
        experiment = apply_arm(experiment, arm or experiment.control.id)
        for change in changes:
            experiment = apply_setting(experiment, change)
        if tracks is not None:
            experiment = _with_tracks(experiment, tracks, pixel_size, frame_interval)
        model = compile_experiment(experiment)
    else:
        model = compiled
    under = "-".join([*([variant] if variant else []), *(["most"] if most else []), ""])
    name = Path(f"{model.experiment.id}-{under}{model.arm}-seed{seed}")
    out = out or (name if resume else _free_name(name))
    if note := dose_note(model):
        remark(f"dose: {note}")
    with progress(f"{model.experiment.id}, arm {model.arm}, seed {seed}", "ticks") as update:
        done = simulate(model, seed, out=out, resume=resume, progress=update)
    _print_readouts(done, model.experiment.readouts, as_json)
    remark(f"The run is in {out}. Next: migralab report {out}, or migralab image {out}.")


def _with_tracks(experiment: Experiment, tracks: Path, pixel_size: str | None, interval: str | None) -> Experiment:
    from migralab.spec.experiment import TrackFile

    length_option(pixel_size, "--pixel-size"), time_option(interval, "--frame-interval")
    file = TrackFile(file=str(tracks), pixel_size=pixel_size, frame_interval=interval)
    return experiment.model_copy(update={"dish": experiment.dish.model_copy(update={"tracks": file})})


def _free_name(path: Path) -> Path:
    """Return `path`, or `path` with the first free number; an unfinished run keeps its name for --resume."""
    from migralab.results.run import partial_directory

    candidate, number = path, 2
    while candidate.exists() or partial_directory(candidate).exists():
        candidate, number = path.with_name(f"{path.name}-{number}"), number + 1
    return candidate


_SHORT = (
    "count.per_cell", "count.positive_cells", "count.per_100um_laid", "count.per_100um_intact", "diameter.mean",
    "fibre.length_laid", "fibre.length_intact", "junction.per_100um", "tip.per_100um", "lifetime.mean",
)  # fmt: skip

_CARRIED = ("cargo", "mitochondria", "signal")  # printed where the dish has them


def _print_readouts(done: Run, own: Sequence[str], as_json: bool) -> None:
    """Print what the entry itself asks, then the usual readouts of a count."""
    from migralab.measure import Readouts, measure
    from migralab.measure.registry import OBSERVABLES
    from migralab.simulation.observe import observe

    carried = [name for name in OBSERVABLES if name.split(".", maxsplit=1)[0] in _CARRIED and "@" not in name]
    found = measure(observe(done), list(dict.fromkeys([*own, *_SHORT, *carried])))
    shown = [r for r in found.values() if r.known or r.id in _SHORT or r.id in own]
    readouts = Readouts(r for r in shown if r.id in own or r.id in _SHORT or r.value != 0)
    if as_json:
        say_json(readouts.to_dict())
        return
    say(f"One dish (seed {done.provenance.seed}); intervals are over its cells, not over experiments")
    asked = [readout for readout in readouts.values() if readout.id in own]
    _print_lines("What this entry asks", asked)
    _print_lines("The usual counts" if asked else "", [r for r in readouts.values() if r.id not in own])
    if note := readouts["count.per_cell"].note:
        say(f"  {note}")
    _print_pools(done)
    _print_budget(done)


def _print_lines(title: str, readouts: Sequence[Readout]) -> None:
    if title and readouts:
        say(title)
    for readout in readouts:
        seen = f"[{readout.low:.3g}, {readout.high:.3g}]" if readout.known else f"not known: {readout.note}"
        if readout.known and math.isnan(readout.low):
            seen = "one value for the dish"
        say(f"  {readout.id:<38} {readout.value:9.3g} {readout.unit:<12} {seen}")


def _print_pools(run: Run) -> None:
    """Print what assays find in the pools at the end, and since when; nothing where nothing is measured."""
    if "pools" not in run.tables:
        return
    table = run.frame("pools")
    measured = list(table[table["limit_per_ml"].notna()].groupby(["pool", "substance"], sort=False))
    if measured:
        say("Pools at the end, against the detection limits of their assays")
    for (pool, substance), rows in measured:
        vesicles = bool(rows["concentration_nM"].isna().all())
        factor, unit = (1.0, "per ml") if vesicles else (1e12 * MOLECULES_PER_UM3_AND_NANOMOLAR, "nM")
        value, limit = (rows[column].iloc[-1] / factor for column in ("concentration_per_ml", "limit_per_ml"))
        first = rows["time_min"][rows["detected"]].min()
        seen = f"first seen at {first:g} min" if rows["detected"].any() else "never seen"
        say(f"  {f'{pool}, {substance}':<26} {value:9.3g} {unit:<6} limit {limit:.3g}: {seen}")
    if len(measured) > 1:
        say("  What is seen first hangs on these limits as much as on the biology: change them with --set and compare")


def _print_budget(run: Run) -> None:
    """Print where the molecules are at the end, one line for each substance; nothing where nobody counts them."""
    lines: dict[str, list[str]] = {}
    if (budget := run.tables.get("budget")) is None:
        return
    rows = zip(budget["frame"], budget["substance"], budget["place"], budget["molecules"], strict=True)
    for frame, what, place, amount in rows:
        if frame == budget["frame"][-1] and amount:
            lines.setdefault(what, []).append(f"{place} {amount:,.0f}")
    if lines:
        say("Molecules at the end")
    for what, places in lines.items():
        say(f"  {what:<26} {', '.join(places)}")
