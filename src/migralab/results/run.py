"""A run: what was asked, what came out, and how to get it again. Opens without the simulator.

On disk a run is a directory::

    experiment.yaml      the resolved experiment, defaults included
    provenance.json      key, seed, arm, status, versions, field area
    tables/*.parquet     columns and units as in `migralab.results.schema`
    fields.zarr          grids, where a mechanism makes one (`migralab.results.fields`)

It appears under its name only when it is whole. While it is being made it lives in ``NAME.partial``, where each
checkpoint replaces the one before by a rename; a kill at any moment leaves a valid older checkpoint or nothing.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError, RequestError
from migralab.results.fields import FIELDS, FieldSeries, StoredFields, write_fields
from migralab.results.schema import BUDGET, TABLES

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1
Columns = dict[str, NDArray[Any]]
RUN_TABLES = ("cells", "nodes", "migrasomes", "lives", "retractosomes")
OPTIONAL_TABLES = ("budget", "pools", "levels")  # molecules accounted for; pools; networks inside the cells


class Status(Enum):
    """How a run ended, and what to do about it."""

    COMPLETED = "completed"
    INTERRUPTED = "interrupted: start it again with --resume to go on from the last checkpoint"
    BROKE_DOWN = "broke down: the message says which parameter to change; what was recorded until then is kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What is needed to make the run again.

    Parameters
    ----------
    key
        Hash of the resolved experiment, seed and model version: the same key is the same result on one machine
        and one set of versions.
    field_area_um2
        Area over which the cells were seeded.
    """

    key: str
    entry: str
    arm: str
    seed: int
    status: str
    field_area_um2: float
    frames_min: tuple[float, ...]
    message: str = ""
    versions: Mapping[str, str] | None = None
    schema: int = SCHEMA

    def to_json(self) -> str:
        """Return the text of ``provenance.json``."""
        content = {name: getattr(self, name) for name in self.__slots__} | {"versions": dict(self.versions or {})}
        return json.dumps(content, indent=2) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One simulated dish.

    Parameters
    ----------
    experiment
        Resolved experiment as YAML text.
    tables
        Columns by table (`RUN_TABLES`), named and typed as in `migralab.results.schema`; ``budget`` where a
        mechanism accounts for molecules, ``pools`` and ``levels`` where there are some.
    fields
        Fields by name, one frame per recorded time; those of a run on disk are read when they are asked for.
    directory
        Where it lies on disk; None while it is in memory only.
    """

    experiment: str
    provenance: Provenance
    tables: dict[str, Columns]
    fields: Mapping[str, FieldSeries] = field(default_factory=dict)
    directory: Path | None = None

    def frame(self, table: str) -> pd.DataFrame:
        """Return one table as a data frame."""
        import pandas as pd

        return pd.DataFrame(self.tables[table])


@cache
def versions() -> Mapping[str, str]:
    """Return the versions that decide the result."""
    from importlib.metadata import version

    names = ("migralab", "numpy", "scipy", "numba", "llvmlite")
    found = {"python": sys.version.split()[0], "machine": platform.machine()} | {n: version(n) for n in names}
    return MappingProxyType(found)


def refuse_existing(directory: Path) -> None:
    """Refuse to write over anything, and a place where nothing can be written, before any work is done.

    Raises
    ------
    RequestError
        If the path exists, or no directory can be made there.
    """
    if directory.exists():
        raise RequestError(
            f"{directory} exists already and nothing is written over. "
            "Choose another --out, or remove it if you no longer need it."
        )
    above = next(parent for parent in directory.absolute().parents if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        why = "is not a directory" if not above.is_dir() else "is closed to you"
        raise RequestError(f"{directory} cannot be made: {above} {why}. Choose another --out.")


def partial_directory(directory: Path) -> Path:
    """Return where a run lives while it is being made."""
    return directory.with_name(directory.name + ".partial")


def write_run(run: Run, directory: Path) -> Run:
    """Write a run as a directory that appears at once and whole.

    Raises
    ------
    RequestError
        If `directory` exists.
    """
    refuse_existing(directory)
    partial = partial_directory(directory)
    fresh = partial / "result"
    shutil.rmtree(fresh, ignore_errors=True)
    (fresh / "tables").mkdir(parents=True)
    (fresh / "experiment.yaml").write_text(run.experiment)
    (fresh / "provenance.json").write_text(run.provenance.to_json())
    for name, columns in run.tables.items():
        write_table(columns, name, fresh / "tables" / f"{name}.parquet")
    if run.fields:
        write_fields(run.fields, run.provenance.frames_min, fresh / FIELDS)
    fresh.replace(directory)
    shutil.rmtree(partial, ignore_errors=True)
    return replace(run, directory=directory)


def write_table(columns: Columns, name: str, path: Path) -> None:
    """Write one table as Parquet, with the meaning of each column in the file's metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    meaning = {column.name: column.meaning for column in (TABLES | {"budget": BUDGET})[name]}
    arrays = {key: pa.array(values) for key, values in columns.items()}
    fields = [pa.field(key, array.type, metadata={"meaning": meaning[key]}) for key, array in arrays.items()]
    schema = pa.schema(fields, metadata={"migralab_schema": str(SCHEMA), "table": name})
    pq.write_table(pa.Table.from_arrays(list(arrays.values()), schema=schema), path, compression="zstd")


def read_table(path: Path) -> Columns:
    """Read one Parquet table into arrays."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    return {name: np.asarray(table[name].to_numpy()) for name in table.column_names}


def open_run(directory: Path | str) -> Run:
    """Open a run directory.

    Raises
    ------
    DataError
        If the directory is not a run, is not whole, or was written by a later version.
    """
    directory = Path(directory)
    record = directory / "provenance.json"
    if not record.is_file():
        partial = partial_directory(directory)
        hint = f" {partial} holds an unfinished run: go on with --resume." if partial.is_dir() else ""
        raise DataError(f"{directory} is not a run: it has no provenance.json.{hint}")
    content = json.loads(record.read_text())
    if content["schema"] > SCHEMA:
        raise DataError(f"{directory} was written by a later migralab (schema {content['schema']}). Update migralab.")
    content["frames_min"] = tuple(content["frames_min"])
    tables = {name: read_table(directory / "tables" / f"{name}.parquet") for name in RUN_TABLES}
    for name in OPTIONAL_TABLES:
        if (table := directory / "tables" / f"{name}.parquet").is_file():
            tables[name] = read_table(table)
    experiment = (directory / "experiment.yaml").read_text()
    fields = StoredFields(directory / FIELDS) if (directory / FIELDS).is_dir() else {}
    return Run(
        experiment=experiment, provenance=Provenance(**content), tables=tables, fields=fields, directory=directory
    )
