"""Write micrographs as OME-TIFF with the truth beside them: all files, or none."""

from __future__ import annotations

import csv
import dataclasses
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from migralab.core.errors import RequestError
from migralab.core.version import VERSION
from migralab.microscope.image_run import ImagedDish
from migralab.microscope.presets import STAINS
from migralab.microscope.scene import Scene

_ENDINGS = (".ome.tiff", ".ome.tif")
_TRUTH = (
    "truth_migrasomes.csv",
    "truth_fibres.csv",
    "truth_retractosomes.csv",
    "truth_cells.csv",
    "scene.json",
)
_WARNING = (
    "Made by migralab: a rendering of a simulated dish, not a photograph. Outlines of cells, endosomes and "
    "fibres of kind 'flank' are drawn and not simulated. Places in the truth tables are in um from the "
    "centre of pixel (0, 0), y downwards; origin_um gives that pixel's place in the dish."
)


def truth_paths(image: Path) -> dict[str, Path]:
    """Return the files beside an image by their plain name (``dish1.ome.tiff``: ``dish1.scene.json`` ...)."""
    stem = next((image.name.removesuffix(end) for end in _ENDINGS if image.name.endswith(end)), image.stem)
    return {name: image.with_name(f"{stem}.{name}") for name in _TRUTH}


def write_micrographs(dish: ImagedDish, path: str | Path) -> dict[str, Path]:
    """Write the image, its truth tables and its description; refuse to overwrite.

    Parameters
    ----------
    dish
        What `image_observations` returned.
    path
        Image to write; ends in ``.ome.tiff`` or ``.ome.tif``, in a folder that exists.

    Returns
    -------
    dict
        Paths by name: ``image`` and the names of `truth_paths`.

    Raises
    ------
    RequestError
        If the name is not that of an OME-TIFF, the folder is missing, or one of the files exists.
    """
    image = Path(path)
    if not image.name.endswith(_ENDINGS):
        raise RequestError(f"'{image}' is not named as an OME-TIFF. End the name in {' or '.join(_ENDINGS)}.")
    if not image.parent.is_dir():
        raise RequestError(f"There is no folder '{image.parent}' to write '{image.name}' in. Make it first.")
    targets = {**truth_paths(image), "image": image}
    if there := sorted(str(target) for target in targets.values() if target.exists()):
        raise RequestError(f"{', '.join(there)} exists already and is not overwritten. Give another name.")
    # written beside their targets and moved at the end, the image last: an image always has its truth
    with tempfile.TemporaryDirectory(prefix=".micrograph-", dir=image.parent) as folder:
        made = {name: Path(folder) / target.name for name, target in targets.items()}
        _write_tables(dish, made)
        made["scene.json"].write_text(json.dumps(_describe(dish), indent=2) + "\n", encoding="utf-8")
        _write_image(dish, made["image"])
        for name, target in targets.items():
            made[name].replace(target)
    return targets


def _write_image(dish: ImagedDish, path: Path) -> None:
    import tifffile

    first = dish.micrographs[0]
    pixels = np.stack([micrograph.pixels for micrograph in dish.micrographs])
    times = [micrograph.time_min for micrograph in dish.micrographs]
    metadata: dict[str, Any] = {
        "axes": "TCYX",
        "PhysicalSizeX": dish.microscope.pixel_um,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": dish.microscope.pixel_um,
        "PhysicalSizeYUnit": "µm",
        "Channel": {"Name": list(first.channels)},
        "Description": _WARNING,
    }
    if len(times) > 1:
        steps = np.diff(times)
        if np.allclose(steps, steps[0]):  # OME knows one increment; uneven frames keep their times per plane
            metadata["TimeIncrement"] = float(steps[0])
            metadata["TimeIncrementUnit"] = "min"
    planes = [time for time in times for _ in first.channels]
    metadata["Plane"] = {"DeltaT": planes, "DeltaTUnit": ["min"] * len(planes)}
    tifffile.imwrite(path, pixels, ome=True, photometric="minisblack", metadata=metadata, compression="zlib")


def _describe(dish: ImagedDish) -> dict[str, Any]:
    first = dish.micrographs[0]
    x0, y0, x1, y1 = dish.scenes[0].field
    return {
        "migralab": VERSION,
        "warning": _WARNING,
        "experiment": dish.experiment,
        "condition": dish.condition,
        "seed": dish.seed,
        "microscope": dataclasses.asdict(dish.microscope),
        "channels": [dataclasses.asdict(STAINS[name]) for name in first.channels],
        "origin_um": list(first.origin_um),
        "field_um": [x0, y0, x1, y1],
        "field_area_um2": (x1 - x0) * (y1 - y0),
        "field_chosen_for_its_content": dish.field_chosen,
        "frames": [
            {"frame": shot.frame, "time_min": shot.time_min, "saturated_pixels": list(shot.saturated)}
            for shot in dish.micrographs
        ],
    }


