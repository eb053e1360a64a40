"""One field of a dish as a film: the truth of what lies in it, and what following its images gives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from migralab.checks.through_images.picture import measure_picture, take_picture
from migralab.checks.through_images.plan import ImagingPlan
from migralab.imaging.time.follow import follow
from migralab.measure import measure
from migralab.microscope.scene import scene_from_observations
from migralab.microscope.specimen import Field
from migralab.results.observations import Observations

if TYPE_CHECKING:
    import pandas as pd

FILM_COLUMNS = {
    "truth": "the whole dish, as the claims are judged",
    "field": "the truth of the vesicles that lie in the field",
    "film": "its images, vesicles rich in TSPAN4 alone, followed",
}
_IDS = ("cell_id", "fibre_id", "migrasome_id")
_STRIDE = 100_000  # no two frames share an id


def watch_dish(
    truth: Observations, plan: ImagingPlan, field: Field, *, seed: int, readouts: Iterable[str]
) -> dict[str, dict[str, float]]:
    """Return readouts by column of `FILM_COLUMNS`.

    Parameters
    ----------
    truth
        Tables of the simulated dish; its frames are those of the film.
    plan
        Instrument, label and which vesicles are counted.
    field
        Place in the dish.
    seed
        Seed of the noise.
    readouts
        Observables to measure.
    """
    wanted = tuple(readouts)
    sets = {"truth": truth, "field": truth_in(truth, field), "film": follow(take_film(truth, plan, field, seed=seed))}
    values = {}
    for name, own in sets.items():
        measured = measure(own, wanted)
        values[name] = {key: float(measured[key].value) for key in wanted}
    return values


def truth_in(truth: Observations, field: Field) -> Observations:
    """Return the truth with the vesicles in a field alone; their lives with them."""
    rows = truth["migrasomes"]
    inside = (rows["x_um"] >= field[0]) & (rows["x_um"] < field[2])
    inside &= (rows["y_um"] >= field[1]) & (rows["y_um"] < field[3])
    lives = truth["lives"]
    own = lives["migrasome_id"].isin(rows["migrasome_id"][inside].unique())
    return replace(truth, tables=truth.tables | {"migrasomes": rows[inside], "lives": lives[own]})


def take_film(truth: Observations, plan: ImagingPlan, field: Field, *, seed: int) -> Observations:
    """Image and measure every frame of a dish; ids name another object in each frame."""
    frames = []
    for number, time in enumerate(truth.frames_min):
        scene = scene_from_observations(truth, number, field, look=seed, flank_fibres_per_um=plan.side_fibres_per_um)
        _, bright = measure_picture(take_picture(scene, plan, seed), plan)
        frames.append({name: _stamped(table, number, time) for name, table in bright.tables.items()})
    return _joined(bright, frames, truth)


def _stamped(table: pd.DataFrame, frame: int, time: float) -> pd.DataFrame:
    rows = table.copy()
    if "frame" not in rows:
        return rows
    rows["frame"], rows["time_min"] = np.int32(frame), time
    for name in _IDS:
        if name in rows:
            rows[name] = np.where(rows[name] >= 0, rows[name] + frame * _STRIDE, rows[name])
    return rows


def _joined(last: Observations, frames: list[dict[str, pd.DataFrame]], truth: Observations) -> Observations:
    import pandas as pd

    tables = dict(last.tables)
    for name in ("cells", "fibres", "migrasomes"):
        parts = [frame[name] for frame in frames if len(frame[name])]
        tables[name] = pd.concat(parts, ignore_index=True) if parts else last[name]
    tables["nodes"] = frames[-1]["nodes"].assign(
        cell_id=lambda rows: np.where(rows["cell_id"] >= 0, rows["cell_id"] + (len(frames) - 1) * _STRIDE, -1)
    )
    return replace(last, tables=tables, frames_min=truth.frames_min, experiment=truth.experiment)
