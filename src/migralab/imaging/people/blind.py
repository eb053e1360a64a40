"""Blinded re-counts: images under shuffled code names, the key apart, and the way back.

What names an image goes: file name, dates, descriptions, labels. What the picture itself shows stays; text that is
burnt into the pixels cannot be taken out. Theory: docs/theory/imaging-statistics.md.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from migralab.core.errors import DataError, RequestError
from migralab.core.version import VERSION
from migralab.imaging.people.strip import copy_without_names, ending_without_name

if TYPE_CHECKING:
    import pandas as pd

SEAL = "seal.txt"
_LONG_AGO = 946684800  # 2000-01-01: every copy has the same date
_LARGEST_REPEATS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Which code stands for which image.

    Parameters
    ----------
    codes
        Original file by code name.
    repeats
        How often each image was given (from 1), by code name.
    seal
        Hash of the key, which also lies beside the coded images.
    """

    codes: dict[str, str]
    repeats: dict[str, int]
    seal: str


def blind(
    images: Iterable[str | Path], out: str | Path, *, key: str | Path, seed: int | None = None, repeats: int = 1
) -> Key:
    """Copy images under code names in shuffled order, and keep the key in a file apart.

    TIFFs are written again, lossless, with pixel size, frame interval and channel names only; PNG and JPEG as PNG.
    The hash of the key lies as ``seal.txt`` among the copies, so that nobody can change the key after the count.

    Parameters
    ----------
    images
        Files to hide.
    out
        New or empty folder for the copies.
    key
        JSON file to write the key to; outside `out`, and not there yet.
    seed
        Makes the order repeatable for whoever knows it; by default from the system's entropy.
    repeats
        How often each image is given, under another code each time: 2 shows how well a person agrees with themself.

    Raises
    ------
    RequestError
        If there are no images, one is given twice, or the folder or the key exists or lies in the other.
    DataError
        If a file cannot be read.
    """
    files = _require_images(images, repeats)
    folder, sealed = Path(out), Path(key)
    _require_places(folder, sealed)
    shown = [(file, copy) for file in files for copy in range(1, repeats + 1)]
    order = np.random.default_rng(seed).permutation(len(shown))
    width = max(3, len(str(len(shown))))
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        codes: dict[str, str] = {}
        copies: dict[str, int] = {}
        for number, row in enumerate(order, start=1):
            file, copy = shown[row]
            code = f"image-{number:0{width}d}"
            target = building / f"{code}{ending_without_name(file)}"
            copy_without_names(file, target)
            _forget_date(target)
            codes[code], copies[code] = str(file.resolve()), copy
        content = _seal({"codes": codes, "repeats": copies, "seed": seed})
        (building / SEAL).write_text(content["seal"] + "\n", encoding="utf-8")
        building.chmod(0o755)
        _write_key(sealed, content)
        if folder.exists():
            folder.rmdir()
        building.replace(folder)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return Key(codes=codes, repeats=copies, seal=content["seal"])


def read_key(key: str | Path, *, folder: str | Path | None = None) -> Key:
    """Read a key, and check that nobody changed it.

    Parameters
    ----------
    key
        File that `blind` wrote.
    folder
        Folder of the coded images, to compare with the seal that lies there.

    Raises
    ------
    DataError
        If the file is no key, was changed, or belongs to other images.
    """
    path = Path(key)
    if not path.is_file():
        raise DataError(f"There is no key '{path}'. It is the JSON file that was written when the images were hidden.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        codes, repeats, seal = dict(content["codes"]), dict(content["repeats"]), str(content["seal"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path.name} is no key of hidden images ({error}).") from None
    if _hash(content) != seal:
        raise DataError(f"{path.name} was changed after the images were hidden: its hash is not that of its seal.")
    if folder is not None:
        found = Path(folder) / SEAL
        if not found.is_file() or found.read_text(encoding="utf-8").strip() != seal:
            raise DataError(f"{path.name} is not the key of the images in '{folder}': the seal there is another.")
    return Key(codes=codes, repeats=repeats, seal=seal)


