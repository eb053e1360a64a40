"""Every kernel against its vectorised numpy twin, on one thread."""

from __future__ import annotations

from benchmarks import draws, fibres, growth, motility, neighbours
from benchmarks.timing import DUEL_HEAD, Table, threads


def tables() -> list[Table]:
    with threads(1):
        rows = [row for path in (draws, motility, neighbours, growth, fibres) for row in path.duels()]
    return [Table(title="Kernels", head=DUEL_HEAD, rows=rows)]
