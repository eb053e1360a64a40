"""What reaches other cells in 12 h: the same dish with each of the four signals switched on alone.

python examples/four_signals.py
"""

from pathlib import Path

import migralab

FILE = migralab.load(Path(__file__).with_name("four-signals.yaml"))
SEEN = {  # column of the cells table that shows each signal
    "diffusing": ("cue_nM", "nM of free cue at a cell"),
    "matrix-bound": ("cue_bound_per_um2", "bound molecules per um2 under a cell"),
    "membrane-bound": ("touched_ligand", "ligand molecules touched by a cell"),
    "delivered-dose": ("engulfed", "migrasomes of others taken up by a cell"),
}


def main() -> None:
    for arm, (column, words) in SEEN.items():
        run = migralab.simulate(migralab.compile_experiment(FILE, arm), seed=1)
        cells = run.frame("cells")
        last = cells[cells["frame"] == cells["frame"].max()][column]
        print(f"{arm:<15} {words}: mean {last.mean():.3g}, highest {last.max():.3g}, none in {(last == 0).mean():.0%}")


if __name__ == "__main__":
    main()
