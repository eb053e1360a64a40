"""What rules do: blasts grow beside stroma for a day, with all rules and with one of them switched off.

python examples/rules.py
"""

from pathlib import Path

import migralab
from migralab.spec.change import apply_setting

FILE = migralab.load(Path(__file__).with_name("rules.yaml"))


def main(duration: str = "24 h") -> None:
    for arm in FILE.experiment.arms:
        experiment = apply_setting(FILE.experiment, f"dish.duration={duration}")
        run = migralab.simulate(migralab.compile_experiment(experiment, arm.id), seed=1)
        cells = run.frame("cells")
        last = cells[(cells["frame"] == cells["frame"].max()) & (cells["population"] == "blasts")]
        print(f"{arm.id:<14} {len(last)} blasts, generation {last['generation'].mean():.2f} on average")


if __name__ == "__main__":
    main()
