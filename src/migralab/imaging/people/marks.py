"""Marks: what every file of hand counts comes down to before it becomes a table."""

from __future__ import annotations

from dataclasses import dataclass, replace

from migralab.core.errors import DataError

KINDS = ("tip", "junction", "shaft", "free", "unknown", "cell", "ignore")
_TO_UM = {
    "um": 1.0, "µm": 1.0, "μm": 1.0, "micron": 1.0, "microns": 1.0, "micrometer": 1.0, "micrometre": 1.0,
    "nm": 1e-3, "nanometer": 1e-3, "mm": 1e3, "cm": 1e4,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One mark: place and diameter in the unit of its file, frame counted from 0, type as the person called it."""

    x: float
    y: float
    diameter: float = float("nan")
    frame: int = 0
    kind: str = ""

    def named(self, kind: str) -> Mark:
        """Return the mark with another kind."""
        return replace(self, kind=kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkFile:
    """All marks of one file.

    Parameters
    ----------
    source
        Name of the file.
    marks
        In um if `in_um`, else in pixels from the centre of the first one.
    pixel_um
        Pixel size that the file itself states, um; None where it states none.
    in_um
        Whether places are in um.
    notes
        What was chosen or is doubtful.
    """

    source: str
    marks: tuple[Mark, ...]
    pixel_um: float | None
    in_um: bool
    notes: tuple[str, ...] = ()

    def to_um(self, pixel_size: float | None) -> float:
        """Return how many um one unit of the file is; `pixel_size` goes before what the file says.

        Raises
        ------
        DataError
            If places are in pixels and nobody says how large these are.
        """
        if self.in_um:
            return 1.0
        size = pixel_size if pixel_size is not None else self.pixel_um
        if size is None:
            raise DataError(
                f"{self.source} gives places in pixels and not how large a pixel is. Give the pixel size of the image "
                "that was counted, for example 0.1 um. It is never guessed."
            )
        return size


def find_length_unit(unit: str) -> float | None:
    """Return how many um a unit of length is; None for pixels and unknown words."""
    return _TO_UM.get(unit.strip().replace("\\u00B5", "µ").lower())
