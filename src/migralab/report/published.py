"""Published numbers that stand beside the simulated ones in the report of the migrasome formation assay."""

from __future__ import annotations

import numpy as np

from migralab.report.content import Curve, DoseResponse, GrowthCurve, PublishedSeries, doses_of_arms
from migralab.spec.experiment import Experiment

COUNT_BY_FIBRONECTIN = PublishedSeries(
    x=(0.0, 0.1, 1.0, 10.0, 20.0),
    y=(0.22, 0.64, 1.89, 3.50, 2.81),
    name="Chen 2019, L929, fixed, WGA",
    source="Chen et al. 2019, Cell Discovery 5:13, fig. 1g",
    note="read from the plot to 0.04 to 0.1 migrasomes per cell; the number of cells is not given",
)

GROWTH = PublishedSeries(
    x=(0.0, 8.0, 16.0, 40.0, 80.0, 140.0),
    y=(0.42, 0.54, 0.67, 0.80, 1.08, 1.27),
    name="Wu 2017, one migrasome of an NRK cell",
    source="Wu et al. 2017, Cell Research 27:1397, fig. 1D, measured on the pictures",
    note="one vesicle, blur of the microscope included",
)

# Least squares through GROWTH: d^2 = 0.118 + 0.106 sqrt(t), rms 0.083 um (model-notes 6, C); the points scatter by
# 0.03 um about the laws that they allow
_SQUARE_AT_0, _SQUARE_PER_ROOT = 0.118, 0.106


def excluded_growth_law(last_min: float = 300.0) -> Curve:
    """Return the diameter whose area grows with the square root of time, at its best through `GROWTH`."""
    age = last_min * np.linspace(0.0, 1.0, 121) ** 2  # close where the curve is steep
    return Curve(
        x=age,
        y=np.sqrt(_SQUARE_AT_0 + _SQUARE_PER_ROOT * np.sqrt(age)),
        name="area as the square root of time: excluded",
        note="its best fit misses the six points by 0.08 µm (rms), three times the scatter about the laws that fit",
    )


def fibronectin_dose_response(experiment: Experiment, control_ug_per_ml: float = 10.0) -> DoseResponse:
    """Return the dose response of an experiment's fibronectin arms, with the published points."""
    path = "motility.adhesion.fibronectin"
    return DoseResponse(doses=doses_of_arms(experiment, path, control_ug_per_ml), published=(COUNT_BY_FIBRONECTIN,))


def migrasome_growth(curve: Curve | None = None) -> GrowthCurve:
    """Return the growth curve with the six published points and the law that they exclude."""
    return GrowthCurve(published=GROWTH, excluded=(excluded_growth_law(),), curve=curve)
