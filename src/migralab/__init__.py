"""migralab: a virtual laboratory for migrasomes.

The Python interface mirrors the verbs of the command line::

    import migralab

    file = migralab.load("migrasome-formation")       # or a YAML file
    model = migralab.compile_experiment(file, "fibronectin-1")
    run = migralab.simulate(model, seed=1)
    readouts = migralab.measure_observations(migralab.observe(run))
    checked = migralab.check(file, seeds=20)
    observations, micrograph, settings = migralab.measure_image("cell.tif", pixel_size=0.1)
    observations = migralab.measure_tracks("tracks.csv", frame_interval=0.5)
    isolation = migralab.isolate(migralab.draw_population(migralab.shipped_mixture("culture"), 100_000, seed=1),
                                 migralab.shipped_protocol("culture"), seed=1)
    identification = migralab.identify("vesicles.csv")
    answer = migralab.answer_study(migralab.read_study("diabetic-nephropathy"))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from migralab.core.version import VERSION

if TYPE_CHECKING:
    from migralab.catalog.catalog import load as load
    from migralab.checks.check import check as check
    from migralab.imaging.measure_image import measure_image as measure_image
    from migralab.isolation.bench.isolate import isolate as isolate
    from migralab.isolation.bench.mixture import shipped_mixture as shipped_mixture
    from migralab.isolation.bench.population import draw_population as draw_population
    from migralab.isolation.bench.protocol import read_protocol as read_protocol
    from migralab.isolation.bench.protocol import shipped_protocol as shipped_protocol
    from migralab.isolation.diagnosis.answer import answer_study as answer_study
    from migralab.isolation.diagnosis.document.read import read_study as read_study
    from migralab.isolation.identity.identify import identify as identify
    from migralab.measure import combine as combine
    from migralab.measure import measure as measure_observations
    from migralab.measure import ratio as ratio
    from migralab.measure.tracks import measure_tracks as measure_tracks
    from migralab.microscope.image_run import image_observations as image_observations
    from migralab.report.page import write_report as write_report
    from migralab.results.export.export import export_run as export_run
    from migralab.results.run import open_run as open_run
    from migralab.simulation.batch import run_batch as run_batch
    from migralab.simulation.compile import compile_experiment as compile_experiment
    from migralab.simulation.observe import observe as observe
    from migralab.simulation.simulate import simulate as simulate
    from migralab.spec.rules.physicell import read_physicell_rules as read_physicell_rules
    from migralab.spec.rules.physicell import write_physicell_rules as write_physicell_rules

__version__ = VERSION

# Loaded on first use: importing migralab must not load half of scientific Python
_WHERE = {
    "load": ("migralab.catalog.catalog", "load"),
    "compile_experiment": ("migralab.simulation.compile", "compile_experiment"),
    "simulate": ("migralab.simulation.simulate", "simulate"),
    "run_batch": ("migralab.simulation.batch", "run_batch"),
    "observe": ("migralab.simulation.observe", "observe"),
    "open_run": ("migralab.results.run", "open_run"),
    "export_run": ("migralab.results.export.export", "export_run"),
    "measure_observations": ("migralab.measure.measurement", "measure"),
    "combine": ("migralab.measure.combination", "combine"),
    "measure_tracks": ("migralab.measure.tracks", "measure_tracks"),
    "ratio": ("migralab.measure.combination", "ratio"),
    "check": ("migralab.checks.check", "check"),
    "image_observations": ("migralab.microscope.image_run", "image_observations"),
    "measure_image": ("migralab.imaging.measure_image", "measure_image"),
    "write_report": ("migralab.report.page", "write_report"),
    "isolate": ("migralab.isolation.bench.isolate", "isolate"),
    "draw_population": ("migralab.isolation.bench.population", "draw_population"),
    "shipped_mixture": ("migralab.isolation.bench.mixture", "shipped_mixture"),
    "shipped_protocol": ("migralab.isolation.bench.protocol", "shipped_protocol"),
    "read_protocol": ("migralab.isolation.bench.protocol", "read_protocol"),
    "identify": ("migralab.isolation.identity.identify", "identify"),
    "read_study": ("migralab.isolation.diagnosis.document.read", "read_study"),
    "answer_study": ("migralab.isolation.diagnosis.answer", "answer_study"),
    "read_physicell_rules": ("migralab.spec.rules.physicell", "read_physicell_rules"),
    "write_physicell_rules": ("migralab.spec.rules.physicell", "write_physicell_rules"),
}

__all__ = [
    "__version__", "answer_study", "check", "combine", "compile_experiment", "draw_population", "export_run",
    "identify", "image_observations", "isolate", "load", "measure_image", "measure_observations", "measure_tracks",
    "observe", "open_run", "ratio", "read_physicell_rules", "read_protocol", "read_study", "run_batch",
    "shipped_mixture", "shipped_protocol", "simulate", "write_physicell_rules", "write_report",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"migralab has no '{name}'. It has: {', '.join(__all__)}.")
    module, function = _WHERE[name]
    return getattr(import_module(module), function)
