"""Tables of proteins: how many of those that speak for a class are there, and enriched beyond chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError
from migralab.isolation.identity.belief import CELL, Feature, Floats, believe
from migralab.isolation.identity.classify import Readings
from migralab.isolation.identity.columns import in_log2
from migralab.isolation.identity.panel import Panel, plain_name
from migralab.isolation.table import quantity_column

if TYPE_CHECKING:
    import pandas as pd

Bools = NDArray[np.bool_]

ENRICHED = 1.5
"""Ratio to the cell body from which a protein counts as enriched (Zhao 2019, F)."""
APART = 2.0
"""A marker speaks for a class if its level is this many powers of two above every other vesicle class stated (E)."""
_NO_PROTEIN = ("rna", "stain", "place")
NAMES = ("gene", "gene_name", "symbol", "protein", "accession", "id")
_REFERENCES = (
    "cell_body",
    "cell",
    "cells",
    "cell body",
    "lysate",
    "reference",
    "abundance_cell",
    "abundance_reference",
)


@dataclass(frozen=True)
class Proteome:
    """Abundances of a sample and of the cell body.

    Parameters
    ----------
    names
        One for each protein that was found in either.
    sample, reference
        Abundances, 0 where it was not found.
    sample_name, reference_name
        What the table calls them.
    """

    names: tuple[str, ...]
    sample: Floats
    reference: Floats
    sample_name: str
    reference_name: str

    @property
    def ratio(self) -> Floats:
        """Sample over reference; infinite where the reference has none, NaN where the sample has none either."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.sample / self.reference, np.float64)


@dataclass(frozen=True, slots=True)
class Count:
    """How many proteins of a class are there.

    Parameters
    ----------
    vesicle_class
        Its key.
    listed, seen, enriched
        How many speak for it, how many of those are in the sample, how many are enriched.
    share, low, high
        Enriched over seen, with the exact 95 % interval of a binomial; NaN where none is seen.
    chance
        The same share over all proteins of the sample.
    fold, fold_low, fold_high
        Share over chance.
    p
        Chance of so many or more if as many were drawn blindly from the sample.
    names, missing
        Which are enriched, and which were not seen.
    """

    vesicle_class: str
    listed: int
    seen: int
    enriched: int
    share: float
    low: float
    high: float
    chance: float
    fold: float
    fold_low: float
    fold_high: float
    p: float
    names: tuple[str, ...]
    missing: tuple[str, ...]


def read_proteins(
    rows: pd.DataFrame, source: str, *, sample: str | None = None, reference: str | None = None
) -> Proteome:
    """Read a table of proteins, wide (a column for each sample) or long (``gene``, ``sample``, ``abundance``).

    Parameters
    ----------
    sample, reference
        Columns (or names in ``sample``) of what is asked, and of the cell body it is compared with.

    Raises
    ------
    DataError
        If no column names proteins, the reference or the sample is not there or not plain, a protein stands twice, or
        an abundance is negative.
    """
    name = next((column for column in rows.columns if str(column).casefold() in NAMES), None)
    if name is None:
        raise DataError(f"{source}: no column names the proteins. Call it gene. Columns: {_list(rows.columns)}.")
    if {"sample", "abundance"} <= set(map(str, rows.columns)):
        rows = _widen(rows, str(name), source)
    others = [str(column) for column in rows.columns if column != name and rows[column].dtype.kind in "iuf"]
    reference = _choose_reference(reference, others, source)
    left = [column for column in others if column != reference]
    if sample is None and len(left) != 1:
        raise DataError(f"{source}: which column is the sample? Say it with --sample. Columns: {_list(left)}.")
    sample = sample or left[0]
    if sample not in left:
        raise DataError(f"{source}: there is no column '{sample}' of numbers. Columns: {_list(left)}.")
    names = tuple(str(own).split(";")[0].strip() for own in rows[name])
    seen: set[str] = set()
    for own in names:
        if plain_name(own) in seen:
            raise DataError(f"{source}: {own} stands in more than one row. Add up or choose, so that it stands once.")
        seen.add(plain_name(own))
    values = [_abundance(rows, column, source) for column in (sample, reference)]
    return Proteome(names, values[0], values[1], sample, reference)


def _abundance(rows: pd.DataFrame, column: str, source: str) -> Floats:
    try:
        values = quantity_column(rows, column, "", source, least=0.0)
    except DataError as error:
        if "is below" in str(error):
            raise DataError(f"{error} Give abundances as they are, not their logarithms.") from None
        raise
    return np.nan_to_num(values, nan=0.0) if values is not None else np.zeros(len(rows))


