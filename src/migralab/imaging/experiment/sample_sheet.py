"""Sample sheets: which image belongs to which condition and replicate, from a table or from folders."""

from __future__ import annotations

import csv
import difflib
import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from migralab.core import units
from migralab.core.errors import DataError, UnitError, UnknownIdError

IMAGE_ENDINGS = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".zarr")
COLUMNS = ("file", "condition", "replicate", "day", "pixel_size", "frame_interval", "channel", "note")
_NEEDED = ("file", "condition", "replicate")
_SAMPLED = 65536  # bytes compared before two files of one size are read whole


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleImage:
    """One image of an experiment.

    Parameters
    ----------
    file
        Where it lies.
    condition, replicate
        Arm and replicate: the dish, the animal or the culture, not the field and not the cell.
    day
        What pairs replicates of different conditions (a day, a passage, a litter); empty where nothing does.
    pixel_size_um, frame_interval_min
        None where the sheet does not say them: then the file must.
    channel
        Number or name; empty for the first.
    """

    file: Path
    condition: str
    replicate: str
    day: str = ""
    pixel_size_um: float | None = None
    frame_interval_min: float | None = None
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSheet:
    """The images of an experiment.

    Parameters
    ----------
    images
        In the order of the sheet, or sorted by folder.
    source
        Table or folder.
    notes
        What limits the statistics: one condition, one replicate.
    """

    images: tuple[SampleImage, ...]
    source: str
    notes: tuple[str, ...] = ()

    @property
    def conditions(self) -> tuple[str, ...]:
        """Conditions in order of appearance."""
        return tuple(dict.fromkeys(image.condition for image in self.images))

    def replicates(self, condition: str) -> tuple[str, ...]:
        """Return the replicates of a condition in order of appearance.

        Raises
        ------
        UnknownIdError
            If the sheet has no such condition.
        """
        if condition not in self.conditions:
            raise UnknownIdError("condition", condition, self.conditions)
        return tuple(dict.fromkeys(image.replicate for image in self.images if image.condition == condition))

    def images_of(self, condition: str, replicate: str) -> tuple[SampleImage, ...]:
        """Return the images of one replicate; empty if there is none."""
        return tuple(i for i in self.images if (i.condition, i.replicate) == (condition, replicate))

    @property
    def paired(self) -> bool:
        """Whether every image has a day and at least two days have more than one condition."""
        days: dict[str, set[str]] = {}
        for image in self.images:
            days.setdefault(image.day, set()).add(image.condition)
        return "" not in days and sum(len(found) > 1 for found in days.values()) > 1


def read_sample_sheet(path: str | Path) -> SampleSheet:
    """Read a sample sheet (CSV), or a folder laid out as ``condition/replicate/image``.

    A sheet has the columns ``file``, ``condition`` and ``replicate``, and if wanted ``day`` (pairs replicates),
    ``pixel_size`` (``0.1um``), ``frame_interval`` (``8min``), ``channel`` and ``note``. Files are sought
    beside the sheet.

    Raises
    ------
    DataError
        With the place and what to do: no such file, one given twice (also under another name), a replicate or
        condition that is missing, an unknown column, a replicate on two days.
    """
    file = Path(path)
    if file.is_dir():
        images, notes = _read_folders(file)
    elif file.is_file():
        images, notes = _read_table(file), []
    else:
        raise DataError(f"There is no sample sheet and no folder '{file}'.")
    _refuse_twice(images, file.name)
    _refuse_two_days(images, file.name)
    sheet = SampleSheet(images=tuple(images), source=file.name, notes=())
    return SampleSheet(images=sheet.images, source=file.name, notes=(*notes, *_limits(sheet)))


def _read_table(sheet: Path) -> list[SampleImage]:
    text = sheet.read_text(encoding="utf-8-sig")
    first = text.partition("\n")[0]
    reader = csv.DictReader(text.splitlines(), delimiter=max(",;\t", key=first.count))
    heads = [(name or "").strip().lower() for name in reader.fieldnames or ()]
    for name in heads:
        if name not in COLUMNS:
            near = difflib.get_close_matches(name, COLUMNS, n=1)
            hint = f"Did you mean '{near[0]}'? " if near else ""
            raise DataError(f"{sheet.name}: column '{name}' is not known. {hint}Allowed: {', '.join(COLUMNS)}.")
    if missing := [name for name in _NEEDED if name not in heads]:
        raise DataError(f"{sheet.name} has no column '{missing[0]}'. It needs {', '.join(_NEEDED)}.")
    images = []
    for row in reader:
        cells = {head: (value or "").strip() for head, value in zip(heads, row.values(), strict=False)}
        if any(cells.values()):
            images.append(_image(sheet, f"{sheet.name}, line {reader.line_num}", cells))
    if not images:
        raise DataError(f"{sheet.name} names no image. Give one line for each.")
    return images


