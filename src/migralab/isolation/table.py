"""Tables that people bring: rows with ids, and quantities whose unit stands in the name of the column."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from migralab.core import units
from migralab.core.errors import DataError, UnitError

if TYPE_CHECKING:
    import pandas as pd

_LARGEST = 2_000_000_000  # bytes; 1e7 vesicles as CSV are about half of it
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how .xlsx and .xls begin
_SHOWN = 5  # ids or columns that a message lists

LARGEST_UM, DENSEST_G_PER_ML = 100.0, 2.0
"""Beyond these no vesicle is: whole cells measure 10 to 30 um, and nothing of a cell is denser than nucleic acids."""

Floats = NDArray[np.float64]


def read_rows(path: str | Path) -> pd.DataFrame:
    """Read a table: CSV, TSV or Parquet, with a header and at least one row.

    Raises
    ------
    DataError
        If the file is absent, empty, too large or no table, or a column stands twice.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _LARGEST:
            raise DataError(f"{path}: larger than {_LARGEST / 1e9:g} GB. Give fewer rows, or several tables.")
        rows = _read(path)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file. Give a CSV, TSV or Parquet table.") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder. Name the table in it.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8 text. Save it as 'CSV UTF-8'.") from None
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        said = str(error).splitlines()[0]
        raise DataError(f"{path}: not a table that can be read ({said}). Give CSV, TSV or Parquet.") from None
    if not len(rows):
        raise DataError(f"{path}: no rows. Give at least one.")
    return rows


def _read(path: Path) -> pd.DataFrame:
    import warnings

    import pandas as pd

    if path.suffix.lower() in {".parquet", ".pq"}:
        return pd.read_parquet(path)
    with path.open("rb") as file:
        if file.read(4) in _WORKBOOKS:
            raise DataError(f"{path} is an Excel workbook. Save the sheet as 'CSV UTF-8' and give that.")
    header, between = _header(path)
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:  # pandas would rename it without a word
        raise DataError(f"{path}: the column '{twice[0]}' stands twice. Give each column its own name.")
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            # where semicolons part the columns, a comma is the decimal sign, as in the Excel of many countries
            decimal = "," if between == ";" else "."
            return pd.read_csv(path, sep=between, decimal=decimal, comment="#", index_col=False, encoding="utf-8-sig")
        except (pd.errors.ParserWarning, pd.errors.ParserError):
            raise DataError(
                f"{path}: some rows have more values than the header has names ({len(header)}). Is there a comma at "
                "their end, or inside a number? Give every column a name and every row as many values."
            ) from None


def _header(path: Path) -> tuple[list[str], str]:
    """Return the names of the columns, and what stands between them."""
    import csv

    with path.open(encoding="utf-8-sig", newline="") as file:
        first = next((line for line in file if line.strip() and not line.startswith("#")), "")
    between = max("\t;,", key=first.count)
    return next(csv.reader([first], delimiter=between), []), between


def ids_of(rows: pd.DataFrame, source: str, column: str = "id") -> NDArray[np.str_]:
    """Return the ids of the rows as text; rows are numbered from 0 where there is no such column.

    Raises
    ------
    DataError
        If an id is missing or stands twice.
    """
    if column not in rows:
        return np.arange(len(rows)).astype(str)
    if rows[column].isna().any():
        first = int(np.flatnonzero(rows[column].isna())[0])
        raise DataError(f"{source}: row {first + 1} has no {column}. Give every row one, or leave the column out.")
    ids = rows[column].astype(str)
    twice = ids[ids.duplicated()].unique()
    if len(twice):
        more = f" and {len(twice) - _SHOWN} more" if len(twice) > _SHOWN else ""
        raise DataError(
            f"{source}: {column} {', '.join(twice[:_SHOWN])}{more} stands in more than one row. "
            "Each row is one thing: give it an id of its own."
        )
    return ids.to_numpy(str)


def quantity_column(
    rows: pd.DataFrame, name: str, unit: str, source: str, *, least: float | None = None, most: float | None = None,
    required: bool = True,
) -> Floats | None:  # fmt: skip
    """Return a column of quantities, converted to a unit; None where it is absent and not required.

    The unit is what follows the name: ``diameter_um`` and ``diameter_nm`` are both a diameter, ``density_g_per_ml``
    a density in g/ml. A missing value is NaN.

    Parameters
    ----------
    rows, source
        The table, and what messages call it.
    name, unit
        Quantity, and unit of the result, as pint knows it; an empty unit takes the column by its bare name.
    least, most
        Smallest and largest value that make sense, in `unit`.

    Raises
    ------
    DataError
        If the column has no unit or two columns compete, a value is no number, not finite or outside the limits.
    """
    found = [column for column in map(str, rows.columns) if _unit_of(column, name, unit) is not None]
    if len(found) > 1:
        raise DataError(f"{source}: {' and '.join(found[:2])} both give the {name}. Keep one of them.")
    wanted = f"{name}_{unit.replace('/', '_per_')}" if unit else name
    if not found:
        if unit and name in rows.columns:
            raise DataError(f"{source}: the column '{name}' has no unit. Name it for example {wanted}.")
        if required:
            there = ", ".join(map(str, rows.columns[:12]))
            raise DataError(f"{source}: there is no {name}. Add a column {wanted}. Columns: {there}.")
        return None
    values = _numbers(rows, found[0], source)
    own = _unit_of(found[0], name, unit)
    values = values * (units.to_internal(1.0, own or "", like=unit) / units.to_internal(1.0, unit) if unit else 1.0)
    for wrong, limit in ((values < (-np.inf if least is None else least), f"below {least}"),
                         (values > (np.inf if most is None else most), f"above {most}")):  # fmt: skip
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            raise DataError(
                f"{source}: row {first + 1}: {found[0]} = {rows[found[0]].iloc[first]} is {limit} {unit}".rstrip()
                + ", which makes no sense here. Is the unit right? Leave it empty where it is not known."
            )
    return np.asarray(values, np.float64)


def _unit_of(column: str, name: str, unit: str) -> str | None:
    """Return the unit in the name of a column that holds this quantity, else None."""
    if not unit:
        return "" if column == name else None
    if not column.startswith(f"{name}_"):
        return None
    own = column.removeprefix(f"{name}_").replace("_per_", "/")
    try:
        units.to_internal(1.0, own, like=unit)
    except UnitError:
        return None
    return own


def _numbers(rows: pd.DataFrame, column: str, source: str) -> Floats:
    import pandas as pd

    values = pd.to_numeric(rows[column], errors="coerce").to_numpy(np.float64)
    wrong = np.flatnonzero((np.isnan(values) & ~rows[column].isna().to_numpy()) | np.isinf(values))
    if len(wrong):
        first = int(wrong[0])
        raise DataError(f"{source}: row {first + 1}: {column} = '{rows[column].iloc[first]}' is not a finite number.")
    return values