def unblind(results: pd.DataFrame, key: Key, *, column: str = "image") -> pd.DataFrame:
    """Return a table of results with the files behind the code names.

    Parameters
    ----------
    results
        A table with a column of code names, with or without their ending.
    key
        From `read_key`.
    column
        Name of that column.

    Returns
    -------
    DataFrame
        The table with ``file`` and ``repeat`` in front. Codes without any row are named in ``attrs["missing"]``:
        an image in which nothing was found, or one that was not counted.

    Raises
    ------
    DataError
        If the column is missing or holds what is no code.
    """
    if column not in results:
        raise DataError(f"The results have no column '{column}'. They have: {', '.join(map(str, results.columns))}.")
    codes = results[column].astype(str).str.replace(r"\..*$", "", regex=True)
    if strange := sorted(set(codes) - set(key.codes)):
        raise DataError(f"'{strange[0]}' is no code of this key, which has {', '.join(list(key.codes)[:3])} and so on.")
    table = results.copy()
    table.insert(0, "repeat", [key.repeats[code] for code in codes])
    table.insert(0, "file", [key.codes[code] for code in codes])
    table.attrs["missing"] = sorted(set(key.codes) - set(codes))
    return table


def split_repeats(counted: Mapping[str, Any], key: Key) -> list[dict[str, Any]]:
    """Return what was found by code name as one mapping by file for each repeat, as `compare_observers` takes them.

    Raises
    ------
    DataError
        If a code is not in the key.
    """
    if strange := sorted(set(counted) - set(key.codes)):
        raise DataError(f"'{strange[0]}' is no code of this key.")
    found: list[dict[str, Any]] = [{} for _ in range(max(key.repeats.values(), default=1))]
    for code, value in counted.items():
        found[key.repeats[code] - 1][key.codes[code]] = value
    return found


def _require_images(images: Iterable[str | Path], repeats: int) -> list[Path]:
    files = [Path(image) for image in images]
    if not files:
        raise RequestError("There are no images to hide. Give at least one.")
    if not 1 <= repeats <= _LARGEST_REPEATS:
        raise RequestError(f"repeats = {repeats}: each image can be given 1 to {_LARGEST_REPEATS} times.")
    seen = [file.resolve() for file in files]
    if twice := sorted({str(file) for file in seen if seen.count(file) > 1}):
        raise RequestError(f"'{twice[0]}' is given more than once. To show each image again, ask for repeats.")
    for file in files:
        if not file.exists():
            raise DataError(f"There is no image '{file}'. Nothing was hidden.")
    return files


def _require_places(folder: Path, key: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RequestError(f"'{folder}' exists and is not an empty folder. Choose another for the coded images.")
    if key.exists():
        raise RequestError(f"'{key}' exists and is not overwritten: it may be the only key of other images.")
    if folder.resolve() in key.resolve().parents:
        raise RequestError(f"The key '{key}' would lie among the coded images. Keep it where who counts does not look.")
    if not key.resolve().parent.is_dir():
        raise RequestError(f"There is no folder '{key.parent}' for the key. Make it first.")


def _forget_date(target: Path) -> None:
    for path in [target, *(target.rglob("*") if target.is_dir() else ())]:
        os.utime(path, (_LONG_AGO, _LONG_AGO))


def _seal(content: dict[str, Any]) -> dict[str, Any]:
    # salt: without it the few possible orders could be tried against the seal that lies beside the images
    whole = {"what": "key of hidden images", "migralab": VERSION, "salt": secrets.token_hex(16), **content}
    return whole | {"seal": _hash(whole)}


def _hash(content: Mapping[str, Any]) -> str:
    body = {name: value for name, value in content.items() if name != "seal"}
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _write_key(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    path.chmod(0o600)
