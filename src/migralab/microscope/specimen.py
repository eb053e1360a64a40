"""What a specimen is made of: bodies, membrane tubes, vesicles and dots, each with its kind, at one time."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.microscope.body import CellBody

Array = NDArray[Any]
Floats = NDArray[np.float64]
Field = tuple[float, float, float, float]

FIBRE_RADIUS_UM = 0.05  # E: membrane tubes of 70 to 100 nm (evidence/imaging.md section 3)
TUBE_KINDS = ("laid", "live", "flank", "filopodium", "nanotube")
FIBRE_KINDS = ("laid", "live", "flank")  # the retraction fibres among them
VESICLE_KINDS = ("migrasome", "free", "endosome")
DOT_KINDS = ("retractosome", "debris", "punctum", "free", "endosome")


def _left_out() -> Any:
    return np.empty(0)


def _complete(part: Any, measure: str, usual: dict[str, Any], kinds: tuple[str, ...]) -> None:
    """Give the columns that were left out their usual value; refuse columns of unequal length and unknown kinds."""
    rows = len(getattr(part, measure))
    name = type(part).__name__
    for column in dataclasses.fields(part):
        values = getattr(part, column.name)
        if not len(values) and column.name in usual:
            object.__setattr__(part, column.name, np.full(rows, usual[column.name]))
        elif len(values) != rows:
            raise RequestError(
                f"{name}.{column.name} has {len(values)} rows and {name}.{measure} {rows}: every column "
                "needs one row for each object."
            )
    if strange := sorted(set(np.asarray(part.kind, str)) - set(kinds)):
        raise RequestError(f"{name}.kind = '{strange[0]}' is not known. Allowed: {', '.join(kinds)}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tubes:
    """Thin membrane tubes as straight pieces of smooth curves; arrays of one length, lengths in um.

    Parameters
    ----------
    ends
        Segments (n, 4): x0, y0, x1, y1.
    cell_id, node_id
        Owner, and the network node at the far end of the stretch that the piece is of (-1 where there is none).
    kind
        ``laid`` on the ground, ``live`` between the last node and the cell, or ``flank``: drawn beside the
        body, not part of the simulation. ``filopodium`` and ``nanotube`` are no retraction fibres.
    radius
        Radius of the tube.
    brightness
        Membrane density relative to fibre membrane.
    z_um
        Height above the ground; 0 where left out.
    """

    ends: Floats
    cell_id: Array
    node_id: Array
    kind: Array
    radius: Floats
    brightness: Floats
    z_um: Floats = dataclasses.field(default_factory=_left_out)

    def __post_init__(self) -> None:
        _complete(self, "ends", {"z_um": 0.0}, TUBE_KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vesicles:
    """Vesicles as spheres: migrasomes and others; arrays of one length, lengths in um.

    Parameters
    ----------
    migrasome_id, cell_id, node_id
        Ids in the tables.
    centre
        Centres (n, 2).
    diameter
        Diameters.
    enrichment
        Tetraspanin per membrane area relative to the fibre; 1 where the table does not know it.
    lumen
        Light from inside relative to the usual.
    attachment, attached, stage
        As in the tables.
    density
        Membrane density relative to a stain's usual one, in every channel; 1 where left out.
    z_um
        Height of the centre above the plane in which the usual focus lies; 0 where left out.
    rna
        RNA per volume relative to the usual; 1 where left out, 0 for a vesicle without.
    kind
        ``migrasome`` where left out, ``free`` (not on a fibre, no migrasome of any cell) or ``endosome``.
    """

    migrasome_id: Array
    cell_id: Array
    node_id: Array
    centre: Floats
    diameter: Floats
    enrichment: Floats
    lumen: Floats
    attachment: Array
    attached: Array
    stage: Array
    density: Floats = dataclasses.field(default_factory=_left_out)
    z_um: Floats = dataclasses.field(default_factory=_left_out)
    rna: Floats = dataclasses.field(default_factory=_left_out)
    kind: Array = dataclasses.field(default_factory=_left_out)

    def __post_init__(self) -> None:
        usual = {"density": 1.0, "z_um": 0.0, "rna": 1.0, "kind": "migrasome"}
        _complete(self, "diameter", usual, VESICLE_KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dots:
    """Membrane smaller than a migrasome, drawn as blurred spots; arrays of one length, lengths in um.

    Parameters
    ----------
    centre
        Centres (n, 2).
    diameter
        Diameters; the light is that of a spherical membrane of this diameter.
    cell_id
        Owner, -1 for none.
    kind
        ``retractosome`` (what is left of a broken fibre) where left out, ``debris``, ``punctum`` (small and
        bright, often on a fibre), ``free`` or ``endosome``.
    brightness
        Membrane density relative to fibre membrane; 1 where left out.
    z_um
        Height above the ground; 0 where left out.
    """

    centre: Floats
    diameter: Floats
    cell_id: Array
    kind: Array = dataclasses.field(default_factory=_left_out)
    brightness: Floats = dataclasses.field(default_factory=_left_out)
    z_um: Floats = dataclasses.field(default_factory=_left_out)

    def __post_init__(self) -> None:
        _complete(self, "diameter", {"kind": "retractosome", "brightness": 1.0, "z_um": 0.0}, DOT_KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything that gives light, at one time.

    Parameters
    ----------
    field
        x0, y0, x1, y1 in um of the dish. The centre of the first pixel lies at (x0, y0).
    frame, time_min
        Frame of the run, and its time.
    cells, tubes, vesicles, dots
        The specimen, in coordinates of the dish. Objects outside the field may be in it: their light may not.
    beading
        Log-normal spread of the brightness of tubes over 0.4 um (E).
    """

    field: Field
    frame: int
    time_min: float
    cells: tuple[CellBody, ...]
    tubes: Tubes
    vesicles: Vesicles
    dots: Dots
    beading: float = 0.25


