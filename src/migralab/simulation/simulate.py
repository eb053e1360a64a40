"""Model -> Run: one dish, from its founding to its tables; resumable, and never half-written."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from migralab.core.errors import BreakdownError, DataError, RequestError
from migralab.core.kernel import threads_for
from migralab.engine.engine import Engine, dump_state, load_state
from migralab.engine.mechanism import State
from migralab.mechanisms.biogenesis.breakage import Breakage
from migralab.results.run import (
    Provenance,
    Run,
    Status,
    partial_directory,
    read_table,
    refuse_existing,
    versions,
    write_run,
    write_table,
)
from migralab.simulation.compile import Model
from migralab.simulation.interrupt import HeldInterrupt
from migralab.simulation.record import Recorder, split_dishes
from migralab.spec.dump import dump_yaml

CHECKPOINT_EVERY = 60.0  # s of wall time between checkpoints of a run that has a directory

Progress = Callable[[int, int], None]
"""Called with (ticks done, ticks in all) a few times a second at most."""


@dataclass(slots=True)
class _Job:
    model: Model
    seeds: tuple[int, ...]
    engine: Engine
    state: State
    recorder: Recorder


def simulate(
    model: Model, seed: int = 1, *, out: Path | None = None, resume: bool = False, progress: Progress | None = None
) -> Run:
    """Run one dish.

    Parameters
    ----------
    seed
        The dish: the same seed in two arms shares its luck, so that ratios within an experiment are clean.
    out
        Directory to write; None keeps the run in memory.
    resume
        Go on from the last checkpoint of an unfinished run in `out`.
    progress
        Told how far the run is.

    Raises
    ------
    RequestError
        If `out` exists, or there is nothing to resume.
    BreakdownError
        If the run breaks down; what was recorded is written to `out` first, and the message says so.
    """
    if out is not None:
        refuse_existing(out)
    engine = model.build()
    job = _Job(model, (seed,), engine, model.found(engine, [seed]), Recorder(engine.plan))
    if resume:
        _load_checkpoint(job, out)
    elif out is not None:
        partial = partial_directory(out)
        if (partial / "checkpoint").exists():
            raise RequestError(
                f"{partial} holds an unfinished run. Go on with --resume, choose another --out, or remove it."
            )
        shutil.rmtree(partial, ignore_errors=True)
    with HeldInterrupt() as held:
        try:
            _advance(job, out, progress, held)
        except KeyboardInterrupt:
            if out is not None and job.state.tick > 0:
                _save_checkpoint(job, out)
            raise
        except BreakdownError as error:
            raise _keep_partial_result(job, out, error) from error
        # From here on a Ctrl-C waits until the run is written: it would only lose what is finished
        (run,) = _finish(job, Status.COMPLETED)
        return run if out is None else write_run(run, out)


def simulate_dishes(model: Model, seeds: Sequence[int], *, progress: Progress | None = None) -> list[Run]:
    """Run several dishes side by side in one state, which costs a fraction of running them one by one.

    Each comes out bitwise as it does alone: its random numbers hang on its seed, and dishes share nothing.

    Raises
    ------
    BreakdownError
        If one of them breaks down.
    """
    engine = model.build()
    job = _Job(model, tuple(seeds), engine, model.found(engine, seeds), Recorder(engine.plan))
    _advance(job, None, progress, None)
    return _finish(job, Status.COMPLETED)


def _advance(job: _Job, out: Path | None, progress: Progress | None, held: HeldInterrupt | None) -> None:
    ticks, every = job.model.ticks, job.model.ticks_per_frame
    if job.state.tick == 0 and not job.recorder.frames_min:
        job.recorder.record(job.state)
    saved = shown = time.monotonic()

    def after_tick(state: State) -> None:
        nonlocal saved, shown
        if state.tick % every == 0 or state.tick == ticks:
            job.recorder.record(state)
        now = time.monotonic()
        if progress is not None and (now - shown > 0.1 or state.tick == ticks):
            progress(state.tick, ticks)
            shown = now
        if out is not None and now - saved > CHECKPOINT_EVERY:
            _save_checkpoint(job, out)
            saved = now
        if held is not None:
            held.release()

    with threads_for(job.state["cells"].n):
        job.engine.run(job.state, ticks - job.state.tick, after_tick)


def _finish(job: _Job, status: Status, message: str = "") -> list[Run]:
    breakage = next((m for m in job.engine.plan if isinstance(m, Breakage)), None)
    # Both tables keep their dead, so an id is a row
    held = job.state.tables
    dish_of = [held[name]["dish"].copy() if name in held else np.empty(0, int) for name in ("cells", "migrasomes")]
    apart = split_dishes(job.recorder.tables(job.state, breakage), dish_of[0], dish_of[1], len(job.seeds))
    experiment = dump_yaml(job.model.experiment)
    return [
        Run(
            experiment=experiment,
            tables=tables | job.recorder.budget(dish) | job.recorder.pools(dish),
            fields=job.recorder.fields(dish),
            provenance=Provenance(
                key=key,
                entry=job.model.experiment.id,
                arm=job.model.arm,
                seed=seed,
                status=status.value,
                message=message,
                field_area_um2=job.model.field_area_um2,
                frames_min=tuple(job.recorder.frames_min),
                versions=versions(),
            ),
        )
        for dish, (seed, key, tables) in enumerate(zip(job.seeds, job.model.keys(job.seeds), apart, strict=True))
    ]


def _keep_partial_result(job: _Job, out: Path | None, error: BreakdownError) -> BreakdownError:
    minutes = job.state.time / 60
    if out is None or not job.recorder.frames_min:
        return BreakdownError(f"The run broke down at {minutes:.0f} min. {error}")
    write_run(_finish(job, Status.BROKE_DOWN, str(error))[0], out)
    return BreakdownError(f"The run broke down at {minutes:.0f} min; what was recorded until then is in {out}. {error}")


def _save_checkpoint(job: _Job, out: Path) -> None:
    """Write state and recorded frames beside the run; the rename makes it valid at once."""
    import zarr

    partial = partial_directory(out)
    fresh, place = partial / "checkpoint.new", partial / "checkpoint"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    group = zarr.open_group(fresh / "state.zarr", mode="w")
    for name, array in (dump_state(job.state) | job.recorder.dump_arrays()).items():
        group.create_array(name, data=array) if array.size else group.create_array(
            name, shape=array.shape, dtype=array.dtype
        )
    for name, columns in job.recorder.dump().items():
        write_table(columns, name, fresh / f"{name}.parquet")
    note = {"key": job.model.keys(job.seeds)[0], "frames_min": job.recorder.frames_min, "tick": job.state.tick}
    (fresh / "checkpoint.json").write_text(json.dumps(note))
    old = partial / "checkpoint.old"
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.replace(old)
    fresh.replace(place)
    shutil.rmtree(old, ignore_errors=True)


def _load_checkpoint(job: _Job, out: Path | None) -> None:
    import zarr

    if out is None:
        raise RequestError("--resume needs the directory of the unfinished run: give it with --out.")
    partial = partial_directory(out)
    place = next((p for p in (partial / "checkpoint", partial / "checkpoint.old") if p.is_dir()), None)
    if place is None:
        raise RequestError(f"There is nothing to resume: {partial} holds no checkpoint. Run without --resume.")
    note: dict[str, Any] = json.loads((place / "checkpoint.json").read_text())
    if note["key"] != job.model.keys(job.seeds)[0]:
        raise DataError(
            f"{place} belongs to another run: experiment, arm, seed or version differ. "
            "Resume with the settings it was started with, or remove it."
        )
    group = zarr.open_group(place / "state.zarr", mode="r")
    saved = {name: np.asarray(array[...]) for name, array in _arrays(group)}
    load_state(job.state, saved)
    recorded = {file.stem: read_table(file) for file in place.glob("*.parquet")}
    job.recorder.load(note["frames_min"], recorded)
    job.recorder.load_arrays(job.state, saved)


def _arrays(group: Any, prefix: str = "") -> list[tuple[str, Any]]:
    found = []
    for name, member in group.members():
        path = f"{prefix}{name}"
        found += _arrays(member, f"{path}/") if hasattr(member, "members") else [(path, member)]
    return found
