"""What is found in the micrograph of a field: image, analyse with the settings as they are, count by the same rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from migralab.checks.through_images.plan import ImagingPlan
from migralab.imaging.analyse import analyse_micrograph, trace_frame
from migralab.imaging.markers import measure_markers
from migralab.imaging.reading import Micrograph
from migralab.imaging.settings import AnalysisSettings
from migralab.microscope.image_run import ImagedDish, image_scenes
from migralab.microscope.specimen import Scene
from migralab.results.observations import Observations


def take_picture(scene: Scene, plan: ImagingPlan, seed: int) -> Micrograph:
    """Return the micrograph of a scene as the analyser gets it: grey levels and the size of a pixel, no truth."""
    imaged = image_scenes([scene], channels=(plan.channel,), preset=plan.microscope, seed=seed)
    return as_read(imaged)


def as_read(imaged: ImagedDish) -> Micrograph:
    """Return micrographs as they would be read from their file."""
    pixels = np.stack([np.asarray(shot.pixels, np.float32) for shot in imaged.micrographs])
    times = tuple(shot.time_min - imaged.micrographs[0].time_min for shot in imaged.micrographs)
    return Micrograph(
        pixels=pixels,
        pixel_size_um=imaged.microscope.pixel_um,
        frame_interval_min=times[1] if len(times) > 1 else None,
        channels=imaged.micrographs[0].channels,
        source=f"{imaged.condition} {imaged.experiment}",
        masked=np.zeros(pixels.shape[-2:], bool),
        times_min=times,
    )


def measure_picture(
    picture: Micrograph, plan: ImagingPlan, settings: AnalysisSettings | None = None
) -> tuple[Observations, Observations]:
    """Return what the analyser finds, with cells counted as `map_bodies` counts them.

    Parameters
    ----------
    picture
        Micrograph of one frame.
    plan
        Which vesicles are counted.
    settings
        The defaults where omitted.

    Returns
    -------
    tuple
        All vesicles that measure at least `ImagingPlan.least_um`, and of these the bright ones only.
    """
    chosen = settings or AnalysisSettings()
    found = analyse_micrograph(picture, chosen)
    bodies = trace_frame(picture, chosen, 0).bodies
    cut = set(np.unique(np.concatenate([bodies[0], bodies[:, 0]])).tolist()) - {0}
    uncounted = [number - 1 for number in cut]  # bodies are numbered from 1, cells from 0
    tables = dict(found.tables)
    cells = tables["cells"]
    tables["cells"] = cells[~cells["cell_id"].isin(uncounted)].reset_index(drop=True)
    for name in ("migrasomes", "fibres", "nodes"):
        rows = tables[name].copy()
        rows["cell_id"] = np.where(rows["cell_id"].isin(uncounted), -1, rows["cell_id"])
        tables[name] = rows
    seen = tables["migrasomes"]
    seen = seen[~(seen["diameter_um"] < plan.least_um)]
    bright = seen[seen["migrasome_id"].isin(_bright(picture, plan, chosen))]
    both = [replace(found, tables=tables | {"migrasomes": rows.reset_index(drop=True)}) for rows in (seen, bright)]
    return both[0], both[1]


def _bright(picture: Micrograph, plan: ImagingPlan, settings: AnalysisSettings) -> list[int]:
    """Return the ids of vesicles whose membrane is bright enough over the usual fibre; all where none shows."""
    light = measure_markers(picture, settings)
    usual = (light["membrane"] / light["to_fibre"]).median()
    enough = light["membrane"] >= plan.least_brightness * usual if np.isfinite(usual) else light["vesicle"] >= 0
    return [int(number) for number in light["vesicle"][enough]]
