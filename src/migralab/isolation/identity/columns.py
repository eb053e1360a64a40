"""From the columns of a table to readings: which marker, which quantity, and what a number means.

==============================  ====================================================================================
``CPQ_to_cell``                 ratio to the cell body at equal protein load, or of mean light; 1 is as much as in it
``TSPAN4_to_fibre``             ratio of mean light to the fibre
``CPQ_intensity``               1 is the strongest band of that marker on the same blot, the lane of the cell included
``CPQ_present``                 1 or yes: seen; 0 or no: looked for and not seen
``diameter_um``                 any unit of length
``density_iodixanol_g_per_ml``  buoyant density in isotonic iodixanol
``density_sucrose_g_per_ml``    buoyant density in sucrose
``attachment``                  ``tip``, ``junction``, ``shaft``, ``free`` or ``unknown``
==============================  ====================================================================================
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError
from migralab.isolation.identity.belief import DENSITIES, Feature
from migralab.isolation.identity.classify import Readings
from migralab.isolation.identity.panel import Panel
from migralab.isolation.table import DENSEST_G_PER_ML, LARGEST_UM, ids_of, quantity_column

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

ENDINGS = {
    "_to_cell": "to_cell", "_to_body": "to_cell", "_to_fibre": "to_fibre", "_to_fiber": "to_fibre",
    "_intensity": "intensity", "_present": "present",
}  # fmt: skip
PLACE = "ATTACHED"
ATTACHED = {"tip": 1.0, "junction": 1.0, "free": 0.0, "shaft": np.nan, "unknown": np.nan}
"""What a place says. The definition names tip and branch point: on the shaft a vesicle may be one or a passer-by."""
_TRUE, _FALSE = {"1", "1.0", "true", "yes", "+"}, {"0", "0.0", "false", "no", "-"}
_SHOWN = 6


def read_vesicles(rows: pd.DataFrame, panel: Panel, source: str, *, ignore_unknown: bool = False) -> Readings:
    """Read one row per vesicle or sample.

    Raises
    ------
    DataError
        If a marker is not in the panel, a quantity has no unit, a value is negative or no number, ids repeat, a row
        has no value at all, or no column is one of those above.
    """
    ids = ids_of(rows, source)
    found: dict[Feature, tuple[str, Floats]] = {}
    unknown = []
    for column in map(str, rows.columns):
        ending = next((end for end in ENDINGS if column.endswith(end)), None)
        if ending is None:
            continue
        marker = panel.find(column.removesuffix(ending))
        if marker is None:
            unknown.append(column.removesuffix(ending))
            continue
        feature = Feature(marker, ENDINGS[ending])
        if feature in found:
            raise DataError(f"{source}: {found[feature][0]} and {column} both give {feature}. Keep one of them.")
        found[feature] = (column, _column(rows, column, feature.quantity, source))
    notes = refuse_unknown(unknown, panel, source, ignore=ignore_unknown)
    _refuse_bare(rows, panel, source)
    values = {feature: own for feature, (_, own) in found.items()} | _sizes(rows, panel, source)
    if not values:
        raise DataError(
            f"{source}: no column is a marker, a diameter or a density. Name markers as CPQ_to_cell, CPQ_intensity, "
            f"CPQ_present or TSPAN4_to_fibre. Columns: {', '.join(map(str, rows.columns[:_SHOWN]))}."
        )
    features = tuple(sorted(values))
    table = np.column_stack([values[feature] for feature in features])
    _refuse_empty(table, ids, source)
    return Readings(ids, features, table, notes)


def refuse_unknown(unknown: list[str], panel: Panel, source: str, *, ignore: bool) -> tuple[str, ...]:
    """Return a note on markers that the panel does not have, or refuse them with the nearest names.

    Raises
    ------
    DataError
        If there are any and they are not to be ignored.
    """
    if not unknown:
        return ()
    unknown = list(dict.fromkeys(unknown))
    listed = ", ".join(unknown[:_SHOWN]) + (f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else "")
    if ignore:
        return (f"not in {panel.name}, so not used: {listed}",)
    names = {name.casefold(): name for name in panel.known_names()}
    near = difflib.get_close_matches(unknown[0].casefold(), names, n=3, cutoff=0.5)
    hint = f" Nearest to {unknown[0]}: {', '.join(names[name] for name in near)}." if near else ""
    raise DataError(
        f"{source}: {panel.name} does not have {listed}.{hint} Known: {', '.join(panel.markers)}. "
        "Correct the name, bring a panel that has it (--panel), or go on without it (--ignore-unknown)."
    )


def _refuse_bare(rows: pd.DataFrame, panel: Panel, source: str) -> None:
    """Refuse a marker whose column does not say what 1 means."""
    for column in map(str, rows.columns):
        marker = panel.find(column)
        if marker is not None:
            raise DataError(
                f"{source}: the column '{column}' does not say what a value of 1 means. Name it {marker}_to_cell "
                f"(ratio to the cell body), {marker}_to_fibre, {marker}_intensity (1 is the strongest band on the "
                f"blot) or {marker}_present (0 or 1); for fractions of a gradient write --kind fractions."
            )


def _column(rows: pd.DataFrame, column: str, quantity: str, source: str) -> Floats:
    if quantity == "present":
        return _yes_or_no(rows, column, source)
    values = quantity_column(rows, column, "", source, least=0.0)
    assert values is not None  # noqa: S101  # the column was taken from the table
    if quantity == "intensity" and np.nanmax(values, initial=0.0) > 1.0 + 1e-9:
        first = int(np.flatnonzero(values > 1.0 + 1e-9)[0])
        raise DataError(
            f"{source}: row {first + 1}: {column} = {values[first]:g} is above 1, which is the strongest band of that "
            "marker on the blot. Divide each marker by its strongest lane, that of the cell body included."
        )
    return in_log2(values)


def in_log2(values: Floats) -> Floats:
    """Return log2 of values that are not negative; -inf for 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log2(values), np.float64)


