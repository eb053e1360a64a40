"""What an isolation has given: fractions, sizes, purity and where everything else went."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from migralab.isolation.bench.column import Tube, density_of
from migralab.isolation.bench.population import Population
from migralab.isolation.bench.protocol import Protocol

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
PRODUCT = "product"
_FEW = 10  # followed particles below which a share hangs on chance
_MOLECULES = "protein"  # counted by mass, not among the particles of a purity by number


def _shares(amount: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Return the share of each in the whole and its standard error, to first order."""
    total = max(float(amount.sum()), 1e-300)
    share = amount / total
    spread = (1 - share) ** 2 * variance + share**2 * (variance.sum() - variance)
    return share, np.sqrt(spread) / total


@dataclass(frozen=True)
class Isolation:
    """A population after a protocol.

    Parameters
    ----------
    population, protocol, seed
        What went in.
    place
        (n,) index into `places` of where each particle ended; 0 is the product.
    fraction
        (n,) fraction of the gradient that it was taken in, from 1; 0 where it was in none.
    leaky
        (n,) whether it leaks at the end.
    places
        Names.
    ledger
        One row per step, kind and place: number and protein that stayed there.
    tube
        The gradient, if there was one.
    """

    population: Population
    protocol: Protocol
    seed: int
    place: NDArray[np.int16]
    fraction: NDArray[np.int16]
    leaky: NDArray[np.bool_]
    places: tuple[str, ...]
    ledger: pd.DataFrame
    tube: Tube | None

    @property
    def fractions(self) -> int:
        """How many fractions the gradient gave; 0 without one."""
        found = [step.gradient.fractions.number for step in self.protocol.steps if step.gradient is not None]
        return found[-1] if found else 0

    def by_kind(self, weights: Floats, who: NDArray[np.bool_] | None = None) -> Floats:
        """Return the sum of weights over each kind, of the particles in `who`."""
        people, chosen = self.population, slice(None) if who is None else who
        return np.bincount(people.kind[chosen], weights[chosen], len(people.kinds)).astype(np.float64)

    @cached_property
    def lots(self) -> dict[str, NDArray[np.bool_]]:
        """What one may ask for: every fraction as it came from the gradient and was worked up, and the product."""
        worked_up = self._worked_up
        found = {f"fraction {k}": worked_up & (self.fraction == k) for k in range(1, self.fractions + 1)}
        return found | {PRODUCT: self.place == 0}

    @property
    def _worked_up(self) -> NDArray[np.bool_]:
        """Particles that went through all steps, whether their fraction was pooled or put aside for that alone."""
        gradients = [number for number, step in enumerate(self.protocol.steps, start=1) if step.gradient is not None]
        last = gradients[-1] if gradients else 0
        aside = [k for k, name in enumerate(self.places) if ": fraction " in name and int(name.split()[0]) > last]
        return np.isin(self.place, [0, *aside])

    def profile(self, kind: str, weights: Floats | None = None) -> Floats:
        """Return the share of a kind that each fraction holds, of all that is in the fractions, (fractions,)."""
        people = self.population
        weights = people.number if weights is None else weights
        own = (people.kind == people.kinds.index(kind)) & (self.fraction > 0) & self._worked_up
        counts = np.bincount(self.fraction[own], weights[own], self.fractions + 1)[1:]
        return np.asarray(counts / max(counts.sum(), 1e-300))

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per lot and kind: number, protein, yield, purities and sizes, units in the names of columns.

        Standard errors (``_se``) are those of following a limited number of particles, nothing else.
        """
        import pandas as pd

        people = self.population
        molecule = np.array([name == _MOLECULES for name in people.kinds])
        at_start = self.by_kind(people.number)
        followed = self.by_kind(np.ones(len(people)))
        rows = []
        for lot, who in self.lots.items():
            number, number_spread = self._summed(people.number, who)
            mass, mass_spread = self._summed(people.number * people.protein, who)
            by_number = _shares(np.where(molecule, 0.0, number), np.where(molecule, 0.0, number_spread))
            by_protein = _shares(mass, mass_spread)
            got = number / np.maximum(at_start, 1e-300)
            got_error = np.sqrt(got * np.clip(1 - got, 0, 1) / np.maximum(followed, 1))
            for k, name in enumerate(people.kinds):
                low, middle, high = self._sizes(who & (people.kind == k))
                rows.append({
                    "lot": lot, "kind": name, "number": number[k], "protein_ug": mass[k], "yield": got[k],
                    "yield_se": got_error[k], "purity_by_number": by_number[0][k],
                    "purity_by_number_se": by_number[1][k], "purity_by_protein": by_protein[0][k],
                    "purity_by_protein_se": by_protein[1][k], "followed": int((who & (people.kind == k)).sum()),
                    "diameter_um_p05": low, "diameter_um_median": middle, "diameter_um_p95": high,
                })  # fmt: skip
        return pd.DataFrame(rows)

    def _summed(self, weights: Floats, who: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """Return the sum of weights by kind, and its variance from following few particles."""
        return self.by_kind(weights, who), self.by_kind(weights**2, who)

    def most_unseen(self, lot: str = PRODUCT) -> tuple[str, float]:
        """Return the kind that could make up most of a lot's protein without having been seen, and that share.

        Of a kind of which k followed particles are in the lot, k + 3 is about the 95 % upper end for small k.
        """
        people, who = self.population, self.lots[lot]
        protein = people.number * people.protein
        each = self.by_kind(protein) / np.maximum(self.by_kind(np.ones(len(people))), 1)
        total = protein[who].sum()
        seen = self.by_kind(np.ones(len(people)), who)
        share = np.where(seen < _FEW, 3.0 * each / np.maximum(total + 3.0 * each, 1e-300), 0.0)
        worst = int(np.argmax(share))
        return people.kinds[worst], float(share[worst])

    def _sizes(self, who: NDArray[np.bool_]) -> tuple[float, float, float]:
        """Return the 5, 50 and 95 % points of diameters, um, by number; NaN where there is none."""
        if not who.any():
            return (np.nan,) * 3
        size, weight = 1e6 * self.population.diameter[who], self.population.number[who]
        order = np.argsort(size)
        share = np.cumsum(weight[order]) / max(weight.sum(), 1e-300)
        low, middle, high = np.minimum(np.searchsorted(share, (0.05, 0.5, 0.95)), len(size) - 1)
        return float(size[order][low]), float(size[order][middle]), float(size[order][high])

    @cached_property
    def gradient_table(self) -> pd.DataFrame | None:
        """One row per fraction: solute and density at the end of the run; None without a gradient."""
        import pandas as pd

        if self.tube is None:
            return None
        step = next(own.gradient for own in reversed(self.protocol.steps) if own.gradient is not None)
        cuts = np.arange(step.fractions.number + 1.0) * step.fractions.volume
        solute = self.tube.mean_solute(cuts)
        density = density_of(self.tube.solute, solute, step.temperature, self.tube.diluent)
        return pd.DataFrame({
            "fraction": np.arange(1, len(cuts)), "from_ml": cuts[:-1] * 1e6, "to_ml": cuts[1:] * 1e6,
            "solute_g_per_l": solute, "density_g_per_ml": density / 1000,
        })  # fmt: skip

    def answer(self, kind: str, lot: str = PRODUCT) -> dict[str, float]:
        """Return yield and purities of a kind in a lot, with standard errors of following few particles (``_se``)."""
        row = self.table[(self.table["lot"] == lot) & (self.table["kind"] == kind)].iloc[0]
        names = ("yield", "purity_by_number", "purity_by_protein")
        return {name + end: float(row[name + end]) for name in names for end in ("", "_se")}