def _write_tables(dish: ImagedDish, made: dict[str, Path]) -> None:
    for name, heads, rows in (
        ("truth_migrasomes.csv", _MIGRASOMES, _migrasome_rows),
        ("truth_fibres.csv", _FIBRES, _fibre_rows),
        ("truth_retractosomes.csv", _DOTS, _dot_rows),
        ("truth_cells.csv", _CELLS, _cell_rows),
    ):
        with made[name].open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(("frame", "time_min", *heads))
            for scene in dish.scenes:
                for row in rows(scene):
                    table.writerow((scene.frame, scene.time_min, *row))


_MIGRASOMES = (
    "migrasome_id", "cell_id", "node_id", "x_um", "y_um", "diameter_um", "attachment", "attached", "stage",
    "enrichment", "in_field",
)  # fmt: skip
_FIBRES = ("cell_id", "node_id", "kind", "x0_um", "y0_um", "x1_um", "y1_um", "length_um", "radius_um")
_DOTS = ("cell_id", "x_um", "y_um", "diameter_um")
_CELLS = ("cell_id", "x_um", "y_um", "area_um2", "outline_um")


def _places(scene: Scene, points: ArrayLike) -> NDArray[np.float64]:
    place = np.asarray(points, np.float64) - np.array(scene.field[:2])
    return np.asarray(np.round(place, 4), np.float64)


def _inside(scene: Scene, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    x0, y0, x1, y1 = scene.field
    within = (points[:, 0] >= x0) & (points[:, 0] <= x1) & (points[:, 1] >= y0) & (points[:, 1] <= y1)
    return np.asarray(within)


def _migrasome_rows(scene: Scene) -> Iterable[tuple[Any, ...]]:
    """Vesicles whose centre lies in the field, and those beyond the border that show in part."""
    seen = scene.vesicles
    inside = _inside(scene, seen.centre)
    x0, y0, x1, y1 = scene.field
    near = np.maximum.reduce(
        [x0 - seen.centre[:, 0], seen.centre[:, 0] - x1, y0 - seen.centre[:, 1], seen.centre[:, 1] - y1]
    )
    place = _places(scene, seen.centre)
    for row in np.flatnonzero(near < seen.diameter / 2):
        yield (
            int(seen.migrasome_id[row]),
            int(seen.cell_id[row]),
            int(seen.node_id[row]),
            *place[row].tolist(),
            round(float(seen.diameter[row]), 4),
            str(seen.attachment[row]),
            bool(seen.attached[row]),
            str(seen.stage[row]),
            round(float(seen.enrichment[row]), 4),
            bool(inside[row]),
        )


def _fibre_rows(scene: Scene) -> Iterable[tuple[Any, ...]]:
    """Segments with at least one end in the field; whole, not clipped."""
    tubes = scene.tubes
    first, second = tubes.ends[:, :2], tubes.ends[:, 2:]
    length = np.hypot(*(second - first).T)
    place = np.hstack([_places(scene, first), _places(scene, second)])
    for row in np.flatnonzero(_inside(scene, first) | _inside(scene, second)):
        yield (
            int(tubes.cell_id[row]),
            int(tubes.node_id[row]),
            str(tubes.kind[row]),
            *place[row].tolist(),
            round(float(length[row]), 4),
            float(tubes.radius[row]),
        )


def _dot_rows(scene: Scene) -> Iterable[tuple[Any, ...]]:
    place = _places(scene, scene.dots.centre)
    for row in np.flatnonzero(_inside(scene, scene.dots.centre)):
        diameter = round(float(scene.dots.diameter[row]), 4)
        yield int(scene.dots.cell_id[row]), *place[row].tolist(), diameter


def _cell_rows(scene: Scene) -> Iterable[tuple[Any, ...]]:
    """Cells of which some of the outline lies in the field, with the outline that was drawn."""
    for cell in scene.cells:
        if _inside(scene, cell.outline).any():
            centre = _places(scene, [cell.x_um, cell.y_um]).tolist()
            outline = " ".join(f"{x:.2f},{y:.2f}" for x, y in _places(scene, cell.outline))
            yield cell.cell_id, *centre, round(cell.area_um2, 2), outline
