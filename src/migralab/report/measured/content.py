"""What stands in the folder of a measurement, read for its page."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migralab.core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

SETTINGS = "settings.json"
_TABLES = ("migrasomes", "fibres", "cells")
_OF_FILMS = ("tracks", "events", "growth", "drift", "recovery", "recovery_curves")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One measurement as it lies on disk.

    Parameters
    ----------
    migrasomes, fibres, cells
        Tables as `write_measurement` writes them: one row an object and frame, units in the names.
    settings
        Content of ``settings.json``: source, scale, notes, every threshold, versions.
    overlay
        PNG of the last frame with what was found; None where there is none.
    film
        What a film tells over time, by name: ``tracks``, ``events``, ``growth``, ``drift``, and after FRAP
        ``recovery`` and ``recovery_curves``; empty for a still image.
    """

    migrasomes: pd.DataFrame
    fibres: pd.DataFrame
    cells: pd.DataFrame
    settings: dict[str, Any]
    overlay: bytes | None
    film: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def frames(self) -> list[int]:
        """Numbers of the frames in which anything was found, in order."""
        found = {int(frame) for table in (self.migrasomes, self.fibres, self.cells) for frame in table["frame"]}
        return sorted(found)

    def last(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a table in the last frame."""
        return table[table["frame"] == self.frames[-1]] if self.frames else table


def is_measurement(folder: Path) -> bool:
    """Whether a folder was written by ``migralab measure`` from an image."""
    return (folder / SETTINGS).is_file() and (folder / "migrasomes.csv").is_file()


def read_measurement(folder: str | Path) -> Measured:
    """Read the folder of a measurement.

    Raises
    ------
    DataError
        If it is none, or a part of it is missing or cannot be read.
    """
    import pandas as pd

    place = Path(folder)
    if not is_measurement(place):
        raise DataError(
            f"{place} is not a measurement: it has no {SETTINGS} and migrasomes.csv. "
            "Give the folder that `migralab measure IMAGE` wrote."
        )
    try:
        tables = {name: pd.read_csv(place / f"{name}.csv") for name in _TABLES}
        film = {name: pd.read_csv(place / f"{name}.csv") for name in _OF_FILMS if (place / f"{name}.csv").is_file()}
        settings = json.loads((place / SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{place} cannot be read as a measurement: {error}. Measure the image again.") from None
    for name, table in tables.items():
        if "frame" not in table:
            raise DataError(f"{place / f'{name}.csv'} has no column 'frame'. Measure the image again.")
    overlay = place / "overlay.png"
    picture = overlay.read_bytes() if overlay.is_file() else None
    return Measured(**tables, settings=settings, overlay=picture, film=film)
