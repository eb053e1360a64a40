"""Retraction fibres: anchors stay, attachments wander and coalesce. Theory: docs/theory/retraction-fibre.md."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import BreakdownError
from migralab.core.random import exponential_array, stream_key
from migralab.engine.mechanism import Phase, State, Stream, founder_stream
from migralab.engine.table import Column, Inherit
from migralab.mechanisms.base import estimate
from migralab.physics.attachments import Laid, Law, Nodes, Rear, advance_rear, gather_nodes, lay_fibres
from migralab.spec.parameter import MechanismParameters, Parameter, Source, quantity

ROOM = 64  # attachments on one rear at most; the mean is 7 with the defaults

_PANELS = Source(key="zhao2019", locator="fig S3b panels 02 and 05: spacing and junctions per 100 um", tag="D")
_SET_BY = "fibre spacing and junction density of Zhao 2019 fig S3b"


class Parameters(MechanismParameters):
    """Anchors, wander and the numerical grain of a fibre."""

    anchor_density: Parameter = quantity(
        0.11, "1/um^2", source=_PANELS, low=0.055, high=0.22, calibrated_on=_SET_BY,
        description="anchors per um of rear and um of advance at 10 ug/ml fibronectin (lambda0)",
    )  # fmt: skip
    wander: Parameter = quantity(
        0.10, "um^2/um", source=_PANELS, low=0.05, high=0.2, minimum=1e-9, calibrated_on=_SET_BY,
        description="transverse wander of attachments per um of advance (D_s)",
    )  # fmt: skip
    wander_memory: Parameter = quantity(
        0.0, "um", source=estimate("the coalescence law and the calibration of D_s hold for a Brownian wander"),
        description="advance over which the slope of a fibre persists; 0 for a Brownian wander",
    )  # fmt: skip
    convergence: Parameter = quantity(
        30.0, "um", source=estimate("fans narrow over about one cell length"), low=15.0, high=60.0, minimum=0.1,
        description="advance over which attachments drift to the pole of the rear (l_c)",
    )  # fmt: skip
    reach: Parameter = quantity(
        15.0, "um", source=Source(key="zhao2019", locator="fig S1a: body 30 um long (scale uncertain by 2)", tag="D"),
        minimum=0.1, description="distance of the rear from the centre of the cell",
    )  # fmt: skip
    radius: Parameter = quantity(
        50.0, "nm", source=estimate("fibres are thinner than 100 nm; TEM gives 17-34 nm with an uncertain bar"),
        low=17.0, high=100.0, minimum=1.0, description="radius of a fibre (R_l)",
    )  # fmt: skip
    cell_membrane: Parameter = quantity(
        3000.0, "um^2", source=estimate("a spread cell of 1000 um2 footprint has two faces and folds"),
        description="plasma membrane of a cell at the start",
    )  # fmt: skip
    cell_volume: Parameter = quantity(
        3000.0,
        "um^3",
        source=estimate("mammalian cell in culture, 2-4 pl"),
        description="volume of a cell at the start",
    )
    quantum: Parameter = quantity(
        0.125, "um", source=estimate("no meeting is missed at this grain; see tests/physics"), minimum=0.001,
        maximum=0.25,
        description="advance handled in one go",
    )  # fmt: skip
    node_spacing: Parameter = quantity(
        1.5,
        "um",
        source=estimate("a fibre is pinned to the ground every few um and straight in between"),
        minimum=0.01,
        description="advance between two places where a fibre is pinned",
    )


def _cell_column(name: str, unit: str, meaning: str, inherit: Inherit = "copy", **more: Any) -> Column:
    kind = more.pop("dtype", "float64")
    return Column(path=f"cells.{name}", dtype=kind, unit=unit, meaning=meaning, inherit=inherit, **more)


def _rear_column(name: str, dtype: str, unit: str, meaning: str, **more: Any) -> Column:
    return Column(path=f"rears.{name}", dtype=dtype, unit=unit, meaning=meaning, **more)


def _node_column(name: str, dtype: str, unit: str, meaning: str, fill: float = 0.0) -> Column:
    return Column(path=f"fibres.{name}", dtype=dtype, unit=unit, meaning=meaning, fill=fill)


class RetractionFibre:
    """Lays the tree of fibres: tips where anchors stay, junctions where fibres meet, parents towards the cell."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "biogenesis.retraction-fibre"
    phase: ClassVar[Phase] = Phase.LIFE
    columns: ClassVar[tuple[Column, ...]] = (
        _cell_column("rear", "um", "middle of the rear edge", shape=(2,)),
        _cell_column("rear_direction", "", "unit vector from the rear to the centre", shape=(2,)),
        _cell_column("path", "um", "advance of the rear since the start", "reset"),
        _cell_column("fibre_laid", "um", "fibre left behind so far", "reset"),
        _cell_column("fibre_radius", "um", "radius of the cell's fibres"),
        _cell_column("membrane", "um2", "plasma membrane in the cell body"),
        _cell_column("volume", "um3", "volume of the cell body"),
        _cell_column("tetraspanin_pool", "", "tetraspanin, in units of what 1 um2 of fibre holds"),
        _cell_column("rear_row", "", "row of its rear, -1 if it leaves no fibres", "reset", dtype="int64", fill=-1),
        _rear_column("cell", "int64", "", "cell whose rear it is", fill=-1),
        _rear_column("attachment", "float64", "um", "coordinates along the rear, sorted", shape=(ROOM,)),
        _rear_column("attachment_slope", "float64", "", "their slopes", shape=(ROOM,)),
        _rear_column("attachment_head", "int64", "", "node last laid on each", shape=(ROOM,), fill=-1),
        _rear_column("attachments", "int64", "", "number of attachments"),
        _rear_column("anchor_progress", "float64", "", "anchors expected so far"),
        _rear_column("anchor_threshold", "float64", "", "progress at which the next anchor stays behind"),
        _rear_column("anchors", "int64", "", "anchors so far"),
        _rear_column("nodes_laid", "int64", "", "nodes so far"),
        _node_column("x", "float32", "um", "position on the ground"),
        _node_column("y", "float32", "um", "position on the ground"),
        _node_column("path", "float32", "um", "the cell's path when it was laid"),
        _node_column("born", "float32", "s", "when it was laid"),
        _node_column("kind", "int8", "", "0 shaft, 1 tip, 2 junction"),
        _node_column("parent", "int32", "", "next node towards the cell, -1 at the rear", -1),
        _node_column("cell", "int32", "", "cell that laid it", -1),
    )
    varies: ClassVar[frozenset[str]] = frozenset({"anchor_density", "cell_membrane", "cell_volume"})
    reads: ClassVar[frozenset[str]] = frozenset(
        f"cells.{c}" for c in ("position", "heading", "rear_width", "anchoring", "alive", "population")
    )
    writes: ClassVar[frozenset[str]] = frozenset(
        {c.path for c in columns if c.table != "fibres" and c.name != "fibre_radius"} | {"fibres.parent"}
    )
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset({"fibres", "rears"})

    def __init__(self, parameters: Parameters, dt: float) -> None:  # noqa: ARG002  # every mechanism gets the tick
        p = self._p = parameters.internal()
        memory = p["wander_memory"]
        self._law = Law(
            quantum=p["quantum"],
            vertex_every=max(1, round(p["node_spacing"] / p["quantum"])),
            wander=p["wander"],
            memory=float(np.exp(-p["quantum"] / memory)) if memory > 0 else 0.0,
            convergence=1 / p["convergence"],
            reach=p["reach"],
        )
        self._anchors = parameters.varied("anchor_density")
        self._pools = parameters.varied("cell_membrane"), parameters.varied("cell_volume")
        self._anchor_stream = stream_key(f"{self.name}/anchors")
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Set rears behind the cells, and their pools."""
        cells, p = state["cells"], self._p
        every, kind = np.arange(cells.n), cells["population"]
        cells["fibre_radius"][:] = p["radius"]
        cells["membrane"][:] = self._pools[0][kind]
        cells["volume"][:] = self._pools[1][kind]
        # The fibre is drawn from the cell's own membrane, so both hold the same tetraspanin per area
        cells["tetraspanin_pool"][:] = cells["membrane"]
        self._set_rears(state, every)
        self._give_rears(state, every, stream.key)

    def _set_rears(self, state: State, rows: NDArray[Any]) -> None:
        """Put the rears of these cells behind them."""
        cells = state["cells"]
        rear = cells["position"][rows] - self._p["reach"] * cells["heading"][rows]
        if state.space.confining:
            state.space.confine(rear)
        cells["rear"][rows] = rear
        cells["rear_direction"][rows] = cells["heading"][rows]

    def _give_rears(self, state: State, rows: NDArray[Any], stream: np.uint64) -> None:
        """Give a rear with no attachments yet to those of these cells that leave fibres."""
        cells, rears = state["cells"], state["rears"]
        rows = rows[self._anchors[cells["population"][rows]] > 0]
        first = exponential_array(stream, cells["key"][rows], 0, 0)
        ids = rears.add(cells["key"][rows], cell=cells["id"][rows], anchor_threshold=first)
        cells["rear_row"][rows] = ids

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Pull the rears along and lay what they leave behind."""
        cells = state["cells"]
        born = np.arange(cells.newborn.start, cells.n)
        if len(born):
            self._set_rears(state, born)
        lacking = np.flatnonzero((cells["rear_row"] < 0) & (self._anchors[cells["population"]] > 0) & cells["alive"])
        if len(lacking):
            self._give_rears(state, lacking, founder_stream(self.name).key)
        who = state["rears"]["cell"]
        n = len(who)
        if not n:
            return
        rear = self._rear(state, who)
        key = cells["key"][who]
        advance, before = np.empty(n), np.empty((n, 4))
        quanta, bound, made = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
        advance_rear(
            cells["position"][who], rear, self._law, advance, quanta, bound, before, key, self._anchor_stream,
        )  # fmt: skip
        offset = np.cumsum(bound) - bound
        laid = _scratch(int(bound.sum()))
        lay_fibres(rear, self._law, laid, offset, before, advance, quanta, made, key, stream.key, self._anchor_stream)
        if (made < 0).any():
            raise BreakdownError(
                f"A cell's rear held more than {ROOM} attachments. Lower biogenesis.retraction-fibre.anchor_density "
                "or biogenesis.rear-width.straight_width, or raise biogenesis.retraction-fibre.wander."
            )
        for name, values in (("rear", rear.position), ("rear_direction", rear.direction), ("path", rear.path)):
            cells[name][who] = values
        self._commit(state, rear, laid, (offset, made, np.cumsum(made) - made), stream, dt)

    def _rear(self, state: State, who: NDArray[Any]) -> Rear:
        cells, rears, fibres = state["cells"], state["rears"], state["fibres"]
        head = rears["attachment_head"]
        rows = fibres.row(head)
        if rows is not head:  # nodes were dropped, so that ids are no longer rows
            head[...] = np.where(np.arange(ROOM) < rears["attachments"][:, None], rows, -1)
        return Rear(
            cells["rear"][who], cells["rear_direction"][who], cells["path"][who], cells["rear_width"][who],
            (self._anchors[cells["population"]] * cells["anchoring"])[who], rears["attachment"],
            rears["attachment_slope"], head, rears["attachments"], rears["anchor_progress"], rears["anchor_threshold"],
            rears["anchors"],
        )  # fmt: skip

    def _commit(
        self, state: State, rear: Rear, laid: Laid, segment: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
        stream: Stream, dt: float,
    ) -> None:  # fmt: skip
        cells, fibres, rears = state["cells"], state["fibres"], state["rears"]
        who, total = rears["cell"], int(segment[1].sum())
        x, y, path, born = (np.empty(total, np.float32) for _ in range(4))
        nodes = Nodes(
            x, y, path, born, np.empty(total, np.int8), np.empty(total, np.int32), np.empty(total, np.int32),
            np.empty(total, np.uint64),
        )  # fmt: skip
        length = np.empty(len(who))
        gather_nodes(
            rear, laid, nodes, segment, fibres.next_id, (who, rears["nodes_laid"], cells["key"][who], stream.key),
            (state.time, dt), (fibres["x"], fibres["y"], fibres["parent"], fibres["id"]), length,
        )  # fmt: skip
        fibres.add(
            nodes.key, x=nodes.x, y=nodes.y, path=nodes.path, born=nodes.born, kind=nodes.kind, parent=nodes.parent,
            cell=nodes.cell,
        )  # fmt: skip
        radius = cells["fibre_radius"][who]
        area = 2 * np.pi * radius * length
        cells["fibre_laid"][who] += length
        cells["membrane"][who] -= area
        cells["tetraspanin_pool"][who] -= area
        cells["volume"][who] -= np.pi * radius**2 * length


def _scratch(size: int) -> Laid:
    return Laid(
        np.empty(size), np.empty(size), np.empty(size), np.empty(size), np.empty(size, np.int8),
        np.empty(size, np.int64), np.empty(size, np.int64),
    )  # fmt: skip
