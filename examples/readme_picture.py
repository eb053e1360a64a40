"""Make the picture of the README: a cell of the median dish, through the virtual microscope."""

import sys
from pathlib import Path

import migralab


def main(path: Path, cells: int = 100, seed: int = 9) -> None:
    from migralab.report import Report
    from migralab.report.figures.cell import choose_showcase, draw_showcase
    from migralab.spec.change import apply_setting

    entry = apply_setting(migralab.load("migrasome-formation").experiment, f"dish.cells={cells}")
    run = migralab.simulate(migralab.compile_experiment(entry), seed=seed)
    report = Report(experiment=entry, run=run, observations=migralab.observe(run))
    path.write_bytes(draw_showcase(report, choose_showcase(report)).close.data)
    print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("top-cell.png"))
