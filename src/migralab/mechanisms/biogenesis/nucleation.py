"""Where migrasomes begin: competent sites, precursors, what makes them stay. Theory: docs/theory/nucleation.md."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from migralab.core.random import draw_child_keys, draw_exponentials, draw_normals, draw_uniform_pairs
from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.rules import Behaviour
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate
from migralab.physics.attachments import SHAFT
from migralab.spec.parameter import MechanismParameters, Parameter, Source, quantity

_SCALE = "mean count of L929 at 10 ug/ml fibronectin, Chen 2019 fig 1g (the product of competent share and P_stab)"
_SHARE = Source(
    key="chen2019", locator="fig 1g, 3.5 per cell at 10 ug/ml: product 0.066 with a mean P_stab of 0.47", tag="C"
)

PRECURSOR, STABILISED, COLLAPSED = 0, 1, 2
STAGES = ("precursor", "stabilised", "collapsed")


class Parameters(MechanismParameters):
    """Sites, gates and the race between collapse and stabilisation."""

    tip_share: Parameter = quantity(
        0.14, "", source=_SHARE, low=0.07, high=0.28, maximum=1.0, calibrated_on=_SCALE,
        description="share of tips that are competent sites",
    )  # fmt: skip
    junction_share: Parameter = quantity(
        0.14, "", source=estimate("equal to tips until the shares are measured on panels"), low=0.07, high=0.28,
        maximum=1.0, calibrated_on=_SCALE, description="share of junctions that are competent sites",
    )  # fmt: skip
    delay: Parameter = quantity(
        30.0, "min", source=estimate("no migrasomes on the youngest ground of panel S1a"), low=15.0, high=60.0,
        description="least time from laying to a precursor",
    )  # fmt: skip
    waiting: Parameter = quantity(
        120.0, "min", source=estimate("counts rise over hours"), low=60.0, high=240.0, minimum=0.01,
        description="mean time from then to a precursor",
    )  # fmt: skip
    collapse_time: Parameter = quantity(
        2.0, "min", source=estimate("only the ratio to stabilisation matters"), minimum=1e-3,
        description="mean time in which a precursor collapses without tetraspanin",
    )  # fmt: skip
    stabilisation: Parameter = quantity(
        1.0, "", source=estimate("the count identifies only share x P_stab"), low=0.5, high=2.0,
        description="rate of stabilisation over rate of collapse at normal tetraspanin and cholesterol",
    )  # fmt: skip
    tetraspanin: Parameter = quantity(
        1.0, "", source=Source(key="huang2019", locator="by definition 1 in wild type", tag="ABS"),
        description="tetraspanin level relative to wild type",
    )  # fmt: skip
    tetraspanin_cv: Parameter = quantity(
        0.5, "", source=estimate("expression differs between cells"), low=0.25, high=1.0, minimum=0.01, maximum=3.0,
        description="spread of tetraspanin between cells (Gamma), over mean",
    )  # fmt: skip
    cholesterol: Parameter = quantity(
        1.0, "", source=Source(key="huang2019", locator="by definition 1 untreated", tag="ABS"),
        description="cholesterol relative to untreated cells",
    )  # fmt: skip
    calcium: Parameter = quantity(
        1.0, "", source=Source(key="han2024", locator="by definition 1 untreated", tag="ABS"),
        description="Ca2+/Syt1 signal relative to untreated cells",
    )  # fmt: skip
    calcium_half: Parameter = quantity(
        0.5, "", source=estimate("BAPTA lowers counts in steps; values not read"), minimum=1e-6,
        description="calcium of half effect",
    )  # fmt: skip
    calcium_hill: Parameter = quantity(
        2.0, "", source=estimate("synaptotagmin binds several Ca2+; no curve was read"), minimum=0.1, maximum=10.0,
        description="steepness of the calcium gate",
    )  # fmt: skip
    initial_diameter: Parameter = quantity(
        0.44, "um", source=Source(key="wu2017", locator="fig 1D, intercept of a fit, blur included", tag="C"),
        calibrated_on="first point of the growth curve, Wu 2017 fig 1D", minimum=0.01,
        description="diameter of a precursor",
    )  # fmt: skip
    experiment_effect: Parameter = quantity(
        0.35, "", source=estimate("the same arm differs 1.2- to 3-fold, Wu 2017 1F and 1H"), low=0.0, high=0.7,
        description="ln-spread of the count between dishes",
    )  # fmt: skip


def _column(name: str, dtype: str, unit: str, meaning: str, **more: Any) -> Column:
    return Column(path=f"migrasomes.{name}", dtype=dtype, unit=unit, meaning=meaning, **more)


class Nucleation:
    """Tips and junctions that are competent swell into precursors after a wait; tetraspanin and cholesterol decide."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "biogenesis.nucleation"
    phase: ClassVar[Phase] = Phase.ACT
    columns: ClassVar[tuple[Column, ...]] = (
        Column(path="cells.tetraspanin", dtype="float64", unit="", meaning="tetraspanin relative to wild type"),
        Column(path="cells.tetraspanin_set", dtype="float64", unit="", fill=1.0, meaning="factor of rules on it"),
        Column(path="cells.cholesterol", dtype="float64", unit="", meaning="cholesterol relative to untreated cells"),
        Column(path="sites.node", dtype="int64", unit="", meaning="node of the fibre network", fill=-1),
        Column(path="sites.due", dtype="float64", unit="s", meaning="when it swells into a precursor"),
        _column("node", "int32", "", "node it grows at", fill=-1),
        _column("cell", "int32", "", "cell that made it; -1 if it was put there", fill=-1),
        _column("dish", "int32", "", "dish in which it lies"),
        _column("x", "float64", "um", "position"),
        _column("y", "float64", "um", "position"),
        _column("kind", "int8", "", "1 at a tip, 2 at a junction"),
        _column("laid_path", "float32", "um", "the cell's path when the place was laid"),
        _column("born", "float32", "s", "when the precursor appeared"),
        _column("resolves", "float64", "s", "when it collapses or is stabilised"),
        _column("stabilises", "bool", "", "whether tetraspanin wins"),
        _column("initial_area", "float32", "um2", "membrane of the precursor"),
        _column("initial_volume", "float32", "um3", "volume of the precursor"),
    )
    reads: ClassVar[frozenset[str]] = frozenset(
        {f"fibres.{c}" for c in ("kind", "born", "cell", "detached", "key")}
        | {"cells.dish", "cells.tetraspanin", "cells.tetraspanin_set", "cells.died"}
    )
    behaviours: ClassVar[tuple[Behaviour, ...]] = (
        Behaviour(name="tetraspanin level", column="cells.tetraspanin_set", parameter="tetraspanin", relative=True,
                  meaning="tetraspanin of the cell, of wild type"),
    )  # fmt: skip
    writes: ClassVar[frozenset[str]] = frozenset(
        {"sites.alive", "cells.membrane", "cells.volume", "cells.tetraspanin_pool"}
    )
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset({"sites", "migrasomes"})

    def __init__(self, parameters: Parameters, dt: float) -> None:  # noqa: ARG002  # every mechanism gets the tick
        p = self._p = parameters.internal()
        hill, half = p["calcium_hill"], p["calcium_half"]
        gate = p["calcium"] ** hill / (p["calcium"] ** hill + half**hill) * (1 + half**hill)
        self._shares = gate * np.array([0.0, p["tip_share"], p["junction_share"]])
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Draw the tetraspanin level of each founder."""
        from scipy.special import gammaincinv

        cells, shape = state["cells"], self._p["tetraspanin_cv"] ** -2
        u, _ = draw_uniform_pairs(stream.key, cells["key"], 0, 0)
        cells["tetraspanin"][:] = self._p["tetraspanin"] / shape * gammaincinv(shape, u)
        cells["cholesterol"][:] = self._p["cholesterol"]

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Mark new sites; let those swell that are due and still connected to their cell."""
        self._mark_sites(state, stream)
        self._swell(state, dt, stream)

    def _mark_sites(self, state: State, stream: Stream) -> None:
        fibres, p = state["fibres"], self._p
        new = fibres.newborn
        rows = new.start + np.flatnonzero(fibres["kind"][new] != SHAFT)
        if not len(rows):
            return
        keys = fibres["key"][rows]
        chance, wait = draw_uniform_pairs(stream.key, keys, 0, 0)
        # One draw per dish: cells of a dish share their day, medium and coating
        spread = p["experiment_effect"]
        dish = state["cells"]["dish"][state["cells"].place(fibres["cell"][rows])]
        luck = draw_normals(stream.key, state.dishes, 0, 0)[dish]
        share = np.minimum(self._shares[fibres["kind"][rows]] * np.exp(spread * luck - 0.5 * spread**2), 1.0)
        competent = chance < share
        rows, keys, wait = rows[competent], keys[competent], wait[competent]
        due = fibres["born"][rows] + p["delay"] - p["waiting"] * np.log(wait)
        state["sites"].add(draw_child_keys(keys, stream.key, 0), node=fibres["id"][rows], due=due)

    def _swell(self, state: State, dt: float, stream: Stream) -> None:
        sites, fibres, cells, p = state["sites"], state["fibres"], state["cells"], self._p
        rows = np.flatnonzero(sites["alive"] & (sites["due"] <= state.time + dt))
        if not len(rows):
            return
        due, keys = sites["due"][rows], sites["key"][rows]
        node = fibres.row(sites["node"][rows])
        sites.remove(rows)
        # Membrane and calcium signal come along the fibre: a site that has lost its cell stays bare
        supplied = np.minimum(fibres["detached"][node], cells["died"][cells.place(fibres["cell"][node])])
        connected = (node >= 0) & (supplied > due)
        due, keys, node = due[connected], keys[connected], node[connected]
        owner = fibres["cell"][node].astype(np.int64)
        cell = cells.place(owner)
        drive = p["stabilisation"] * p["cholesterol"] * cells["tetraspanin"][cell] * cells["tetraspanin_set"][cell]
        chance, _ = draw_uniform_pairs(stream.key, keys, 0, 1)
        lasts = p["collapse_time"] / (1.0 + drive) * draw_exponentials(stream.key, keys, 0, 2)
        area, volume = np.pi * p["initial_diameter"] ** 2, np.pi / 6 * p["initial_diameter"] ** 3
        state["migrasomes"].add(
            draw_child_keys(keys, stream.key, 1), node=fibres["id"][node], cell=owner, dish=cells["dish"][cell],
            x=fibres["x"][node], y=fibres["y"][node], kind=fibres["kind"][node], laid_path=fibres["path"][node],
            born=due, resolves=due + lasts, stabilises=chance < drive / (1.0 + drive), initial_area=area,
            initial_volume=volume,
        )  # fmt: skip
        for column, amount in (("membrane", area), ("volume", volume), ("tetraspanin_pool", area)):
            np.subtract.at(cells[column], cell, amount)


def attachment_names(kind: NDArray[Any]) -> NDArray[Any]:
    """Return ``tip`` or ``junction`` for each kind code of a migrasome; ``free`` for one that was put there."""
    return np.asarray(np.array(["free", "tip", "junction"], dtype=object)[kind])
