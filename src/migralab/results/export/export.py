"""Run -> files of other programs, all or nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from migralab.core.errors import DataError, RequestError, UnknownIdError
from migralab.results.export.frame import Progress, choose_frames
from migralab.results.export.ome_zarr import write_ome_zarr
from migralab.results.export.simularium import write_simularium
from migralab.results.export.vtk import write_vtk
from migralab.results.fields import MAKERS, write_fields
from migralab.results.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format: its writer, how names of its files end, and whether it holds fields only."""

    write: Callable[[Run, Sequence[int], Path, Progress], None]
    ending: str
    must_end: bool = True
    only_fields: bool = False


def _write_zarr(run: Run, frames: Sequence[int], path: Path, progress: Progress) -> None:
    picked = {name: field.pick(frames) for name, field in run.fields.items()}
    write_fields(picked, [run.provenance.frames_min[frame] for frame in frames], path, progress=progress)


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "vtk": Format(write=write_vtk, ending="-vtk", must_end=False),
        "simularium": Format(write=write_simularium, ending=".simularium"),
        "ome-zarr": Format(write=write_ome_zarr, ending=".ome.zarr", only_fields=True),
        "zarr": Format(write=_write_zarr, ending=".zarr", only_fields=True),
    }
)


def export_run(
    run: Run,
    to: str,
    target: Path | str | None = None,
    *,
    frames: str = "all",
    progress: Progress | None = None,
) -> Path:
    """Write a run in the format of another program.

    Parameters
    ----------
    to
        ``vtk``, ``simularium``, ``ome-zarr`` or ``zarr``.
    target
        File or folder to write; beside the run and named after it by default.
    frames
        ``all``, ``last`` or the number of a frame.
    progress
        Told steps done and steps in all.

    Returns
    -------
    pathlib.Path
        What was written.

    Raises
    ------
    UnknownIdError
        If there is no such format.
    RequestError
        If there is no such frame, the run has no fields for a format of fields, or the target exists, is named
        wrongly, or cannot be written.
    """
    if to not in FORMATS:
        raise UnknownIdError("export format", to, FORMATS)
    chosen = FORMATS[to]
    wanted = choose_frames(run, frames)
    if chosen.only_fields and not run.fields:
        raise DataError(
            f"This run has no fields, and {to} holds nothing else. Mechanisms that make fields: {', '.join(MAKERS)}. "
            "Cells, fibres and migrasomes go to vtk or simularium."
        )
    path = _target(run, chosen, target)
    try:
        # Made beside its place and moved there at the end: what has the name is whole
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
            made = Path(folder) / path.name
            chosen.write(run, wanted, made, progress or (lambda _done, _total: None))
            made.replace(path)
    except OSError as error:
        raise RequestError(f"{path} cannot be written: {error.strerror or error}. Nothing is left of it.") from error
    return path


def _target(run: Run, chosen: Format, target: Path | str | None) -> Path:
    if target is not None:
        path = Path(target)
    elif run.directory is not None:
        place = run.directory.resolve()
        path = place.with_name(place.name + chosen.ending)
    else:
        raise RequestError("This run is in memory only, so it has no name for the export: give a target.")
    if chosen.must_end and not path.name.endswith(chosen.ending):
        raise RequestError(f"'{path}' must end in {chosen.ending}, or other programs will not know it.")
    if path.exists():
        raise RequestError(f"{path} exists already and nothing is written over. Choose another name with -o.")
    if not path.parent.is_dir():
        raise RequestError(f"There is no folder '{path.parent}' to write '{path.name}' in. Make it first.")
    return path
