"""Turns the state of a dish into the tables of a run: internal columns into file columns, s into min."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.units import MOLECULES_PER_UM3_AND_NANOMOLAR
from migralab.engine.mechanism import GridField, Level, Mechanism, State
from migralab.engine.table import Table
from migralab.mechanisms.biogenesis.breakage import Breakage
from migralab.mechanisms.biogenesis.nucleation import COLLAPSED, STAGES, attachment_names
from migralab.mechanisms.pools.compartment import Compartment
from migralab.physics.attachments import JUNCTION, SHAFT, TIP
from migralab.physics.growth import LIMITERS
from migralab.results.fields import FieldSeries
from migralab.results.run import Columns
from migralab.results.schema import FRAME, TABLES
from migralab.spec.pool import VESICLES

# Words are kept as references to a few strings: 8 bytes a row, where fixed-width text would take 32
_KINDS = np.empty(3, dtype=object)
_KINDS[[SHAFT, TIP, JUNCTION]] = ("shaft", "tip", "junction")
_FATES = np.array(["collapsed", "ruptured", "present", "taken-up", "carried-off"], dtype=object)
_MINUTE = 60.0
_NANOMOLAR_PER_ML = MOLECULES_PER_UM3_AND_NANOMOLAR * 1e12  # molecules per ml at 1 nM
_OUTSIDE = {"s": _MINUTE, "molecules/um3": MOLECULES_PER_UM3_AND_NANOMOLAR}  # internal units in those of the tables


class Recorder:
    """Collects the cells and vesicles of each output frame, the fields, and where the molecules are.

    Parameters
    ----------
    plan
        Mechanisms; those with ``shown(state)`` have fields, those with ``account(state)`` molecules.
    """

    def __init__(self, plan: Iterable[Mechanism] = ()) -> None:
        self._plan = tuple(plan)
        self._fields: dict[str, list[GridField]] = {}
        self._budget: list[tuple[int, str, str, NDArray[np.float64]]] = []
        self._compartments = next((m for m in self._plan if isinstance(m, Compartment)), None)
        self._pools: list[NDArray[np.float64]] = []  # (dishes, lines) of each frame
        self.frames_min: list[float] = []
        self._cells: list[Columns] = []
        self._migrasomes: list[Columns] = []
        self._levels: list[Columns] = []

    def record(self, state: State) -> None:
        """Take one frame."""
        frame, minutes = len(self.frames_min), state.time / _MINUTE
        self.frames_min.append(minutes)
        self._cells.append(_stamp(cell_columns(state), frame, minutes))
        self._migrasomes.append(_stamp(migrasome_columns(state), frame, minutes))
        levels = [level for m in self._plan if hasattr(m, "levels") for level in m.levels(state)]
        if levels:
            self._levels.append(_stamp(level_columns(state, levels), frame, minutes))
        for mechanism in self._plan:
            for field in mechanism.shown(state) if hasattr(mechanism, "shown") else ():
                scaled = (field.values * field.factor).astype(np.float32)
                self._fields.setdefault(field.name, []).append(replace(field, values=scaled, factor=1.0))
            found = mechanism.account(state) if hasattr(mechanism, "account") else {}
            self._budget += [(frame, substance, place, amounts) for (substance, place), amounts in found.items()]
        if self._compartments is not None:
            self._pools.append(self._compartments.pooled(state))

    def dump_arrays(self) -> dict[str, NDArray[Any]]:
        """Return fields and budget, for a checkpoint: arrays by flat name."""
        saved = {f"recorded/{n}": np.stack([f.values for f in frames]) for n, frames in self._fields.items()}
        if self._budget:
            saved["recorded_budget"] = np.stack([amounts for *_, amounts in self._budget])
        if self._pools:
            saved["recorded_pools"] = np.stack(self._pools)
        return saved

    def load_arrays(self, state: State, saved: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `dump_arrays` gave; what the names mean follows from the plan."""
        frames = len(self.frames_min)
        for mechanism in self._plan:
            for field in mechanism.shown(state) if hasattr(mechanism, "shown") else ():
                values = saved[f"recorded/{field.name}"]
                self._fields[field.name] = [replace(field, values=v, factor=1.0) for v in values]
        lines = [key for m in self._plan if hasattr(m, "account") for key in m.account(state)]
        amounts = saved.get("recorded_budget", ())
        keys = [(frame, *key) for frame in range(frames) for key in lines]
        self._budget = [(*key, values) for key, values in zip(keys, amounts, strict=True)]
        self._pools = list(saved.get("recorded_pools", ()))

    def fields(self, dish: int) -> dict[str, FieldSeries]:
        """Return the fields of one dish over all frames."""
        return {
            name: FieldSeries(
                name=name, unit=frames[0].unit, values=np.stack([frame.values[dish] for frame in frames]),
                spacing_um=frames[0].spacing, origin_um=frames[0].origin, depth_um=frames[0].depth,
                meaning=frames[0].meaning, obstacle=frames[0].obstacle,
            )
            for name, frames in self._fields.items()
        }  # fmt: skip

    def budget(self, dish: int) -> dict[str, Columns]:
        """Return the table ``budget`` of one dish, or nothing where no mechanism accounts for molecules."""
        if not self._budget:
            return {}
        frame, substance, place, amounts = zip(*self._budget, strict=True)
        return {
            "budget": {
                "frame": np.array(frame, np.int32), "time_min": np.array(self.frames_min)[list(frame)],
                "substance": np.array(substance, object), "place": np.array(place, object),
                "molecules": np.array([values[dish] for values in amounts]),
            }
        }  # fmt: skip

    def pools(self, dish: int) -> dict[str, Columns]:
        """Return the table ``pools`` of one dish, or nothing where the experiment has none."""
        if self._compartments is None:
            return {}
        lines, frames = self._compartments.lines(), len(self._pools)
        amount = np.concatenate([amounts[dish] for amounts in self._pools])
        volume, limit = (np.tile([getattr(line, k) for line in lines], frames) for k in ("volume_ml", "limit_per_ml"))
        of_vesicles = np.tile([line.substance == VESICLES for line in lines], frames)
        per_ml = amount / volume
        return {
            "pools": {
                "frame": np.repeat(np.arange(frames, dtype=np.int32), len(lines)),
                "time_min": np.repeat(np.array(self.frames_min), len(lines)),
                "pool": np.array([line.pool for line in lines] * frames, object),
                "substance": np.array([line.substance for line in lines] * frames, object),
                "amount": amount,
                "concentration_per_ml": per_ml,
                "concentration_nM": np.where(of_vesicles, np.nan, per_ml / _NANOMOLAR_PER_ML),
                "limit_per_ml": limit,
                "detected": per_ml >= limit,  # never where there is no limit
            }
        }

    def dump(self) -> dict[str, Columns]:
        """Return what was recorded, for a checkpoint."""
        levels = {"levels": _join(self._levels)} if self._levels else {}
        return {"cells": _join(self._cells), "migrasomes": _join(self._migrasomes)} | levels

    def load(self, frames_min: list[float], saved: dict[str, Columns]) -> None:
        """Take over what a checkpoint holds."""
        self.frames_min = list(frames_min)
        self._cells, self._migrasomes = [saved["cells"]], [saved["migrasomes"]]
        self._levels = [saved["levels"]] if "levels" in saved else []

    def tables(self, state: State, breakage: Breakage | None) -> dict[str, Columns]:
        """Return all tables of the run."""
        beads = bead_columns(state, breakage)  # first: in passing it needs the most memory
        return ({"levels": _join(self._levels)} if self._levels else {}) | {
            "cells": _join(self._cells),
            "nodes": node_columns(state),
            "migrasomes": _join(self._migrasomes),
            "lives": life_columns(state),
            "retractosomes": beads,
        }