def _image(sheet: Path, where: str, cells: dict[str, str]) -> SampleImage:
    for name in _NEEDED:
        if not cells[name]:
            raise DataError(
                f"{where}: no {name}. Every image needs one: the replicate is the dish, animal or culture that it is "
                "from, since fields of one dish are no replicates."
            )
    file = sheet.parent / cells["file"]
    if not file.exists():
        there = [found.name for found in file.parent.glob("*")] if file.parent.is_dir() else []
        near = difflib.get_close_matches(file.name, there, n=1)
        raise DataError(f"{where}: there is no file '{file}'." + (f" Did you mean '{near[0]}'?" if near else ""))
    return SampleImage(
        file=file,
        condition=cells["condition"],
        replicate=cells["replicate"],
        day=cells.get("day", ""),
        pixel_size_um=_quantity(where, cells, "pixel_size", "um"),
        frame_interval_min=_quantity(where, cells, "frame_interval", "min"),
        channel=cells.get("channel", ""),
    )


def _quantity(where: str, cells: dict[str, str], name: str, unit: str) -> float | None:
    text = cells.get(name, "")
    if not text:
        return None
    try:
        value = units.from_internal(units.parse(text, like=unit), unit)
    except UnitError as error:
        raise DataError(f"{where}: {name}: {error}") from None
    if not value > 0:
        raise DataError(f"{where}: {name} = {text} is not above 0.")
    return value


def _read_folders(root: Path) -> tuple[list[SampleImage], list[str]]:
    images, left = [], []
    for file in sorted(_candidates(root)):
        parts = file.relative_to(root).parts
        if file.suffix.lower() not in IMAGE_ENDINGS:
            left.append(file.name)
        elif len(parts) < 3:
            raise DataError(
                f"{file}: no replicate. Lay the images out as {root.name}/condition/replicate/image, one folder "
                "for each dish, or give a sample sheet."
            )
        elif len(parts) > 3:
            raise DataError(f"{file} lies too deep. Lay the images out as {root.name}/condition/replicate/image.")
        else:
            images.append(SampleImage(file=file, condition=parts[0], replicate=parts[1]))
    if not images:
        raise DataError(f"There is no image in '{root}'. Lay them out as {root.name}/condition/replicate/image.")
    return images, [f"Not read, since no images: {', '.join(left)}."] if left else []


def _candidates(folder: Path) -> Iterable[Path]:
    """Give files, and folders that are an image (OME-Zarr); hidden ones are none."""
    for entry in folder.iterdir():
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and entry.suffix.lower() != ".zarr":
            yield from _candidates(entry)
        else:
            yield entry


def _refuse_twice(images: list[SampleImage], source: str) -> None:
    seen: dict[Path, SampleImage] = {}
    for image in images:
        if image.file.resolve() in seen:
            raise DataError(f"{source}: '{image.file.name}' is given more than once; it would count as two images.")
        seen[image.file.resolve()] = image
    prints: dict[tuple[int, str], list[Path]] = {}
    for file in seen:
        if file.is_file():
            prints.setdefault(_print(file), []).append(file)
    for same in prints.values():
        whole: dict[str, Path] = {}
        for file in same if len(same) > 1 else []:
            with file.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            if digest in whole:
                raise DataError(
                    f"{source}: '{file}' and '{whole[digest]}' are the same file under two names. Leave one out."
                )
            whole[digest] = file


def _print(file: Path) -> tuple[int, str]:
    """Return size and hash of beginning, middle and end: cheap, and different for nearly all different images."""
    size = file.stat().st_size
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        for start in (0, size // 2, max(size - _SAMPLED, 0)):
            opened.seek(start)
            digest.update(opened.read(_SAMPLED))
    return size, digest.hexdigest()


def _refuse_two_days(images: list[SampleImage], source: str) -> None:
    days: dict[tuple[str, str], str] = {}
    for image in images:
        known = days.setdefault((image.condition, image.replicate), image.day)
        if known != image.day:
            raise DataError(
                f"{source}: replicate '{image.replicate}' of '{image.condition}' is on day '{known}' and on "
                f"'{image.day}'. One replicate has one day: give the second another name."
            )


def _limits(sheet: SampleSheet) -> list[str]:
    notes = []
    if len(sheet.conditions) == 1:
        notes.append(f"One condition ({sheet.conditions[0]}): nothing can be compared.")
    numbers = {condition: len(sheet.replicates(condition)) for condition in sheet.conditions}
    for condition, number in numbers.items():
        if number == 1:
            notes.append(
                f"'{condition}' has one replicate: no statistics over replicates is possible, whatever the number of "
                "images, cells or vesicles in it."
            )
    if min(numbers.values()) == 2:
        notes.append("Two replicates: intervals rest on one degree of freedom and are very wide.")
    if len(sheet.conditions) == 2 and min(numbers.values()) > 1 and not sheet.paired:
        n = list(numbers.values())
        smallest = (2 if n[0] == n[1] else 1) / math.comb(sum(n), n[0])
        if smallest > 0.05:
            notes.append(f"With {n[0]} and {n[1]} replicates no permutation test can give p below {smallest:.2g}.")
    return notes
