"""The network of fibres: dating its breaks and labelling its stretches, on what 200 cells leave in 12 h."""

from __future__ import annotations

import numpy as np

from benchmarks.dish import found
from benchmarks.timing import best, duel
from migralab.core.random import stream_key
from migralab.physics import breakage, network

LAW = (0.012 / 60, 300 * 60.0, 25 * 60.0)  # the defaults, 1/(um s), s, s
STREAM = stream_key("bench")


def duels() -> list[list[str]]:
    engine, state = found(cells=200)
    engine.run(state, 720)
    fibres = state["fibres"]
    n = fibres.n
    columns = [fibres[c].copy() for c in ("x", "y", "born", "key")]
    parent, nothing = fibres["parent"].copy(), np.empty(0, np.int64)

    def undated() -> tuple:
        return np.full(n, np.nan, np.float32), np.full(n, np.inf, np.float32)

    sweep = best(lambda *new: breakage.sweep_breaks(parent, nothing, *columns, *new, *LAW, STREAM), undated)
    twin = best(lambda *new: breakage.sweep_breaks_array(parent, *columns, *new, *LAW, STREAM), undated)
    rows = [duel("breaks dated", "node", n, sweep, twin)]
    graph = parent.astype(np.int64), fibres["kind"], *columns[:2], fibres["breaks"] <= state.time
    found_by = np.empty(n, np.int64), np.empty(n), np.empty(n)
    both = (network.label_stretches, network.label_stretches_array)
    label, twin = (best(lambda f=f: f(*graph, *found_by)) for f in both)
    return [*rows, duel("stretches labelled", "node", n, label, twin)]
