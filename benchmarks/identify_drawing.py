"""`python -m benchmarks.identify_drawing FILE.png`: how often a probability is right, on the seeds of the verdict."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from benchmarks.identify import BINS, VERDICT, WORLDS, judge
from migralab.isolation.identity.read import shipped_panel
from migralab.report.figures.figure import (
    EXCLUDED,
    FAINT,
    FOURTH,
    INK,
    PUBLISHED,
    SECOND,
    SIMULATED,
    THIRD,
    canvas,
    plot_to_png,
)

SHOWN = (
    "as assumed",
    "half of the values missing",
    "one marker lies in each laboratory",
    "a third of all statements do not hold",
)
COLOURS = (SIMULATED, PUBLISHED, SECOND, THIRD, FOURTH, EXCLUDED)
MARKS = "os^Dvx"
FEWEST = 40  # vesicles in a bin that is drawn


def reliability(said: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean probability and share that is true in each bin with enough vesicles."""
    place = np.minimum((said * BINS).astype(int), BINS - 1)
    count = np.bincount(place, minlength=BINS)
    kept = count >= FEWEST
    return (np.bincount(place, said, BINS) / np.maximum(count, 1))[kept], (
        np.bincount(place, true, BINS) / np.maximum(count, 1)
    )[kept]


def draw() -> bytes:
    """Return the figure: each class in the assumed world, and the most probable class in other worlds."""
    with canvas(9.6, 4.4, ncols=2) as (plot, (left, right)):
        for axes in (left, right):
            axes.plot([0, 1], [0, 1], color=FAINT, lw=1, ls=":")
            axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="probability that is said", ylabel="share that is right")
        for number, name in enumerate(SHOWN):
            own = judge(VERDICT, WORLDS[name], draws=0)
            best = own.probability.argmax(axis=1)
            right.plot(*reliability(own.probability.max(axis=1), best == own.truth), marker=MARKS[number], ms=5,
                       color=COLOURS[number], label=name)  # fmt: skip
            if number:
                continue
            for k, key in enumerate(shipped_panel().classes):
                left.plot(*reliability(own.probability[:, k], own.truth == k), marker=MARKS[k], ms=5, color=COLOURS[k],
                          label=key.replace("_", " "))  # fmt: skip
        left.set_title("Each class, as assumed")
        right.set_title("The most probable class")
        for axes in (left, right):
            axes.legend(loc="upper left", labelcolor=INK)
        return plot_to_png(plot, dpi=110)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(draw())