def no_tubes() -> Tubes:
    """Return tubes without any row."""
    return lines_of(np.empty((0, 4)))


def lines_of(
    ends: Floats, *, kind: str = "laid", cell_id: int = -1, radius: float = FIBRE_RADIUS_UM, brightness: float = 1.0
) -> Tubes:
    """Return tubes of one kind and one owner from segments (n, 4), um."""
    rows = len(ends)
    return Tubes(
        ends=np.asarray(ends, np.float64),
        cell_id=np.full(rows, cell_id),
        node_id=np.full(rows, -1),
        kind=np.full(rows, kind),
        radius=np.full(rows, radius),
        brightness=np.full(rows, brightness),
    )


def spheres_of(
    centre: Floats, diameter: Floats, *, kind: str = "migrasome", attachment: str | Array = "tip"
) -> Vesicles:
    """Return vesicles of one kind at `centre` (n, 2) with `diameter` (n,), um; all else as usual."""
    rows = len(diameter)
    return Vesicles(
        migrasome_id=np.arange(rows),
        cell_id=np.full(rows, -1),
        node_id=np.full(rows, -1),
        centre=np.asarray(centre, np.float64).reshape(-1, 2),
        diameter=np.asarray(diameter, np.float64),
        enrichment=np.ones(rows),
        lumen=np.ones(rows),
        attachment=np.full(rows, attachment),
        attached=np.full(rows, np.asarray(attachment) != "free"),
        stage=np.full(rows, "unknown"),
        kind=np.full(rows, kind),
    )


def dots_of(centre: Floats, diameter: Floats, *, kind: str = "retractosome", brightness: float = 1.0) -> Dots:
    """Return dots of one kind at `centre` (n, 2) with `diameter` (n,), um."""
    rows = len(diameter)
    return Dots(
        centre=np.asarray(centre, np.float64).reshape(-1, 2),
        diameter=np.asarray(diameter, np.float64),
        cell_id=np.full(rows, -1),
        kind=np.full(rows, kind),
        brightness=np.full(rows, brightness),
    )


Part = TypeVar("Part", Tubes, Vesicles, Dots)


def join(*parts: Part) -> Part:
    """Return tubes, vesicles or dots of several sets in one."""
    columns = {
        column.name: np.concatenate([getattr(part, column.name) for part in parts])
        for column in dataclasses.fields(parts[0])
    }
    return type(parts[0])(**columns)


def choose(part: Part, rows: Array) -> Part:
    """Return the rows of tubes, vesicles or dots that a mask or an index picks."""
    columns = {column.name: getattr(part, column.name)[rows] for column in dataclasses.fields(part)}
    return type(part)(**columns)