_REFERENCES = {
    "cells": ("cell_id",),
    "nodes": ("node_id", "cell_id", "parent_id"),
    "migrasomes": ("migrasome_id", "cell_id", "node_id"),
    "lives": ("migrasome_id", "cell_id"),
    "retractosomes": ("cell_id", "node_id"),
    "levels": ("cell_id",),
}


def split_dishes(
    tables: dict[str, Columns], dish_of_cell: NDArray[Any], dish_of_vesicle: NDArray[Any], dishes: int
) -> list[dict[str, Columns]]:
    """Split the tables of dishes that ran side by side; ids count anew in each dish, as if it had run alone.

    Parameters
    ----------
    dish_of_cell, dish_of_vesicle
        Dish of every cell id, and of every vesicle id: a vesicle that was put there has no cell.
    """
    if dishes == 1:
        return [tables]
    owner = {
        name: dish_of_vesicle[columns["migrasome_id"]]
        if "migrasome_id" in columns
        else dish_of_cell[columns["cell_id"]]
        for name, columns in tables.items()
    }
    apart = []
    for dish in range(dishes):
        rows = {name: np.flatnonzero(owner[name] == dish) for name in tables}
        # An id becomes its rank among those of the dish
        own = {
            "cell_id": np.flatnonzero(dish_of_cell == dish), "migrasome_id": np.flatnonzero(dish_of_vesicle == dish),
            "node_id": np.unique(tables["nodes"]["node_id"][rows["nodes"]]),
        }  # fmt: skip
        own["parent_id"] = own["node_id"]
        part = {}
        for name, columns in tables.items():
            taken = {key: values[rows[name]] for key, values in columns.items()}
            for key in _REFERENCES[name]:
                taken[key] = np.where(taken[key] >= 0, np.searchsorted(own[key], taken[key]), -1)
            part[name] = taken
        apart.append(part)
    return apart


