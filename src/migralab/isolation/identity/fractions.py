"""Which fractions of a gradient hold which class: a non-negative mixture of what the classes are expected to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError
from migralab.core.random import stream_key, uniform_pair_array
from migralab.isolation.identity.belief import Belief, Feature, Floats, believe
from migralab.isolation.identity.classify import DRAWS, ENDS, Readings
from migralab.isolation.identity.columns import in_log2, refuse_unknown
from migralab.isolation.identity.panel import Panel
from migralab.isolation.identity.rules import LEAST_SUPPORT, NO_CALL, basis_of
from migralab.isolation.table import ids_of, quantity_column

if TYPE_CHECKING:
    import pandas as pd

LANES = ("cell", "cell body", "cell_body", "cells", "lysate")
"""Rows that are a lane of the cell body beside the fractions, and no fraction."""
LEAST_SHARE = 0.5
"""Share of a fraction's markers that a class must explain for a call (E); it must also be the largest in as many of the
drawn panels as the rules ask of a vesicle."""
LEAST_MARKERS = 3
_ASIDE = ("density", "volume", "protein", "position", "depth", "iodixanol", "sucrose")  # what fractions also have


@dataclass(frozen=True)
class Fractions:
    """A profile: how strong each marker is in each fraction.

    Parameters
    ----------
    names, markers
        Of the (fractions, markers) array.
    intensity
        1 is the strongest lane of that marker; NaN where it was not measured.
    cell
        (markers,) the lane of the cell body on the same scale; NaN where there is none.
    notes
        What was done to read them.
    """

    names: NDArray[np.str_]
    markers: tuple[str, ...]
    intensity: Floats
    cell: Floats
    notes: tuple[str, ...]

    def readings(self) -> Readings:
        """Return the fractions as rows with intensities and ratios to the cell body, for the rules of calls."""
        features = [Feature(marker, "intensity") for marker in self.markers]
        values = [in_log2(self.intensity)]
        known = self.cell > 0
        features += [Feature(marker, "to_cell") for marker, own in zip(self.markers, known, strict=True) if own]
        values.append(in_log2(self.intensity[:, known] / self.cell[known]))
        return Readings(self.names, tuple(features), np.concatenate(values, axis=1), self.notes)


@dataclass(frozen=True)
class Mixture:
    """What the fractions hold.

    Parameters
    ----------
    classes
        Those of which the panel states two or more of the markers.
    share, share_low, share_high
        (fractions, classes): part of the fraction's markers that the class explains, with the 95 % interval.
    profile, profile_low, profile_high
        (fractions, classes): part of the class that lies in the fraction; sums to 1 over fractions.
    calls, reasons
        One for each fraction.
    """

    classes: tuple[str, ...]
    share: Floats
    share_low: Floats
    share_high: Floats
    profile: Floats
    profile_low: Floats
    profile_high: Floats
    calls: tuple[str, ...]
    reasons: tuple[str, ...]


def read_fractions(rows: pd.DataFrame, panel: Panel, source: str, *, ignore_unknown: bool = False) -> Fractions:
    """Read one row per fraction with one column per marker, in any unit that is the same down a column.

    Raises
    ------
    DataError
        If fractions repeat, a marker is not in the panel, a value is negative, a fraction has none, or there are
        fewer than three markers.
    """
    if "fraction" not in rows.columns:
        raise DataError(f"{source}: there is no column 'fraction'. Give each row the number or name of its fraction.")
    names = ids_of(rows, source, "fraction")
    columns: dict[str, str] = {}
    unknown: list[str] = []
    for column in (str(name) for name in rows.columns if name != "fraction"):
        marker = panel.find(column.removesuffix("_intensity"))
        if marker is not None and marker in columns:
            raise DataError(f"{source}: {columns[marker]} and {column} are the same marker. Keep one of them.")
        if marker is not None:
            columns[marker] = column
        elif not column.casefold().startswith(_ASIDE):
            unknown.append(column)
    notes = list(refuse_unknown(unknown, panel, source, ignore=ignore_unknown))
    if len(columns) < LEAST_MARKERS:
        raise DataError(
            f"{source}: {len(columns)} markers of the panel, at least {LEAST_MARKERS} are needed to tell classes apart."
        )
    measured = [quantity_column(rows, column, "", source, least=0.0) for column in columns.values()]
    table = np.column_stack([own for own in measured if own is not None])
    strongest = np.nanmax(np.where(np.isnan(table), 0.0, table), axis=0)
    if (strongest == 0).any():
        dark = [name for name, own in zip(columns, strongest, strict=True) if own == 0]
        raise DataError(f"{source}: {', '.join(dark)} is 0 in every fraction. Leave the column out.")
    table = table / strongest
    lane = np.isin(np.char.lower(names.astype(str)), LANES)
    if not lane.any():
        notes.append(
            "no lane of the cell body (a row 'cell'): each marker is scaled to its strongest fraction, so one that is "
            "weak everywhere looks strong, and no fraction can be called migrasome"
        )
    empty = np.flatnonzero(np.isnan(table).all(axis=1))
    if len(empty):
        raise DataError(f"{source}: fraction {names[empty[0]]} has no value of any marker. Take it out, or fill it in.")
    cell = table[lane][0] if lane.any() else np.full(len(columns), np.nan)
    return Fractions(names[~lane], tuple(columns), table[~lane], cell, tuple(notes))


def unmix(fractions: Fractions, panel: Panel, draws: int = DRAWS) -> Mixture:
    """Return the share of each class in each fraction by non-negative least squares (eq-identity-mixture).

    The interval is over panels drawn from what is believed of them and over weights of the markers (a Bayesian
    bootstrap), so it holds both that levels are badly known and that few markers decide.
    """
    belief = believe(panel, [Feature(marker, "intensity") for marker in fractions.markers])
    kept = [k for k in range(len(belief.classes)) if belief.stated[:, k].sum() >= 2]
    if len(kept) < 2:
        raise DataError(
            "the panel states two or more of these markers for fewer than two classes. Measure more markers."
        )
    amounts = _solve_draws(fractions, belief, kept, draws)
    share = amounts / np.maximum(amounts.sum(axis=2, keepdims=True), 1e-12)
    profile = amounts / np.maximum(amounts.sum(axis=1, keepdims=True), 1e-12)
    low, middle, high = np.quantile(share, (ENDS[0], 0.5, ENDS[1]), axis=0)
    first, centre, last = np.quantile(profile, (ENDS[0], 0.5, ENDS[1]), axis=0)
    classes = tuple(belief.classes[k] for k in kept)
    first_in = (amounts.argmax(axis=2) == middle.argmax(axis=1)).mean(axis=0)
    readings = fractions.readings()
    said = [_call(row, readings, panel, classes, middle[row], float(first_in[row])) for row in range(len(low))]
    return Mixture(
        classes, middle, low, high, centre, first, last, tuple(call for call, _ in said), tuple(why for _, why in said)
    )


def _solve_draws(fractions: Fractions, belief: Belief, kept: list[int], draws: int) -> Floats:
    """Return amounts, (draws, fractions, classes)."""
    from scipy.optimize import nnls

    levels = np.stack([belief.draw(place, draws)[0] for place in range(len(fractions.markers))])  # markers, draws, all
    shown = np.exp2(np.minimum(levels[:, :, kept], 0.0))  # nothing is stronger than the strongest lane
    shown /= shown.max(axis=2, keepdims=True)
    number = np.arange(draws, dtype=np.uint64)
    weights = np.stack(
        [
            -np.log(uniform_pair_array(stream_key(f"identity/weight/{name}"), number, 0, 0)[0])
            for name in fractions.markers
        ]
    )
    weights *= belief.agreement[:, kept].min(axis=1)[:, None]
    weights /= np.array([belief.groups.count(group) for group in belief.groups])[:, None]
    amounts = np.zeros((draws, len(fractions.names), len(kept)))
    for draw in range(draws):
        root = np.sqrt(weights[:, draw])
        for row, own in enumerate(fractions.intensity):
            seen = ~np.isnan(own)
            amounts[draw, row] = nnls(shown[seen, draw] * root[seen, None], own[seen] * root[seen])[0]
    return amounts


def _call(
    row: int, readings: Readings, panel: Panel, classes: tuple[str, ...], middle: Floats, support: float
) -> tuple[str, str]:
    best = int(middle.argmax())
    if middle[best] == 0:
        return NO_CALL, "no marker is found in it"
    basis, lacking = basis_of(panel.classes[classes[best]], readings, row)
    if not basis:
        return NO_CALL, lacking
    if middle[best] < LEAST_SHARE:
        return NO_CALL, f"{classes[best]} explains {middle[best]:.0%} of it, at least {LEAST_SHARE:.0%} are needed"
    if support < LEAST_SUPPORT:
        return NO_CALL, (
            f"the panel knows too little: {classes[best]} is the largest part in {np.floor(100 * support):.0f}% of "
            f"redrawn panels, at least {LEAST_SUPPORT:.0%} are needed"
        )
    return classes[best], ""