def _yes_or_no(rows: pd.DataFrame, column: str, source: str) -> Floats:
    found = np.full(len(rows), np.nan)
    for place, value in enumerate(rows[column]):
        word = str(value).strip().casefold()
        if word in _TRUE or word in _FALSE:
            found[place] = float(word in _TRUE)
        elif word not in ("", "nan", "none", "<na>"):
            raise DataError(
                f"{source}: row {place + 1}: {column} = '{value}' is neither 1 (seen) nor 0 (looked for and not "
                "seen). Leave it empty where nobody looked."
            )
    return found


def _sizes(rows: pd.DataFrame, panel: Panel, source: str) -> dict[Feature, Floats]:
    found = {}
    diameter = quantity_column(rows, "diameter", "um", source, least=0.0, most=LARGEST_UM, required=False)
    if "size" in rows.columns:
        raise DataError(f"{source}: the column 'size' has no unit. Name it diameter_um or diameter_nm.")
    if diameter is not None:
        if (diameter == 0).any():
            row = int(np.flatnonzero(diameter == 0)[0]) + 1
            raise DataError(f"{source}: row {row}: a diameter of 0. Leave it empty where it is not known.")
        found[Feature("", "diameter")] = np.log2(diameter)
    found |= _densities(rows, source)
    if "attachment" in rows.columns and PLACE in panel.markers:
        words = rows["attachment"].fillna("unknown").astype(str).str.casefold()
        wrong = sorted(set(words) - set(ATTACHED))
        if wrong:
            raise DataError(f"{source}: attachment '{wrong[0]}'. Allowed: {', '.join(ATTACHED)}.")
        found[Feature(PLACE, "present")] = np.array([ATTACHED[word] for word in words])
    return found


def _densities(rows: pd.DataFrame, source: str) -> dict[Feature, Floats]:
    found = {}
    for column in map(str, rows.columns):
        if column.split("_")[0] == "density" and not column.startswith(tuple(DENSITIES)):
            raise DataError(
                f"{source}: the column '{column}' does not say in which medium. Name it density_iodixanol_g_per_ml or "
                "density_sucrose_g_per_ml: a vesicle loses water to sucrose and is heavier there."
            )
    for quantity in DENSITIES:
        density = quantity_column(rows, quantity, "g/ml", source, least=0.5, most=DENSEST_G_PER_ML, required=False)
        if density is not None:
            found[Feature("", quantity)] = density
    return found


def _refuse_empty(table: Floats, ids: NDArray[np.str_], source: str) -> None:
    empty = np.flatnonzero(np.isnan(table).all(axis=1))
    if len(empty):
        more = f" and {len(empty) - 1} more" if len(empty) > 1 else ""
        raise DataError(
            f"{source}: row {empty[0] + 1} (id {ids[empty[0]]}){more} has no value of any marker, diameter or density. "
            "Take it out, or fill in what was measured."
        )