def _stamp(columns: Columns, frame: int, minutes: float) -> Columns:
    count = len(next(iter(columns.values())))
    return {"frame": np.full(count, frame, np.int32), "time_min": np.full(count, minutes)} | columns


def _join(frames: list[Columns]) -> Columns:
    return {name: np.concatenate([frame[name] for frame in frames]) for name in frames[0]}


def cell_columns(state: State) -> Columns:
    """Return the cells as they are now."""
    cells = state["cells"]
    rows = np.flatnonzero(cells["alive"])

    def known(name: str, part: int | None = None) -> NDArray[Any]:
        """Return a column that a dish without fibres, or without a walk, does not have."""
        if name not in cells.names:
            return np.full(len(rows), np.nan)
        found = cells[name][rows] if part is None else cells[name][rows, part]
        # A cell that leaves no fibres has no rear edge
        return np.where(cells["rear_row"][rows] >= 0, found, np.nan) if name.startswith("rear") else found

    return {
        "cell_id": cells["id"][rows],
        "population": np.array(state.populations, dtype=object)[cells["population"][rows]],
        "x_um": cells["position"][rows, 0],
        "y_um": cells["position"][rows, 1],
        "heading_x": cells["heading"][rows, 0],
        "heading_y": cells["heading"][rows, 1],
        "rear_x_um": known("rear", 0),
        "rear_y_um": known("rear", 1),
        "rear_width_um": known("rear_width"),
        "moving": cells["moving"][rows] if "moving" in cells.names else np.zeros(len(rows), bool),
        "path_um": known("path"),
        "area_um2": np.full(len(rows), np.nan),  # the model has no cell shape
    } | declared_columns("cells", cells, rows)


def level_columns(state: State, levels: Sequence[Level]) -> Columns:
    """Return what the networks inside the living cells show now, one line for each cell and quantity."""
    cells = state["cells"]
    rows = [np.flatnonzero(cells["alive"] & ~np.isnan(level.values)) for level in levels]

    def words(name: str) -> NDArray[Any]:
        parts = [np.full(len(own), getattr(level, name), object) for level, own in zip(levels, rows, strict=True)]
        return np.concatenate(parts)

    return {
        "cell_id": cells["id"][np.concatenate(rows)],
        "pathway": words("pathway"),
        "quantity": words("quantity"),
        "value": np.concatenate([level.values[own] for level, own in zip(levels, rows, strict=True)]),
        "unit": words("unit"),
    }


def migrasome_columns(state: State) -> Columns:
    """Return the vesicles that are there now; those that were put there have no fibre and no known tetraspanin."""
    if "migrasomes" not in state.tables:
        return _nothing("migrasomes")
    vesicles = state["migrasomes"]
    rows = np.flatnonzero(vesicles["alive"] & (vesicles["area"] > 0))
    grown = vesicles["cell"][rows] >= 0
    area, tetraspanin = vesicles["area"][rows], np.where(grown, vesicles["tetraspanin"][rows], np.nan)
    return {
        "migrasome_id": vesicles["id"][rows],
        "cell_id": vesicles["cell"][rows].astype(np.int64),
        "node_id": vesicles["node"][rows].astype(np.int64),
        "x_um": vesicles["x"][rows],
        "y_um": vesicles["y"][rows],
        "diameter_um": vesicles["diameter"][rows],
        "diameter_sd_um": np.zeros(len(rows)),
        "attachment": attachment_names(vesicles["kind"][rows]),
        "attached": vesicles["detached"][rows] > state.time,
        "stage": np.array(STAGES, dtype=object)[vesicles["stage"][rows]],
        "limiter": np.array(LIMITERS, dtype=object)[vesicles["limiter"][rows]],
        "area_um2": area,
        "volume_um3": vesicles["volume"][rows],
        "tetraspanin": tetraspanin,
        "enrichment": tetraspanin / area,
        "age_min": (state.time - vesicles["born"][rows].astype(np.float64)) / _MINUTE,
        "rear_distance_um": np.where(grown, vesicles["fibre_path"][rows].astype(np.float64), np.nan),
    } | declared_columns("migrasomes", vesicles, rows)


