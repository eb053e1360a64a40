"""Where the time of a run goes: CPU time of each mechanism on one thread, which other programs hardly disturb."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from benchmarks.dish import found
from benchmarks.timing import Table, threads

SIZES = (100, 10_000)
TICKS = 720
SMALL = 0.01  # shares below this are added up


def tables() -> list[Table]:
    shares = {cells: _profile(cells) for cells in SIZES}
    names = sorted({n for spent in shares.values() for n in spent}, key=lambda n: -shares[SIZES[-1]][n])
    rows = []
    for name in names:
        row = [shares[cells][name] for cells in SIZES]
        rest = [sum(spent.values()) for spent in shares.values()]
        if max(one / whole for one, whole in zip(row, rest, strict=True)) >= SMALL:
            cells = [f"{one / whole:.0%} ({one / TICKS * 1e6:,.0f} us)" for one, whole in zip(row, rest, strict=True)]
            rows.append([name, *cells])
    whole = [f"{sum(spent.values()) / TICKS * 1e6:,.0f} us" for spent in shares.values()]
    head = ("share of a tick (CPU time of it)", *(f"{cells:,} cells" for cells in SIZES))
    return [Table(title="Where a tick goes, one thread", head=head, rows=[*rows, ["whole tick", *whole]])]


def _profile(cells: int) -> Counter[str]:
    engine, state = found(cells)
    spent: Counter[str] = Counter()

    def timed(name: str, function: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: object) -> None:
            start = time.process_time()
            function(*arguments)
            spent[name] += time.process_time() - start

        return call

    for mechanism in engine.plan:
        mechanism.step = timed(mechanism.name, mechanism.step)  # type: ignore[method-assign]  # watched from outside
    for name, table in state.tables.items():
        table.commit = timed(f"births and deaths: {name}", table.commit)  # type: ignore[method-assign]  # the same
    with threads(1):
        engine.run(state, 2)  # kernels loaded
        spent.clear()
        start = time.process_time()
        engine.run(state, TICKS)
        spent["engine"] = time.process_time() - start - sum(spent.values())
    return spent
