"""What people counted in the same images, beside each other and beside the program."""

from __future__ import annotations

import math
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from migralab.cli.console import remark, say
from migralab.core.errors import RequestError

if TYPE_CHECKING:
    from migralab.imaging.people.agreement import Agreement
    from migralab.results.observations import Observations

_COUNTS = (".zip", ".roi", ".xml", ".csv")
Person = tuple[str, dict[str, "Observations"]]


def read_persons(
    paths: tuple[Path, ...], images: list[str], *, kinds: str | None, size: float | None, interval: float | None
) -> list[Person]:
    """Return each person's counts by image: a file for one image, or a folder with one named as each image.

    Raises
    ------
    RequestError
        If a count is missing, or a file is given for several images.
    """
    from migralab.imaging.people.hand_counts import HandScale, read_hand_count

    scale, meaning = HandScale(pixel_size=size, frame_interval=interval), _meanings(kinds)
    found = []
    for path in paths:
        files = _files(path, images)
        counts = {name: read_hand_count(file, scale=scale, kinds=meaning) for name, file in files.items()}
        found.append((path.stem, counts))
    return found


def tell_agreement(program: dict[str, Observations], persons: list[Person]) -> None:
    """Print how far every two of them agree: persons first, each with the program after."""
    from migralab.imaging.people.agreement import compare_observers

    for _, counts in persons:
        for note in dict.fromkeys(note for own in counts.values() for note in own.notes):
            remark(f"  note: {note}")
    for (first, one), (second, other) in combinations([*persons, ("migralab", program)], 2):
        _tell(first, second, compare_observers(one, other))


def _tell(first: str, second: str, found: Agreement) -> None:
    low, high = found.f1_interval
    bounds = f"95 % over images {low:.2f} to {high:.2f}" if math.isfinite(low) else "too few images for an interval"
    say(f"{first} and {second}: F1 {found.f1:.3f} ({bounds})")
    say(f"  both marked {found.both}, only {first} {found.only_first}, only {second} {found.only_second}")
    for note in found.notes:
        remark(f"  note: {note}")


def _files(path: Path, images: list[str]) -> dict[str, Path]:
    if path.is_file():
        if len(images) > 1:
            raise RequestError(f"--hand {path} is one count, for {len(images)} images. Give the folder of the counts.")
        return {images[0]: path}
    if not path.is_dir():
        raise RequestError(f"--hand {path}: no such file or folder.")
    by_name: dict[str, Path] = {}
    for file in sorted(path.iterdir()):
        if file.suffix.lower() in _COUNTS:
            by_name.setdefault(file.name.split(".")[0], file)
    if missing := [name for name in images if name not in by_name]:
        raise RequestError(
            f"{path} has no count of {missing[0]}: expected is {missing[0]} with {', '.join(_COUNTS)}. "
            "If nothing was found there, put an empty table (x_um,y_um)."
        )
    return {name: by_name[name] for name in images}


def _meanings(text: str | None) -> dict[str, str]:
    if text is None:
        return {}
    pairs = [part.partition("=") for part in text.split(",")]
    if any(not (name.strip() and equals and word.strip()) for name, equals, word in pairs):
        raise RequestError(f"--kinds {text} cannot be read. Write for example --kinds 1=tip,2=free,3=cell.")
    return {name.strip(): word.strip() for name, _, word in pairs}