def _widen(rows: pd.DataFrame, name: str, source: str) -> pd.DataFrame:
    twice = rows.duplicated([name, "sample"])
    if twice.any():
        row = rows[twice].iloc[0]
        raise DataError(f"{source}: {row[name]} stands twice in the sample {row['sample']}. Keep one row of each.")
    return rows.pivot(index=name, columns="sample", values="abundance").reset_index()


def _choose_reference(wanted: str | None, others: list[str], source: str) -> str:
    if wanted is not None:
        if wanted not in others:
            raise DataError(f"{source}: there is no column '{wanted}' of numbers. Columns: {_list(others)}.")
        return wanted
    found = [column for column in others if column.casefold() in _REFERENCES]
    if len(found) != 1:
        raise DataError(
            f"{source}: no reference: which column holds the abundance in the cell body? Say it with --reference, or "
            f"call the column cell_body. Without it enrichment cannot be told. Columns: {_list(others)}."
        )
    return found[0]


def _list(columns: object) -> str:
    return ", ".join(map(str, columns)) or "none"  # type: ignore[call-overload]  # an Index or a list


def speakers(panel: Panel) -> dict[str, tuple[str, ...]]:
    """Return the proteins that speak for each class: clearly above all other classes of vesicles with a statement.

    A contaminant must be above the cell body, too: a faint band of mitochondria speaks for no vesicle.
    """
    features = [Feature(marker, "intensity") for marker, own in panel.markers.items() if own.kind not in _NO_PROTEIN]
    belief = believe(panel, features)
    vesicles = np.array([name != CELL for name in belief.classes])
    found: dict[str, tuple[str, ...]] = {}
    for k, name in enumerate(belief.classes):
        own = []
        for place, feature in enumerate(features):
            rivals = vesicles | (panel.markers[feature.marker].kind == "contaminant")
            others = belief.stated[place] & rivals & (np.arange(len(rivals)) != k)
            if belief.stated[place, k] and others.any():
                apart = belief.mean[place, k] - belief.mean[place, others].max()
                own += [feature.marker] if apart >= APART else []
        found[name] = tuple(own)
    return found


def count_proteins(proteome: Proteome, panel: Panel) -> list[Count]:
    """Return for each class how many of its proteins are enriched over the cell body, against chance."""
    there = proteome.sample > 0
    ratio = proteome.ratio
    rich = there & (ratio > ENRICHED)
    place = {marker: row for row, name in enumerate(proteome.names) if (marker := panel.find(name)) is not None}
    return [_count(name, own, place, there, rich) for name, own in speakers(panel).items() if own]


def _count(name: str, own: tuple[str, ...], place: dict[str, int], there: Bools, rich: Bools) -> Count:
    from scipy.stats import beta, hypergeom

    seen = [marker for marker in own if marker in place and there[place[marker]]]
    enriched = [marker for marker in seen if rich[place[marker]]]
    n, k = len(seen), len(enriched)
    total, hits = int(there.sum()), int(rich.sum())
    chance = hits / total if total else np.nan
    share = k / n if n else np.nan
    low = 0.0 if k == 0 else float(beta.ppf(0.025, k, n - k + 1))
    high = 1.0 if k == n else float(beta.ppf(0.975, k + 1, n - k))
    ends = (low, high) if n else (np.nan, np.nan)
    fold = [value / chance if chance else np.nan for value in (share, *ends)]
    p = float(hypergeom.sf(k - 1, total, hits, n)) if n else np.nan
    missing = tuple(marker for marker in own if marker not in seen)
    return Count(
        vesicle_class=name, listed=len(own), seen=n, enriched=k, share=share, low=ends[0], high=ends[1], chance=chance,
        fold=fold[0], fold_low=fold[1], fold_high=fold[2], p=p, names=tuple(enriched), missing=missing,
    )  # fmt: skip


def proteome_readings(proteome: Proteome, panel: Panel) -> Readings:
    """Return the sample as one row: ratios to the cell body where both have the marker, else that it is seen."""
    ratio = proteome.ratio
    values: dict[Feature, float] = {}
    for row, name in enumerate(proteome.names):
        marker = panel.find(name)
        if marker is None or panel.markers[marker].kind in _NO_PROTEIN:
            continue
        values[Feature(marker, "present")] = float(proteome.sample[row] > 0)
        if proteome.reference[row] > 0:
            values[Feature(marker, "to_cell")] = float(in_log2(np.array([ratio[row]]))[0])
    if not values:
        raise DataError("none of the proteins is a marker of the panel. Check that the column holds gene symbols.")
    features = tuple(sorted(values))
    table = np.array([[values[feature] for feature in features]])
    return Readings(np.array([proteome.sample_name]), features, table)
