"""Grow a dish, image it, measure the image, and compare with the truth."""

import sys
from pathlib import Path

import migralab


def main(folder: Path, cells: int = 30) -> None:
    from migralab.microscope.write import write_micrographs
    from migralab.spec.change import apply_setting

    entry = apply_setting(migralab.load("migrasome-formation").experiment, f"dish.cells={cells}")
    seen = migralab.observe(migralab.simulate(migralab.compile_experiment(entry), seed=2))
    dish = migralab.image_observations(seen, channels="TSPAN4", seed=1)
    path = write_micrographs(dish, folder / "dish.ome.tiff")["image"]
    measured, _, _ = migralab.measure_image(path)
    print(f"{len(measured['migrasomes'])} migrasomes measured in {path.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path())
