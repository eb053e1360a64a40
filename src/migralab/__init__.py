"""migralab: a virtual laboratory for migrasomes.

The Python interface mirrors the verbs of the command line::

    import migralab

    file = migralab.load("migrasome-formation")       # or a YAML file
    model = migralab.compile_experiment(file, "fibronectin-1")
    run = migralab.simulate(model, seed=1)
    readouts = migralab.measure(migralab.observe(run))
    checked = migralab.check(file, seeds=20)
    observations, micrograph, settings = migralab.measure_image("cell.tif", pixel_size=0.1)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from migralab.catalog.catalog import load as load
    from migralab.checks.check import check as check
    from migralab.imaging.measure_image import measure_image as measure_image
    from migralab.measure import combine as combine
    from migralab.measure import measure as measure
    from migralab.measure import ratio as ratio
    from migralab.microscope.image_run import image_observations as image_observations
    from migralab.report.page import write_report as report
    from migralab.results.run import open_run as open_run
    from migralab.simulation.batch import run_batch as run_batch
    from migralab.simulation.compile import compile_experiment as compile_experiment
    from migralab.simulation.observe import observe as observe
    from migralab.simulation.simulate import simulate as simulate

__version__ = "0.1.0"

# Loaded on first use: importing migralab must not load half of scientific Python
_WHERE = {
    "load": "migralab.catalog.catalog",
    "compile_experiment": "migralab.simulation.compile",
    "simulate": "migralab.simulation.simulate",
    "run_batch": "migralab.simulation.batch",
    "observe": "migralab.simulation.observe",
    "open_run": "migralab.results.run",
    "measure": "migralab.measure.measurement",
    "combine": "migralab.measure.combination",
    "ratio": "migralab.measure.combination",
    "check": "migralab.checks.check",
    "image_observations": "migralab.microscope.image_run",
    "measure_image": "migralab.imaging.measure_image",
    "report": "migralab.report.page",
}
_RENAMED = {"report": "write_report"}

__all__ = [  # in the order of use; each is resolved by __getattr__
    "__version__", "check", "combine", "compile_experiment", "image_observations", "load", "measure",
    "measure_image", "observe", "open_run", "ratio", "report", "run_batch", "simulate",
]  # fmt: skip


def __getattr__(name: str) -> Any:  # any public name
    if name not in _WHERE:
        raise AttributeError(f"migralab has no '{name}'. It has: {', '.join(__all__)}.")
    return getattr(import_module(_WHERE[name]), _RENAMED.get(name, name))