def _nothing(name: str) -> Columns:
    """Return the columns of a table of a run in which nothing can be: without what `_stamp` adds."""
    types = {column.name: column.dtype for column in TABLES[name] if column not in FRAME}
    return {name: np.empty(0, object if dtype == "str" else dtype) for name, dtype in types.items()}


def declared_columns(name: str, table: Table, rows: NDArray[Any]) -> Columns:
    """Return what the mechanisms of this run want recorded of their columns, under the names that they give."""
    types = {column.name: column.dtype for column in TABLES[name]}
    found: Columns = {}
    for column in table.columns.values():
        if not column.file:
            continue
        values = table[column.name][rows].reshape(len(rows), len(column.file))
        for k, file in enumerate(column.file):
            found[file] = (values[:, k] / _OUTSIDE.get(column.unit, 1)).astype(types[file])
    return found


def node_columns(state: State) -> Columns:
    """Return the whole network of fibres with its times."""
    if "fibres" not in state.tables:
        return _nothing("nodes")
    fibres = state["fibres"]
    died = state["cells"]["died"][state["cells"].place(fibres["cell"])]
    return {
        "node_id": fibres["id"].copy(),
        "cell_id": fibres["cell"].astype(np.int64),
        "parent_id": fibres["parent"].astype(np.int64),
        "x_um": fibres["x"].astype(np.float64),
        "y_um": fibres["y"].astype(np.float64),
        "kind": _KINDS[fibres["kind"]],
        "born_min": fibres["born"] / _MINUTE,
        "path_um": fibres["path"].astype(np.float64),
        "breaks_min": _never(fibres["breaks"]) / _MINUTE,
        "detached_min": np.minimum(_never(fibres["detached"]), died) / _MINUTE,
    }


def _never(times: NDArray[Any]) -> NDArray[np.float64]:
    return np.where(np.isnan(times), np.inf, times.astype(np.float64))


def life_columns(state: State) -> Columns:
    """Return the life of every vesicle that ever appeared."""
    if "migrasomes" not in state.tables:
        return _nothing("lives")
    v, now = state["migrasomes"], state.time / _MINUTE
    gone, detached = v["gone"] / _MINUTE, v["detached"] / _MINUTE
    over = gone <= now
    collapsed = v["stage"] == COLLAPSED
    taken = v["taken_by"] >= 0 if "taken_by" in v.names else np.zeros(v.n, bool)
    carried = v["carried"] >= 0 if "carried" in v.names else np.zeros(v.n, bool)
    return {
        "migrasome_id": v["id"].copy(),
        "cell_id": v["cell"].astype(np.int64),
        "attachment": attachment_names(v["kind"]),
        "entered_min": v["born"].astype(np.float64) / _MINUTE,
        "appeared_min": v["born"].astype(np.float64) / _MINUTE,
        "stabilised_min": v["stabilised"] / _MINUTE,
        "detached_min": np.where(~collapsed & (detached <= now), detached, np.nan),
        "gone_min": np.where(over, gone, np.nan),
        "last_min": np.full(v.n, now),
        "fate": _FATES[np.where(over, np.select([collapsed, taken, carried], [0, 3, 4], 1), 2)],
    }


def bead_columns(state: State, breakage: Breakage | None) -> Columns:
    """Return the retractosomes that are there now."""
    beads = breakage.retractosomes(state) if breakage is not None else {}
    nothing = np.empty(0)
    return {
        "cell_id": beads.get("cell", nothing).astype(np.int64),
        "node_id": beads.get("node", nothing).astype(np.int64),
        "x_um": beads.get("x", nothing),
        "y_um": beads.get("y", nothing),
        "diameter_um": beads.get("diameter", nothing),
        "born_min": beads.get("born", nothing) / _MINUTE,
    }
