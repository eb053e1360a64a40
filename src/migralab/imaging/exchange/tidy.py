"""Tables of a measurement as CSV and Parquet: one row an object and frame, units in the names; read back whole."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from migralab.core.errors import DataError, RequestError
from migralab.imaging.exchange.files import write_whole
from migralab.results.observations import Observations, empty_table
from migralab.results.schema import TABLES, Column

if TYPE_CHECKING:
    import pandas as pd

WRITTEN = ("migrasomes", "fibres", "cells", "nodes", "lives")
FORMATS = ("csv", "parquet")
_HAND = (
    Column("edited", "bool", "added or changed by hand"),
    Column("source", "str", "program | hand: who found it"),
)


def write_tables(
    observations: Observations, directory: str | Path, *, formats: Collection[str] = FORMATS, replace: bool = False
) -> tuple[Path, ...]:
    """Write migrasomes, fibres, cells, nodes and lives, a file each and format.

    CSV leaves out columns in which nothing is known. Parquet holds all columns with their types, each with its unit and
    meaning, and what else `Observations` says, so that `read_tables` gives it back.

    Parameters
    ----------
    observations
        Tables in um and min.
    directory
        Where to write; made if it is not there.
    formats
        ``csv``, ``parquet`` or both.
    replace
        Whether existing files are replaced.

    Raises
    ------
    RequestError
        If a file exists and `replace` is False, or a format is unknown.
    """
    if strange := set(formats) - set(FORMATS):
        raise RequestError(f"Tables are not written as {', '.join(sorted(strange))}. Allowed: {', '.join(FORMATS)}.")
    written = []
    for name in WRITTEN:
        table = observations[name]
        if "csv" in formats:
            written.append(_write_csv(table, Path(directory) / f"{name}.csv", replace=replace))
        if "parquet" in formats:
            written.append(_write_parquet(observations, name, Path(directory) / f"{name}.parquet", replace=replace))
    return tuple(written)


def _write_csv(table: pd.DataFrame, path: Path, *, replace: bool) -> Path:
    known = [name for name in table.columns if not _unknown(table[name])] if len(table) else list(table.columns)
    chosen = table[known]
    return write_whole(path, lambda file: chosen.to_csv(file, index=False, float_format="%.6g"), replace=replace)


def _unknown(column: pd.Series) -> bool:
    if column.name in {"frame", "time_min", "edited", "source"} or column.dtype == bool:
        return False
    if str(column.name).endswith("_id"):
        return False
    return bool(column.isna().all()) or bool((column.astype(str) == "unknown").all())


def _write_parquet(observations: Observations, name: str, path: Path, *, replace: bool) -> Path:
    import pyarrow as pa
    from pyarrow import parquet

    whole = pa.Table.from_pandas(observations[name], preserve_index=False)
    meanings = {column.name: column for column in (*TABLES[name], *_HAND)}
    fields = [_describe(entry, meanings.get(entry.name)) for entry in whole.schema]
    about = {
        "origin": observations.origin,
        "experiment": observations.experiment,
        "condition": observations.condition,
        "field_area_um2": observations.field_area_um2,
        "frames_min": list(observations.frames_min),
        "notes": list(observations.notes),
    }
    metadata = {**(whole.schema.metadata or {}), b"migralab": json.dumps(about).encode()}
    described = whole.cast(pa.schema(fields, metadata=metadata))
    return write_whole(path, lambda file: parquet.write_table(described, file), replace=replace)


def _describe(entry: Any, column: Column | None) -> Any:
    if column is None:
        return entry
    return entry.with_metadata({"unit": column.unit, "meaning": column.meaning})


def read_tables(directory: str | Path) -> Observations:
    """Read what `write_tables` wrote as Parquet.

    Raises
    ------
    DataError
        If a file is missing, damaged, or was not written by migralab.
    """
    import pyarrow as pa
    from pyarrow import parquet

    folder = Path(directory)
    tables = {name: empty_table(name) for name in TABLES}
    about: dict[str, Any] = {}
    for name in WRITTEN:
        file = folder / f"{name}.parquet"
        if not file.is_file():
            raise DataError(f"There is no '{file}'. Tables are read from a folder that migralab wrote as Parquet.")
        try:
            whole = parquet.read_table(file)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{file} cannot be read; it is damaged ({str(error).splitlines()[0][:100]}).") from None
        stored = (whole.schema.metadata or {}).get(b"migralab")
        if stored is None:
            raise DataError(f"{file} was not written by migralab: it does not say what it was measured on.")
        about = json.loads(stored)
        tables[name] = _typed(name, whole.to_pandas())
    return Observations(
        tables=tables,
        origin=about["origin"],
        experiment=about["experiment"],
        condition=about["condition"],
        field_area_um2=about["field_area_um2"],
        frames_min=tuple(about["frames_min"]),
        notes=tuple(about["notes"]),
    )


def _typed(name: str, table: pd.DataFrame) -> pd.DataFrame:
    types = {column.name: column.dtype for column in (*TABLES[name], *_HAND)}
    floats = {name for name, kind in types.items() if kind == "float64"}
    for column in floats & set(table.columns):
        table[column] = table[column].to_numpy(np.float64, na_value=np.nan)
    return table.astype({column: types[column] for column in table.columns if column in types})
