"""Particles that go through a protocol: drawn from a mixture, read from a table, or taken from a simulated dish."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError
from migralab.core.random import child_key_array, dish_key, stream_key, uniform_pair_array
from migralab.isolation.bench.library import constant
from migralab.isolation.bench.mixture import KINDS, Kind, Mixture
from migralab.isolation.table import DENSEST_G_PER_ML, LARGEST_UM, ids_of, quantity_column, read_rows
from migralab.physics.sedimentation.flight import Particles
from migralab.physics.sedimentation.medium import (
    sucrose_density,
    sucrose_osmolality,
    water_density,
)
from migralab.physics.sedimentation.particle import matter_density, shrunken
from migralab.spec.experiment import nearest

Floats = NDArray[np.float64]

_ROOM = 20.0  # C, at which densities of reviews are read
MOST = 20_000_000
_MOLECULES = "protein"


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Particles, each standing for a number of equal ones.

    Parameters
    ----------
    ids
        (n,) as the user named them, or their order.
    kind
        (n,) row in `kinds`.
    kinds
        Names of the kinds.
    diameter, phi, matter
        (n,) m; share and density (kg/m3) of what no medium enters.
    leaky
        (n,) whether the lumen fills with the medium.
    number
        (n,) of real particles that it stands for.
    protein
        (n,) ug of protein in one of them.
    key
        (n,) of its random numbers.
    origin
        In words.
    """

    ids: NDArray[np.str_]
    kind: NDArray[np.int64]
    kinds: tuple[str, ...]
    diameter: Floats
    phi: Floats
    matter: Floats
    leaky: NDArray[np.bool_]
    number: Floats
    protein: Floats
    key: NDArray[np.uint64]
    origin: str

    def __len__(self) -> int:
        return len(self.diameter)

    def particles(self, who: NDArray[Any], leaky: NDArray[np.bool_]) -> Particles:
        """Return what moves, of these rows."""
        return Particles(self.diameter[who], self.phi[who], self.matter[who], leaky[who].astype(np.float64))


def draw_population(mixture: Mixture, particles: int, seed: int, total: float = 1e9) -> Population:
    """Draw particles from a mixture, as many of each kind of vesicle, so that rare kinds are seen as well.

    Half of all are protein: it is so much at the start that the little that gets through must be seen in detail.

    Parameters
    ----------
    particles
        How many to follow.
    total
        How many real ones they stand for, protein molecules not counted.
    """
    held = {name: kind for name, kind in mixture.kinds.items() if kind.number_share.value > 0}
    counted = sum(kind.number_share.value for name, kind in held.items() if name != "protein")
    scale = total / (counted or 1.0)
    parts = [
        _draw_kind(name, kind, _allotted(name, list(held), particles), seed, scale * kind.number_share.value)
        for name, kind in held.items()
    ]
    return _joined(parts, f"mixture {mixture.id}")


