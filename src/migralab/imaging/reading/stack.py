"""What every image file is brought to: planes by frame, channel and z that are read one at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError
from migralab.core.memory import free_memory

COLOURS = ("red", "green", "blue")
_KNOWN = "TCZYXS"
_WORK_BYTES = 24  # a pixel, for its copies while it is read and checked
_THIN = 8  # an image this few pixels wide is more likely one whose axes are in another order


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a file says about its pixels; None or empty where it says nothing.

    Parameters
    ----------
    pixel_size_um, z_step_um
        Size of a pixel and step between planes along z, um.
    frame_interval_min
        Time between frames, min.
    times_min
        Time of each frame, min, where each has its own stamp.
    channels
        Names.
    hint
        What the user may want to know where the pixel size is missing.
    notes
        What was chosen or is doubtful.
    """

    pixel_size_um: float | None = None
    z_step_um: float | None = None
    frame_interval_min: float | None = None
    times_min: tuple[float, ...] = ()
    channels: tuple[str, ...] = ()
    hint: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """An open file.

    Parameters
    ----------
    source
        File name.
    axes, shape
        Letters of the axes as the file declares them (T, C, Z, Y, X, S for samples of a colour; others unknown),
        and their lengths.
    leading
        Number of axes from the first that `fetch` is indexed by; the others come back whole.
    fetch
        Reads the array at an index of the leading axes.
    dtype
        Of the file.
    coloured
        Whether the samples S are red, green and blue.
    picture
        Whether it is a picture for the eye (PNG, JPEG), which may carry text.
    facts
        What the file says.
    """

    source: str
    axes: str
    shape: tuple[int, ...]
    leading: int
    fetch: Callable[[tuple[int, ...]], NDArray[Any]]
    dtype: np.dtype[Any]
    coloured: bool = True
    picture: bool = False
    facts: Facts = field(default_factory=Facts)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Planes:
    """A stack whose axes are known.

    Parameters
    ----------
    stack
        The open file; its axes are relabelled where the user said so.
    frames, channels, depth
        How many there are of each.
    colour
        Which sample of a colour picture is read; None where there is none.
    names
        Of the channels, where known.
    notes
        What was chosen.
    """

    stack: Stack
    frames: int
    channels: int
    depth: int
    colour: int | None = None
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, pixels."""
        return self._length("Y"), self._length("X")

    def _length(self, axis: str) -> int:
        return self.stack.shape[self.stack.axes.index(axis)]

    def read(self, frame: int, channel: int, z: int) -> NDArray[Any]:
        """Return one plane (y, x) in the type of the file, byte order of this machine."""
        place = {"T": frame, "C": channel, "Z": z, "S": self.colour if self.colour is not None else channel}
        return self._cut(place, keep="")

    def read_colours(self) -> NDArray[Any]:
        """Return the first plane with its colours last (y, x, 3), or grey (y, x)."""
        return self._cut({}, keep="S" if self.colour is not None else "")

    def _cut(self, place: dict[str, int], keep: str) -> NDArray[Any]:
        stack = self.stack
        index = [slice(None) if a in "YX" + keep else place.get(a, 0) for a in stack.axes]
        array = read_array(stack, tuple(int(i) for i in index[: stack.leading] if not isinstance(i, slice)))
        plane = np.asarray(array[tuple(index[stack.leading :])])
        left = [a for a in stack.axes if a in "YX" + keep]
        plane = plane.transpose([left.index(a) for a in ("Y", "X", *keep)])
        return plane if plane.dtype.isnative else plane.astype(plane.dtype.newbyteorder("="))


def read_array(stack: Stack, index: tuple[int, ...]) -> NDArray[Any]:
    """Return what lies at an index of the leading axes.

    Raises
    ------
    DataError
        If the file does not hold it, or it is larger than the memory.
    """
    expected = stack.shape[stack.leading :]
    try:
        array = stack.fetch(index)
    except DataError:
        raise
    except Exception as error:  # noqa: BLE001 - a damaged file raises many kinds, all meaning the same to the user
        where = f" at plane {', '.join(map(str, index))}" if index else ""
        raise DataError(f"{stack.source} is truncated or damaged{where} ({first_line(error)}).") from None
    if array.shape != expected:
        raise DataError(f"{stack.source} is truncated or damaged: it holds {array.shape} where it says {expected}.")
    return array


def first_line(error: BaseException) -> str:
    """Return the beginning of what an error says."""
    return (str(error).splitlines() or [type(error).__name__])[0][:120] or type(error).__name__


def arrange(stack: Stack, *, axes: str | None = None, colour: str | None = None) -> Planes:
    """Decide which axis is time, channel, z and colour.

    Parameters
    ----------
    stack
        An open file.
    axes
        Letters in the order of the file, such as ``TYX``, where the file is wrong or says nothing.
    colour
        ``red``, ``green`` or ``blue`` of a colour picture; by default the one that varies most.

    Raises
    ------
    DataError
        If that is not possible, or contradicts itself.
    """
    stack = _relabel(stack, axes) if axes else _guess(stack)
    _check_axes(stack)
    notes: list[str] = []
    length = dict(zip(stack.axes, stack.shape, strict=True))
    notes += [
        f"Only the first of {n} along axis '{a}' was read." for a, n in length.items() if a not in _KNOWN and n > 1
    ]
    planes = Planes(
        stack=stack, frames=length.get("T", 1), channels=length.get("C", 1), depth=length.get("Z", 1)
    )  # fmt: skip
    if "S" not in length:
        return _with_notes(planes, notes)
    if stack.coloured and length["S"] >= 3:
        return _with_notes(_in_colour(planes, colour), notes)
    if length["S"] == 2:  # grey and how opaque it is
        return _with_notes(replace(planes, colour=0), notes)
    if planes.channels > 1:
        raise DataError(
            f"{stack.source} has both channels and {length['S']} samples a pixel; save it as OME-TIFF with channels."
        )
    return _with_notes(replace(planes, channels=length["S"]), notes)


def _with_notes(planes: Planes, notes: list[str]) -> Planes:
    return replace(planes, notes=(*planes.notes, *notes))


def _guess(stack: Stack) -> Stack:
    """Pages that no metadata explains are taken for frames."""
    axes = ""
    for letter, length in zip(stack.axes, stack.shape, strict=True):
        free = "T" not in stack.axes and "T" not in axes
        axes += "T" if letter in "IQR" and free and length > 1 else letter
    # an axis that stands twice (QQYX) keeps its first place only
    unique = "".join(a if a not in axes[:n] else chr(ord("a") + n) for n, a in enumerate(axes))
    return replace(stack, axes=unique)


def _relabel(stack: Stack, asked: str) -> Stack:
    wanted = asked.upper()
    long = [n for n, length in enumerate(stack.shape) if length > 1 or stack.axes[n] in "YX"]
    valid = set(wanted) <= set(_KNOWN) and len(set(wanted)) == len(wanted) and {"Y", "X"} <= set(wanted)
    if not valid or len(wanted) not in {len(stack.shape), len(long)}:
        sizes = " x ".join(str(stack.shape[n]) for n in long)
        raise DataError(
            f"--axes {asked} does not fit {stack.source}, which has {len(long)} axes of {sizes}. Give one letter for "
            "each, each once: T frames, C channels, Z planes along z, Y rows, X columns, S red, green and blue; "
            "for example TCYX."
        )
    letters = list("abcdefghijklmnopqrstuvw"[: len(stack.shape)])  # axes of length one need no name
    for letter, n in zip(wanted, long if len(wanted) == len(long) else range(len(wanted)), strict=True):
        letters[n] = letter
    return replace(stack, axes="".join(letters), coloured=True if "S" in wanted else stack.coloured)


def _check_axes(stack: Stack) -> None:
    if not {"Y", "X"} <= set(stack.axes):
        raise DataError(f"{stack.source} is not an image of y and x (its axes are '{stack.axes}').")
    whole = float(np.prod(stack.shape[stack.leading :], dtype=float))
    if whole * (stack.dtype.itemsize + _WORK_BYTES) > 0.5 * free_memory():
        raise DataError(
            f"{stack.source}: a single plane has {whole / 1e6:.3g} million pixels, too many for the free memory "
            f"({free_memory() / 1e9:.3g} GB). Cut the image into fields first."
        )
    if stack.dtype.kind not in "uifb" or 0 in stack.shape:
        raise DataError(f"{stack.source} holds no grey levels ({stack.dtype}, {' x '.join(map(str, stack.shape))}).")
    lead = stack.axes[: stack.leading]
    height, width = (stack.shape[stack.axes.index(a)] for a in "YX")
    rest = max((n for a, n in zip(stack.axes, stack.shape, strict=True) if a not in "YX"), default=1)
    if {"Y", "X"} & set(lead) or (min(height, width) <= _THIN and rest > 8 * _THIN):
        raise DataError(
            f"{stack.source}: the order of its axes cannot be right, its planes would be {height} x {width} pixels. "
            "Rows and columns must be the last two axes (or be followed by red, green and blue): save it again so."
        )


def _in_colour(planes: Planes, colour: str | None) -> Planes:
    """Choose one colour by the first plane."""
    if colour is not None and colour not in COLOURS:
        raise DataError(f"'{colour}' is not a channel of a colour picture. Allowed: {', '.join(COLOURS)}.")
    picture = replace(planes, colour=0).read_colours()[..., :3]
    if (picture[..., :1] == picture).all():
        return replace(planes, colour=0, names=("grey",) * planes.channels)
    spread = picture.reshape(-1, 3).astype(np.float64).std(axis=0)
    chosen = COLOURS.index(colour) if colour else int(np.argmax(spread))
    name = COLOURS[chosen]
    note = f"Colour picture: the {name} channel was measured ({'as asked' if colour else 'it varies most'})."
    others = [c for n, c in enumerate(COLOURS) if n != chosen and spread[n] > 0.5 * spread[chosen]]
    if others and not colour:
        note += (
            f" Other colours carry signal too ({', '.join(others)}): choose with --channel if they are other labels."
        )
    return replace(planes, colour=chosen, names=(name,) * planes.channels, notes=(note,))
