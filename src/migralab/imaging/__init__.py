"""Micrographs in, `Observations` out; blind to the simulator's truth."""

from migralab.imaging.analyse import analyse_micrograph
from migralab.imaging.datasets import find_dataset
from migralab.imaging.measure_image import measure_image
from migralab.imaging.output import write_measurement
from migralab.imaging.reading import Micrograph, read_micrograph
from migralab.imaging.settings import AnalysisSettings

__all__ = [
    "AnalysisSettings",
    "Micrograph",
    "analyse_micrograph",
    "find_dataset",
    "measure_image",
    "read_micrograph",
    "write_measurement",
]
