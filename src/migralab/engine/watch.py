"""Numbers that are no longer numbers stop a run at once, with the mechanism, the entity and the tick named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from migralab.core.errors import BreakdownError
from migralab.engine.mechanism import Mechanism, State
from migralab.engine.table import Column
from migralab.physics.finite import first_not_finite


class Watch:
    """Looks at every number that a tick wrote.

    A number that is not finite spreads within a tick. The mechanisms act in the order of the plan, so the first of
    them that wrote one is where it came from.

    Parameters
    ----------
    plan
        Mechanisms in the order in which they act.
    columns
        All columns; those that start as infinity or nan ("not yet", "never") may stay so and are not watched.
    """

    def __init__(self, plan: Sequence[Mechanism], columns: Mapping[str, Column]) -> None:
        def watched(path: str) -> bool:
            column = columns.get(path)
            return column is not None and column.dtype.startswith("float") and bool(np.isfinite(column.fill))

        self._looks: list[tuple[int, Callable[[State], None]]] = []
        self._births: dict[str, list[Callable[[State], None]]] = {}
        for m in plan:
            for path in sorted(m.writes):
                if path.startswith("fields."):
                    self._looks.append((m.every, partial(self._look_at_field, m, path)))
            for path in sorted(m.writes | m.adds):
                if watched(path):
                    self._looks.append((m.every, partial(self._look_at_column, m, path)))
            for path in sorted(columns):
                if path.split(".")[0] in m.creates and watched(path):
                    self._births.setdefault(path.split(".")[0], []).append(partial(self._look_at_newborn, m, path))

    def look(self, state: State) -> None:
        """Look at what this tick wrote.

        Raises
        ------
        BreakdownError
            If a number is not finite.
        """
        for every, look in self._looks:
            if state.tick % every == 0:
                look(state)
        for table, looks in self._births.items():
            if state[table].newborn_from < state[table].n:  # in most ticks nobody is born
                for look in looks:
                    look(state)

    def _look_at_field(self, mechanism: Mechanism, path: str, state: State) -> None:
        values = state.fields.get(path.removeprefix("fields."))
        # Modes along a periodic axis are complex; the concentration that follows from them is watched
        if values is None or values.dtype.kind != "f" or (place := first_not_finite(values.ravel())) < 0:
            return
        dish, *voxel = (int(index) for index in np.unravel_index(place, values.shape))
        raise self._broken(state, mechanism, path, f"voxel {tuple(voxel)} of dish {dish}", values.flat[place])

    def _look_at_column(self, mechanism: Mechanism, path: str, state: State) -> None:
        values, table = state.column(path), path.partition(".")[0]
        if (place := first_not_finite(values.ravel())) >= 0:
            entity = state[table]["id"][place // max(1, values[0].size)]
            raise self._broken(state, mechanism, path, f"{table[:-1]} {entity}", values.flat[place])

    def _look_at_newborn(self, mechanism: Mechanism, path: str, state: State) -> None:
        table, name = path.split(".")
        new = state[table].newborn
        values = state[table][name][new]
        if len(values) and (place := first_not_finite(values.ravel())) >= 0:
            entity = state[table]["id"][new][place // max(1, values[0].size)]
            raise self._broken(state, mechanism, path, f"new-born {entity}", values.flat[place])

    @staticmethod
    def _broken(state: State, mechanism: Mechanism, path: str, entity: str, value: float) -> BreakdownError:
        return BreakdownError(
            f"{mechanism.name} made {path} of {entity} {value} in tick {state.tick}. "
            f"A parameter of {mechanism.name}, or of what it reads, is too extreme for the step of the dish."
        )
