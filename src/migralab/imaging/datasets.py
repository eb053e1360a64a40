"""Published image panels and track files: where they lie, where they come from, what in them is no specimen.

None of the files is part of the package. `datasets.yaml` holds facts about them: origin, credit, licence, hash
and scale.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError, UnknownIdError

_BLEED = 2
_FRAME_WIDTH = 3  # a dashed frame is drawn over the specimen: only its outline is masked


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One file of a dataset.

    Parameters
    ----------
    file
        Name inside the dataset's folder.
    sha256
        Hash of the file that the tests were written against.
    pixel_size_um
        Size of a pixel, um; None where the source does not give it.
    pixel_size_from
        How the pixel size is known.
    border_px
        Width of a drawn border, pixels.
    what
        What it shows.
    """

    file: str
    sha256: str
    pixel_size_um: float | None = None
    pixel_size_from: str = ""
    border_px: int = 0
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A folder of files of one origin."""

    name: str
    folder: str
    origin: str
    credit: str
    licence: str
    panels: dict[str, Panel]


@functools.cache
def load_registry() -> dict[str, Dataset]:
    """Return the datasets by name."""
    import yaml

    text = resources.files("migralab.imaging").joinpath("datasets.yaml").read_text(encoding="utf-8")
    return {
        name: Dataset(
            name=name,
            folder=entry["folder"],
            origin=entry["origin"],
            credit=entry["credit"],
            licence=entry["licence"],
            panels={
                panel: Panel(**({"border_px": entry.get("border_px", 0)} | values))
                for panel, values in entry["panels"].items()
            },
        )
        for name, entry in yaml.safe_load(text).items()
    }


def data_root() -> Path | None:
    """Return the folder with the data: MIGRALAB_DATA, else ``shared/data`` beside or above here or the project."""
    if chosen := os.environ.get("MIGRALAB_DATA"):
        return Path(chosen)
    starts = (Path.cwd(), Path(__file__).resolve())
    for start in starts:
        for folder in (start, *start.parents):
            if (found := folder / "shared" / "data").is_dir():
                return found
    return None


def find_panel(name: str) -> tuple[Dataset, Panel]:
    """Return the dataset and the panel of a name such as ``zhao2019_figS1a``."""
    registry = load_registry()
    for dataset in registry.values():
        if name in dataset.panels:
            return dataset, dataset.panels[name]
    raise UnknownIdError("dataset", name, [*registry, *(p for d in registry.values() for p in d.panels)])


def find_dataset(name: str) -> Path:
    """Return the path of a dataset's folder, or of one of its panels.

    Parameters
    ----------
    name
        Name of a dataset (``cellres_ccby_migrasome``) or of a panel (``zhao2019_figS1a``).

    Raises
    ------
    UnknownIdError
        If there is no such name; the nearest are listed.
    DataError
        If the file is not on this machine, or is not the file that is meant; says where to get it.
    """
    registry = load_registry()
    panel = None
    if name in registry:
        dataset = registry[name]
    else:
        dataset, panel = find_panel(name)
    root = data_root()
    path = (root or Path("shared/data")) / dataset.folder / (panel.file if panel else "")
    if root is None or not path.exists():
        raise DataError(
            f"The data '{name}' are not on this machine (looked for {path}). Get them from {dataset.origin} "
            f"({dataset.licence}), put them into a folder '{dataset.folder}', "
            "and set MIGRALAB_DATA to the folder above it."
        )
    if panel and hashlib.sha256(path.read_bytes()).hexdigest() != panel.sha256:
        raise DataError(f"{path} is not the file that '{name}' means: its sha256 differs from {panel.sha256[:12]}...")
    return path


def find_mask(file: Path, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return what in a picture is no specimen: boxes of a ``masks.csv`` beside it, borders of known panels.

    Parameters
    ----------
    file
        The picture.
    shape
        Its height and width, pixels.
    """
    masked = np.zeros(shape, bool)
    listing = file.parent / "masks.csv"
    if listing.is_file():
        lines = [line for line in listing.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        for row in csv.DictReader(lines):
            if row["file"] == file.name:
                # the pictures were resampled: what is drawn bleeds over its box by a pixel or two
                x0, y0 = max(int(row["x0"]) - _BLEED, 0), max(int(row["y0"]) - _BLEED, 0)
                box = masked[y0 : int(row["y1"]) + _BLEED, x0 : int(row["x1"]) + _BLEED]
                line = _FRAME_WIDTH + 2 * _BLEED
                inner = box[line:-line, line:-line].copy()
                box[...] = True
                if row["what"] == "dashed_frame":
                    box[line:-line, line:-line] = inner
    border = max(
        (p.border_px for d in load_registry().values() for p in d.panels.values() if p.file == file.name),
        default=0,
    )
    if border:
        masked[:border] = masked[-border:] = True
        masked[:, :border] = masked[:, -border:] = True
    return masked
