"""How many migrasomes at which dose of fibronectin? Three dishes an arm, intervals over dishes."""

import migralab

ARMS = ("fibronectin-0", "fibronectin-0.1", "fibronectin-1", "fibronectin-10", "fibronectin-20")


def main(cells: int = 40, seeds: int = 3) -> None:
    from migralab.spec.change import apply_arm, apply_setting

    entry = migralab.load("migrasome-formation").experiment
    models = {
        arm: migralab.compile_experiment(apply_setting(apply_arm(entry, arm), f"dish.cells={cells}")) for arm in ARMS
    }
    batch = migralab.run_batch(models, range(1, seeds + 1), ["count.per_cell"])
    for arm, dishes in batch.readouts.items():
        print(migralab.combine(dishes)["count.per_cell"], arm)


if __name__ == "__main__":
    main()
