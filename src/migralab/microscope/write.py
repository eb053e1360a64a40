"""Write micrographs as OME-TIFF or OME-Zarr with the truth beside them: all files, or none."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from migralab.core.errors import RequestError
from migralab.microscope.files.metadata import describe
from migralab.microscope.files.ome_tiff import write_label_tiff, write_ome_tiff
from migralab.microscope.files.ome_zarr import write_ome_zarr
from migralab.microscope.files.truth import table_writers, write_tables
from migralab.microscope.image_run import ImagedDish

_TIFF = (".ome.tiff", ".ome.tif")
_ZARR = (".ome.zarr",)
_ENDINGS = (*_TIFF, *_ZARR)
_TRUTH = (
    "truth_migrasomes.csv",
    "truth_fibres.csv",
    "truth_retractosomes.csv",
    "truth_cells.csv",
    "truth_lookalikes.csv",
    "truth_other_tubes.csv",
    "truth_frames.csv",
    "truth_labels.ome.tiff",
    "scene.json",
)


def truth_paths(image: Path) -> dict[str, Path]:
    """Return the files beside an image by their plain name (``dish1.ome.tiff``: ``dish1.scene.json`` ...).

    A series with FRAP has ``truth_frap.csv`` as well.
    """
    return {name: _beside(image, name) for name in _TRUTH}


def _beside(image: Path, name: str) -> Path:
    stem = next((image.name.removesuffix(end) for end in _ENDINGS if image.name.endswith(end)), image.stem)
    return image.with_name(f"{stem}.{name}")


def write_micrographs(dish: ImagedDish, path: str | Path) -> dict[str, Path]:
    """Write the image, its truth tables, label images and description; refuse to overwrite.

    Parameters
    ----------
    dish
        What `image_observations` or `image_scenes` returned.
    path
        Image to write, in a folder that exists: ends in ``.ome.tiff`` or ``.ome.tif``, or ``.ome.zarr`` for a
        folder in the form of OME-Zarr 0.5, which holds the label images too.

    Returns
    -------
    dict
        Paths by name: ``image`` and the names of `truth_paths`.

    Raises
    ------
    RequestError
        If the name has another ending, the folder is missing, or one of the files exists.
    """
    image = Path(path)
    if not image.name.endswith(_ENDINGS):
        raise RequestError(f"'{image}' is not named as an OME-TIFF or OME-Zarr. End the name in {_or(_ENDINGS)}.")
    if not image.parent.is_dir():
        raise RequestError(f"There is no folder '{image.parent}' to write '{image.name}' in. Make it first.")
    names = {*_TRUTH, *table_writers(dish)}
    targets = {**{name: _beside(image, name) for name in sorted(names)}, "image": image}
    if there := sorted(str(target) for target in targets.values() if target.exists()):
        raise RequestError(f"{', '.join(there)} exists already and is not overwritten. Give another name.")
    # written beside their targets and moved at the end, the image last: an image always has its truth
    with tempfile.TemporaryDirectory(prefix=".micrograph-", dir=image.parent) as folder:
        made = {name: Path(folder) / target.name for name, target in targets.items()}
        write_tables(dish, made)
        made["scene.json"].write_text(json.dumps(describe(dish), indent=2) + "\n", encoding="utf-8")
        write_label_tiff(dish, made["truth_labels.ome.tiff"])
        if image.name.endswith(_ZARR):
            write_ome_zarr(dish, made["image"])
        else:
            write_ome_tiff(dish, made["image"])
        for name, target in targets.items():
            made[name].replace(target)
    return targets


def _or(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
