"""An hour of both stages on one core, and a step by the number of segments."""

from __future__ import annotations

import time

from benchmarks.timing import Table
from migralab.membrane.dynamics.course import simulate_swelling
from migralab.membrane.dynamics.model import FibreModel, Protocol, Stretch

ASKED = 30.0  # s for an hour, on one core


def tables() -> list[Table]:
    simulate_swelling(FibreModel(), Protocol.two_stage(duration=70.0))  # compiled
    rows = []
    for segments in (150, 300, 600):
        start = time.process_time()
        run = simulate_swelling(FibreModel(stretch=Stretch(segments=segments)), Protocol.two_stage())
        spent = time.process_time() - start
        per, size = f"{1e3 * spent / run.steps:.1f} ms", f"{run.radius[-1]:.3f} um"
        rows.append([str(segments), str(run.steps), f"{spent:.1f} s", per, size, run.status.value])
    head = ("segments", "steps", "processor time", "per step", "radius at the end", "status")
    note = f"Asked: under {ASKED:g} s."
    return [Table(title="One hour of a swelling in two stages", head=head, rows=rows, note=note)]


if __name__ == "__main__":
    for table in tables():
        print(table)
