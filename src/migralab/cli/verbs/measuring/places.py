"""Where measurements go, and whether what is to be measured is there: asked before the first is made."""

from __future__ import annotations

from pathlib import Path

from migralab.core.errors import RequestError


def require_files(paths: list[Path]) -> None:
    """Raise unless every track file or hand count is there."""
    for path in paths:
        if not path.is_file():
            what = "a folder, not a file" if path.is_dir() else "no such file"
            raise RequestError(f"{path}: {what}. Nothing was measured.")


def require_images(paths: list[Path]) -> None:
    """Raise unless every image, OME-Zarr or folder of pictures is there."""
    for path in paths:
        if not path.exists():
            raise RequestError(f"{path}: no such file. Nothing was measured.")


def targets_of(images: list[Path], out: Path | None) -> list[Path]:
    """Return the folder for each measurement; an option names it where there is one, and its parent otherwise."""
    if out is None:
        return [path.with_name(f"{path.name.split('.')[0]}-measured") for path in images]
    if len(images) == 1:
        return [out]
    names = [path.name.split(".")[0] for path in images]
    if len(set(names)) < len(names):
        raise RequestError("two of the files have the same name; measure them one by one with -o.")
    return [out / name for name in names]
