"""One dish in five ways: the truth as judged and as it could be seen, of all and of the fields alone, and images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from migralab.checks.through_images.picture import measure_picture, take_picture
from migralab.checks.through_images.plan import ImagingPlan, place_fields
from migralab.checks.through_images.seen import see_field, whole_field
from migralab.imaging.experiment.pool_images import pool_fields
from migralab.imaging.score.matching import pair_up, tolerance_of
from migralab.measure import measure
from migralab.microscope.scene import scene_from_observations
from migralab.microscope.specimen import Scene, choose
from migralab.results.observations import Observations

COLUMNS: dict[str, str] = {
    "truth": "the whole dish, as the claims are judged",
    "dish_seen": "the whole dish, by what a still shows",
    "fields_seen": "the fields alone, by what a still shows",
    "images": "the images of those fields",
    "images_bright": "the same, vesicles rich in TSPAN4 alone",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one dish gave.

    Parameters
    ----------
    values
        Readouts by column of `COLUMNS` and id; NaN where the column cannot know it.
    true, found, paired
        Vesicles in the fields that could be seen, that the analyser found, and pairs of them.
    bright, bright_paired
        The same of the bright ones alone.
    cells_true, cells_found
        Cells that are counted in the fields.
    """

    values: dict[str, dict[str, float]]
    true: int
    found: int
    paired: int
    bright: int
    bright_paired: int
    cells_true: int
    cells_found: int


def look_at_dish(
    truth: Observations,
    plan: ImagingPlan,
    *,
    dish_um: float,
    seed: int,
    readouts: Iterable[str],
) -> Look:
    """Measure one dish in all ways of `COLUMNS`.

    Parameters
    ----------
    truth
        Tables of the simulated dish.
    plan
        What is imaged.
    dish_um
        Side of the square in which cells were seeded, um.
    seed
        Seed of the dish; places of the fields and noise follow from it.
    readouts
        Observables to measure.
    """
    wanted = tuple(readouts)
    whole = _scene(truth, plan, seed)
    seen, found, bright = [], [], []
    for number, field in enumerate(place_fields(plan, dish_um, seed)):
        scene = replace(whole, field=field)
        seen.append(see_field(truth, scene, plan.least_um))
        measured = measure_picture(take_picture(scene, plan, 1000 * seed + number), plan)
        found.append(measured[0])
        bright.append(measured[1])
    sets = {"truth": truth, "dish_seen": see_field(truth, whole, plan.least_um)}
    for name, fields in (("fields_seen", seen), ("images", found), ("images_bright", bright)):
        sets[name] = pool_fields(fields, experiment=truth.experiment, condition=truth.condition)
    return Look(
        values={name: _values(own, wanted) for name, own in sets.items()},
        true=sum(len(one["migrasomes"]) for one in seen),
        found=sum(len(one["migrasomes"]) for one in found),
        paired=sum(_pairs(a, b) for a, b in zip(seen, found, strict=True)),
        bright=sum(len(one["migrasomes"]) for one in bright),
        bright_paired=sum(_pairs(a, b) for a, b in zip(seen, bright, strict=True)),
        cells_true=sum(len(one["cells"]) for one in seen),
        cells_found=sum(len(one["cells"]) for one in found),
    )


def _values(seen: Observations, readouts: tuple[str, ...]) -> dict[str, float]:
    measured = measure(seen, readouts)
    return {name: float(measured[name].value) for name in readouts}


def _scene(truth: Observations, plan: ImagingPlan, seed: int) -> Scene:
    scene = scene_from_observations(
        truth, None, whole_field(truth), look=seed, flank_fibres_per_um=plan.side_fibres_per_um
    )
    if plan.retractosomes:
        return scene
    return replace(scene, dots=choose(scene.dots, scene.dots.kind != "retractosome"))


def _pairs(seen: Observations, found: Observations) -> int:
    """Count vesicles of the truth that have one of their own in the image, of whatever measured size."""
    true, ours = seen["migrasomes"], found["migrasomes"]
    place, real = (table[["x_um", "y_um"]].to_numpy(np.float64) for table in (ours, true))
    rows, _ = pair_up(place, real, tolerance_of(true["diameter_um"].to_numpy(np.float64)))
    return len(rows)
