"""What a micrograph is, in words: scale, axes, times, channels, instrument, and how it was made."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from migralab.core.version import VERSION
from migralab.microscope.image_run import ImagedDish

WARNING = (
    "Made by migralab: a rendering of a simulated dish, not a photograph. Outlines of cells, endosomes and "
    "fibres of kind 'flank' are drawn and not simulated. Places in the truth tables are in um from the "
    "centre of pixel (0, 0), y downwards; origin_um gives that pixel's place in the dish."
)


def z_step(dish: ImagedDish) -> float | None:
    """Return the distance between the planes of a stack, um; None for single planes."""
    heights = dish.micrographs[0].z_um
    return float(np.diff(heights).mean()) if len(heights) > 1 else None


def even_interval(dish: ImagedDish) -> float | None:
    """Return the time between frames, min, where it is one; None for a single frame or uneven ones."""
    steps = np.diff([shot.time_min for shot in dish.micrographs])
    return float(steps[0]) if len(steps) and np.allclose(steps, steps[0]) else None


def describe(dish: ImagedDish) -> dict[str, Any]:
    """Return the description that is written beside an image, ready for JSON."""
    first = dish.micrographs[0]
    x0, y0, x1, y1 = dish.scenes[0].field
    parts: dict[str, Any] = {
        "migralab": VERSION,
        "warning": WARNING,
        "experiment": dish.experiment,
        "condition": dish.condition,
        "seed": dish.seed,
        "microscope": dataclasses.asdict(dish.microscope),
        "channels": [dataclasses.asdict(stain) for stain in dish.stains if stain.name in first.channels],
        "origin_um": list(first.origin_um),
        "field_um": [x0, y0, x1, y1],
        "field_area_um2": (x1 - x0) * (y1 - y0),
        "field_chosen_for_its_content": dish.field_chosen,
        "z_um": list(first.z_um),
        "frames": [
            {"frame": shot.frame, "time_min": shot.time_min, "saturated_pixels": list(shot.saturated)}
            for shot in dish.micrographs
        ],
    }
    if dish.protocol is not None:
        parts["protocol"] = dataclasses.asdict(dish.protocol)
    return parts
