"""Cargo: whole molecules go from the cell into a growing migrasome. Theory: docs/theory/cargo.md."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from migralab.core.random import draw_uniform_pairs
from migralab.engine.mechanism import Accounts, Phase, State, Stream, per_dish
from migralab.engine.table import Column, Table
from migralab.mechanisms.base import computed, estimate
from migralab.mechanisms.biogenesis.nucleation import STABILISED
from migralab.physics.signals.cargo import offer_molecules, share_out
from migralab.spec.parameter import MechanismParameters, Parameter, Source, quantity

KINDS = ("soluble_protein", "membrane_protein", "mrna", "mirna", "small_vesicles")
SOLUBLE_PROTEIN, MEMBRANE_PROTEIN, MRNA, MIRNA, SMALL_VESICLES = range(len(KINDS))
_POSITIVE = len(KINDS)  # draw of RNA positivity; draws 0 to 4 are the thresholds of the kinds

_ZHU = Source(key="zhu2021", locator="fig 1b: 31.9 % of migrasomes are SYTO14-positive, mean over 150 cells", tag="D")
_SET_BY = "RNA-positive share of Zhu 2021 fig 1b"
_AS_CYTOSOL = estimate("what flows in is cytosol; no enrichment of this kind was read")


class Parameters(MechanismParameters):
    """What a cell holds, and how strongly each kind is drawn into a migrasome."""

    soluble_protein: Parameter = quantity(
        1.0, "uM", source=estimate("concentrations of signalling proteins lie around 1 uM (systems.md 3a: 0.1-10)"),
        low=0.1, high=10.0, description="soluble protein in the cell",
    )  # fmt: skip
    membrane_protein: Parameter = quantity(
        30.0, "1/um^2", source=estimate("1e5 receptors on the 3000 um2 of a cell"), low=3.0, high=300.0,
        description="membrane protein on the cell",
    )  # fmt: skip
    mrna: Parameter = quantity(
        100.0, "nM", source=estimate("about 2e5 mRNA in a mammalian cell of 3 pl"), low=30.0, high=300.0,
        description="mRNA in the cell, all genes together",
    )  # fmt: skip
    mirna: Parameter = quantity(
        50.0, "nM", source=estimate("about 1e5 miRNA in a mammalian cell of 3 pl"), low=10.0, high=200.0,
        description="miRNA in the cell, all together",
    )  # fmt: skip
    small_vesicles: Parameter = quantity(
        0.5, "1/um^3", source=estimate("some 1500 carriers of 50-100 nm in a cell of 3 pl"), low=0.1, high=2.0,
        description="small vesicles in the cell",
    )  # fmt: skip
    soluble_enrichment: Parameter = quantity(
        1.0, "", source=_AS_CYTOSOL, low=0.5, high=2.0,
        description="soluble protein per volume that flows in, over the cell (E_c)",
    )  # fmt: skip
    membrane_enrichment: Parameter = quantity(
        1.0, "", source=estimate("a protein that neither seeks nor shuns the tetraspanin domain"), low=0.5, high=4.0,
        description="membrane protein per area that flows in, over the cell",
    )  # fmt: skip
    mrna_enrichment: Parameter = quantity(
        1.0, "", source=_AS_CYTOSOL, low=0.5, high=2.0,
        description="mRNA per volume that flows into an RNA-positive migrasome, over the cell",
    )  # fmt: skip
    mirna_enrichment: Parameter = quantity(
        1.0, "", source=_AS_CYTOSOL, low=0.5, high=2.0, description="miRNA per volume that flows in, over the cell"
    )
    small_vesicle_enrichment: Parameter = quantity(
        10.0, "", source=estimate("a migrasome holds many small vesicles (REV, Jiang 2023), no count was read"),
        low=3.0, high=30.0, description="small vesicles per volume that flows in, over the cell",
    )  # fmt: skip
    rna_share: Parameter = quantity(
        0.319, "", source=_ZHU, maximum=1.0, calibrated_on=_SET_BY,
        description="share of migrasomes that hold mRNA, mean over donor cells",
    )  # fmt: skip
    rna_share_sd: Parameter = quantity(
        0.164, "", source=computed("published SD 0.265 over cells less 0.21 of counting about five migrasomes a cell"),
        low=0.08, high=0.2, maximum=0.5, calibrated_on=_SET_BY,
        description="spread of that share between donor cells (Beta; 0: all alike)",
    )  # fmt: skip

    @model_validator(mode="after")
    def _share_is_a_beta(self) -> Self:
        mean, sd = self.rna_share.internal, self.rna_share_sd.internal
        if sd > 0 and sd**2 >= mean * (1 - mean):
            raise ValueError(
                f"rna_share_sd = {sd:g} is too wide for a mean of {mean:g}: a share between 0 and 1 spreads by less "
                f"than {(mean * (1 - mean)) ** 0.5:.3g}."
            )
        return self


def _column(name: str, dtype: str, unit: str, meaning: str, **more: Any) -> Column:
    return Column(path=f"migrasomes.{name}", dtype=dtype, unit=unit, meaning=meaning, **more)


class Cargo:
    """Molecules come with the liquid and the membrane that flow into a stabilised vesicle, out of the cell's pool."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "signals.cargo"
    phase: ClassVar[Phase] = Phase.MOVE
    columns: ClassVar[tuple[Column, ...]] = (
        Column(path="cells.cargo", dtype="float64", unit="molecules", shape=(len(KINDS),), fill=np.nan, file=KINDS,
               inherit="share", meaning="left in the cell; NaN until the first tick, which knows the cell's volume"),
        Column(path="cells.rna_share", dtype="float64", unit="", file=("rna_share",),
               meaning="chance that one of its vesicles holds mRNA"),
        _column("cargo", "float64", "molecules", "in the vesicle", shape=(len(KINDS),), file=KINDS),
        _column("cargo_expected", "float32", "molecules", "mean that has been offered so far", shape=(len(KINDS),)),
        _column("loaded_volume", "float64", "um3", "volume whose content has been offered"),
        _column("loaded_area", "float64", "um2", "membrane whose content has been offered"),
        _column("rna_positive", "float32", "", "1 if it holds mRNA, 0 if not; NaN until it is stabilised", fill=np.nan,
                file=("rna_positive",)),
    )  # fmt: skip
    reads: ClassVar[frozenset[str]] = frozenset(
        {f"migrasomes.{c}" for c in ("alive", "stage", "volume", "area", "cell", "key")}
        | {"cells.volume", "cells.membrane", "cells.population"}
    )
    varies: ClassVar[frozenset[str]] = frozenset(KINDS)
    writes: ClassVar[frozenset[str]] = frozenset(column.path for column in columns)
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float) -> None:  # noqa: ARG002  # every mechanism gets the tick
        p = self._p = parameters.internal()
        self._content = np.column_stack([parameters.varied(kind) for kind in KINDS])
        self._enrichment = np.array(
            [p[f"{kind}_enrichment"] for kind in ("soluble", "membrane", "mrna", "mirna", "small_vesicle")]
        )
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Draw each donor's share of RNA-positive vesicles."""
        from scipy.special import betaincinv

        cells, mean, sd = state["cells"], self._p["rna_share"], self._p["rna_share_sd"]
        if sd == 0.0:
            cells["rna_share"][:] = mean
            return
        total = mean * (1 - mean) / sd**2 - 1
        u, _ = draw_uniform_pairs(stream.key, cells["key"], 0, 0)
        cells["rna_share"][:] = betaincinv(mean * total, (1 - mean) * total, u)

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # growth says what came in
        """Offer each grown vesicle what came in with its growth, and take it from the cell."""
        cells, vesicles = state["cells"], state["migrasomes"]
        self._fill_pools(cells)
        stable = vesicles["alive"] & (vesicles["stage"] == STABILISED) & (vesicles["cell"] >= 0)
        grown = (vesicles["volume"] > vesicles["loaded_volume"]) | (vesicles["area"] > vesicles["loaded_area"])
        rows = np.flatnonzero(stable & grown)
        if not len(rows):
            return
        cell = cells.place(vesicles["cell"][rows])
        fresh = np.isnan(vesicles["rna_positive"][rows])
        self._decide(vesicles, rows[fresh], cells["rna_share"][cell[fresh]], stream)
        expected, want = vesicles["cargo_expected"][rows].astype(np.float64), np.empty((len(rows), len(KINDS)))
        rise = self._rise(vesicles, cells, rows, cell)
        offer_molecules(vesicles["key"][rows], stream.key, rise, expected, want)
        # A positive vesicle is one that was seen to hold RNA: at least one molecule
        want[fresh, MRNA] += vesicles["rna_positive"][rows[fresh]]
        share_out(want, cell, cells["cargo"])
        vesicles["cargo_expected"][rows] = expected
        vesicles["cargo"][rows] += want  # never set: what has leaked out since must stay out
        for part in ("volume", "area"):  # liquid that was pressed out and comes back brings nothing new
            loaded = vesicles[f"loaded_{part}"]
            loaded[rows] = np.maximum(loaded[rows], vesicles[part][rows])

    def _fill_pools(self, cells: Table) -> None:
        new = np.flatnonzero(np.isnan(cells["cargo"][:, 0]))
        if len(new):
            per = np.column_stack([cells["volume"][new]] * len(KINDS))
            per[:, MEMBRANE_PROTEIN] = cells["membrane"][new]
            cells["cargo"][new] = np.rint(self._content[cells["population"][new]] * per)

    @staticmethod
    def _decide(vesicles: Table, rows: NDArray[Any], share: NDArray[np.float64], stream: Stream) -> None:
        chance, _ = draw_uniform_pairs(stream.key, vesicles["key"][rows], 0, _POSITIVE)
        vesicles["rna_positive"][rows] = chance < share

    def _rise(self, vesicles: Table, cells: Table, rows: NDArray[Any], cell: NDArray[Any]) -> NDArray[np.float64]:
        """Return by how much the mean of each kind rises, (rows, kinds): the cell's density times what came in."""
        into = np.column_stack([vesicles["volume"][rows] - vesicles["loaded_volume"][rows]] * len(KINDS))
        per = np.column_stack([cells["volume"][cell]] * len(KINDS))
        into[:, MEMBRANE_PROTEIN] = vesicles["area"][rows] - vesicles["loaded_area"][rows]
        per[:, MEMBRANE_PROTEIN] = cells["membrane"][cell]
        into[:, MRNA] *= vesicles["rna_positive"][rows]
        return np.asarray(self._enrichment * np.maximum(into, 0.0) * cells["cargo"][cell] / per)

    def account(self, state: State) -> Accounts:
        """Return what cells and migrasomes hold, by kind and dish."""
        cells, vesicles = state["cells"], state["migrasomes"]
        found = {}
        for k, kind in enumerate(KINDS):
            found[kind, "cells"] = per_dish(state, cells["dish"], np.nan_to_num(cells["cargo"][:, k]))
            found[kind, "migrasomes"] = per_dish(state, vesicles["dish"], vesicles["cargo"][:, k])
        return found