def _allotted(name: str, names: list[str], particles: int) -> int:
    """Return how many particles of a kind are followed."""
    if _MOLECULES not in names or len(names) == 1:
        return max(1, particles // len(names))
    return max(1, particles // 2 if name == _MOLECULES else particles // (2 * (len(names) - 1)))


def _draw_kind(name: str, kind: Kind, count: int, seed: int, number: float) -> Population:
    key = _keys(name, count, seed)
    size, dense = uniform_pair_array(stream_key("isolation/size"), key, 0, 0)
    diameter = 1e-6 * _log_normal(kind, size)
    leaky = uniform_pair_array(stream_key("isolation/leak"), key, 0, 0)[0] < kind.leaky_share.value
    phi = np.full(count, kind.matter_share.value)
    matter = matter_of(kind, _bell(dense) * kind.density_sd_g_per_ml.value + kind.density_g_per_ml.value)
    protein = np.pi / 6 * (1e6 * diameter) ** 3 * kind.protein_mg_per_ml.value * 1e-9  # um3 x mg/ml = 1e-9 ug
    return Population(
        ids=np.arange(count).astype(str), kind=np.zeros(count, np.int64), kinds=(name,), diameter=diameter, phi=phi,
        matter=matter, leaky=leaky, number=np.full(count, number / count), protein=protein, key=key, origin="",
    )  # fmt: skip


def _keys(name: str, count: int, seed: int) -> NDArray[np.uint64]:
    """Return keys that depend on seed, kind and order in it, not on how many there are."""
    root = np.full(count, dish_key(seed), np.uint64)
    return child_key_array(root, stream_key(f"isolation/{name}"), np.arange(count, dtype=np.uint64))


def _log_normal(kind: Kind, uniform: Floats) -> Floats:
    """Return diameters, um, of a log-normal law cut at both ends."""
    from scipy.special import ndtr, ndtri

    middle, spread = np.log(kind.diameter_um.value), max(kind.spread.value, 1e-9)
    low, high = (ndtr((np.log(end.value) - middle) / spread) for end in (kind.least_um, kind.most_um))
    return np.asarray(np.exp(middle + spread * ndtri(low + (high - low) * uniform)))


def _bell(uniform: Floats) -> Floats:
    """Return normal deviates cut at three SD."""
    from scipy.special import ndtr, ndtri

    return np.asarray(ndtri(ndtr(-3.0) + (ndtr(3.0) - ndtr(-3.0)) * uniform))


def matter_of(kind: Kind, banded: Floats) -> Floats:
    """Return the density of the matter, kg/m3, of vesicles that were seen to band at `banded`, g/ml (eq-buoyant)."""
    rho = 1000.0 * banded
    if kind.banded == "leaky in iodixanol":
        return rho
    kept = np.ones_like(rho)
    if kind.banded == "intact in sucrose":
        weight = np.linspace(0.0, 0.7, 701)
        osmolality = np.interp(rho, sucrose_density(weight, _ROOM), sucrose_osmolality(weight))
        kept = shrunken(osmolality, constant("osmolality"))
    phi = np.full(len(rho), kind.matter_share.value)
    return matter_density(rho, phi, kept, constant("lumen_density"), water_density(_ROOM))


def read_table(path: str | Path, mixture: Mixture, seed: int) -> Population:
    """Read vesicles from a table.

    Columns are ``diameter_um`` and, where known, ``kind``, ``density_g_per_ml`` (in isotonic iodixanol), ``leaky``,
    ``number`` and ``id``. What a column does not say comes from the kind's entry in `mixture`.

    Raises
    ------
    DataError
        If a kind is unknown, an id stands twice, a unit is missing or a value makes no sense.
    """
    source, rows = str(path), read_rows(path)
    ids = ids_of(rows, source)
    diameter = quantity_column(rows, "diameter", "um", source, least=1e-3, most=LARGEST_UM)
    if diameter is None or np.isnan(diameter).any():
        raise DataError(f"{source}: a row has no diameter. Leave such rows out.")
    density = quantity_column(rows, "density", "g/ml", source, least=0.9, most=DENSEST_G_PER_ML, required=False)
    number = quantity_column(rows, "number", "", source, least=0.0, required=False)
    names = _kinds(rows, mixture, source)
    leaky = _truth(rows, "leaky", source)
    parts = []
    for name in dict.fromkeys(names):
        own = np.flatnonzero(np.array(names) == name)
        drawn = _draw_kind(name, mixture.kinds[name], len(own), seed, float(len(own)))
        part = replace(drawn, ids=ids[own], diameter=1e-6 * diameter[own],
                       protein=drawn.protein * (1e-6 * diameter[own] / drawn.diameter) ** 3)  # fmt: skip
        if leaky is not None:
            part = replace(part, leaky=np.where(leaky[own] < 0, part.leaky, leaky[own] > 0))
        if density is not None:
            part = replace(part, matter=_given(part, density[own]))
        if number is not None:
            part = replace(part, number=np.nan_to_num(number[own], nan=1.0))
        parts.append(part)
    taken = "" if "kind" in rows else ", all taken for migrasomes, since it has no column kind"
    return _joined(parts, f"table {source}{taken}")


def _kinds(rows: Any, mixture: Mixture, source: str) -> list[str]:
    """Return the kind of each row; capitals do not count."""
    if "kind" not in rows:
        return ["migrasome"] * len(rows)
    names: list[str] = rows["kind"].fillna("").astype(str).str.strip().str.lower().tolist()
    for number, name in enumerate(names):
        if name not in mixture.kinds:
            said = f"there is no kind '{name}'. {nearest(name, mixture.kinds)}" if name else "it has no kind."
            raise DataError(f"{source}: row {number + 1}: {said} Kinds: {', '.join(mixture.kinds)}.")
    return names


def _given(part: Population, density: Floats) -> Floats:
    """Return the matter of vesicles whose density in isotonic iodixanol is given, g/ml; NaN keeps what was drawn."""
    rho = 1000.0 * density
    intact = matter_density(rho, part.phi, np.ones_like(rho), constant("lumen_density"), water_density(_ROOM))
    return np.where(np.isnan(rho), part.matter, np.where(part.leaky, rho, intact))


def _truth(rows: Any, column: str, source: str) -> NDArray[np.int64] | None:
    """Return 1 or 0 for each row, -1 where the table leaves it empty; None without the column."""
    if column not in rows:
        return None
    words = rows[column].astype(object).where(rows[column].notna(), "").astype(str).str.strip().str.lower()
    known = {"true": 1, "1": 1, "1.0": 1, "yes": 1, "false": 0, "0": 0, "0.0": 0, "no": 0, "": -1}
    wrong = np.flatnonzero(~words.isin(list(known)).to_numpy())
    if len(wrong):
        raise DataError(f"{source}: row {wrong[0] + 1}: {column} = '{words.iloc[wrong[0]]}'. Write true or false.")
    return np.array([known[word] for word in words], np.int64)


def from_run(directory: str | Path, mixture: Mixture, particles: int, seed: int) -> Population:
    """Take the detached migrasomes of a run's last frame, among what `mixture` says comes with so many.

    Raises
    ------
    DataError
        If the directory is no run, or nothing is detached in it.
    """
    from migralab.results.run import open_run

    unit = mixture.kinds["migrasome"].number_share.value if "migrasome" in mixture.kinds else 0.0
    if not unit > 0:
        raise DataError(f"mixture {mixture.id} has no migrasomes, so nothing says how many others come with them.")
    table = open_run(directory).frame("migrasomes")
    last = table[(table["frame"] == table["frame"].max()) & ~table["attached"].astype(bool)]
    diameter = last["diameter_um"].to_numpy(np.float64)
    diameter = diameter[np.isfinite(diameter) & (diameter > 0)]
    if not len(diameter):
        raise DataError(
            f"{directory}: no migrasome is detached in the last frame, so nothing can be isolated. "
            "Simulate longer, or give a mixture or a table."
        )
    names = list(mixture.kinds)
    copies = -(-_allotted("migrasome", names, particles) // len(diameter))
    own = _draw_kind("migrasome", mixture.kinds["migrasome"], copies * len(diameter), seed, float(len(diameter)))
    wide = 1e-6 * np.tile(diameter, copies)
    own = replace(own, diameter=wide, protein=own.protein * (wide / own.diameter) ** 3)
    others = [
        _draw_kind(name, kind, _allotted(name, names, particles), seed, len(diameter) * kind.number_share.value / unit)
        for name, kind in mixture.kinds.items()
        if name != "migrasome" and kind.number_share.value > 0
    ]
    return _joined([own, *others], f"{len(diameter)} detached migrasomes of {directory}, with mixture {mixture.id}")


def _joined(parts: list[Population], origin: str) -> Population:
    """Return the parts as one, kinds in the usual order."""
    parts = sorted(parts, key=lambda part: KINDS.index(part.kinds[0]))
    if sum(map(len, parts)) > MOST:
        raise DataError(f"more than {MOST:,} particles. Give fewer: each may stand for many (number).")
    columns = ("ids", "diameter", "phi", "matter", "leaky", "number", "protein", "key")
    return Population(
        kind=np.repeat(np.arange(len(parts)), [len(part) for part in parts]),
        kinds=tuple(part.kinds[0] for part in parts), origin=origin,
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in columns},
    )  # fmt: skip


def gather_population(source: str | Path | None, mixture: Mixture, particles: int, seed: int) -> Population:
    """Return the population of what a user names: a run directory, a table, or nothing (the mixture itself).

    Raises
    ------
    DataError
        If it is none of these.
    """
    if source is None:
        return draw_population(mixture, particles, seed)
    path = Path(source)
    if path.is_dir():
        return from_run(path, mixture, particles, seed)
    if path.suffix.lower() not in {".csv", ".tsv", ".tab", ".parquet", ".pq"}:
        raise DataError(
            f"{source}: neither a run directory nor a table (.csv, .tsv, .parquet). "
            "Mixtures that ship: migralab isolate --list."
        )
    return read_table(path, mixture, seed)
