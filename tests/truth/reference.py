"""The other program: libRoadRunner (CVODE) at its tightest, and how far our courses are from its."""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from migralab.pathways.course import Course

ABSENT = "libroadrunner is not installed (dependency group 'truth'); it is what the courses are compared with"
INSTALLED = importlib.util.find_spec("roadrunner") is not None

RTOL, ATOL = 1e-12, 1e-14

AGREEMENT = 1e-6
"""Largest relative difference; what the issue asks for."""

FLOOR = 1e-4
"""Share of a quantity's own largest value below which differences are judged against it, not against the quantity.

What has fallen to a ten-thousandth of its peak carries the error of that peak: both programs control the error of a
step by the larger of `rtol` times the value and `atol`, and the quantities that feed it are known to 1e-9 at best, so
no program could promise six digits of the remainder. At the floor, 1e-6 still means 1e-10 of the peak.
Nothing is judged below the `ATOL` of the reference.
"""

ZERO, NOISE = 1e-12, 1e-9
"""A quantity that the reference has below `ZERO` of the model's largest is a difference that ought to be nothing, as in
a cell at rest, and has no digits to compare; ours must be nothing to within a step's error of the largest, `NOISE`."""


def _quiet_import(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # wrappers made by SWIG warn on import, on newer Pythons
        return importlib.import_module(name)


def as_sbml(model: str) -> str:
    """Return the SBML of an Antimony text."""
    if model.lstrip().startswith("<"):
        return model
    antimony = _quiet_import("antimony")
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(model) < 0:
        raise ValueError(antimony.getLastError())
    return str(antimony.getSBMLString(antimony.getMainModuleName()))


def stimulated(model: str, inputs: Iterable[str], takes: Iterable[str]) -> str:
    """Return the SBML of a pathway with something to do: inputs of 1 or half as much again, 50 of what is delivered."""
    libsbml = _quiet_import("libsbml")
    document = libsbml.readSBMLFromString(as_sbml(model))
    about = document.getModel()
    for name in inputs:
        own = about.getParameter(name)
        own.setValue(1.5 * own.getValue() or 1.0)
    for name in takes:
        if about.getSpecies(name) is not None:
            about.getSpecies(name).setInitialAmount(50.0)
        else:
            about.getParameter(name).setValue(50.0)
    return str(libsbml.writeSBMLToString(document))


class Reference:
    """One model in libRoadRunner."""

    def __init__(self, model: str) -> None:
        roadrunner = _quiet_import("roadrunner")
        roadrunner.Logger.setLevel(roadrunner.Logger.LOG_CRITICAL)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._program = roadrunner.RoadRunner(as_sbml(model))
        integrator = self._program.integrator
        integrator.relative_tolerance, integrator.absolute_tolerance = RTOL, ATOL
        integrator.maximum_num_steps = 10_000_000

    def species(self) -> list[str]:
        """Return the species that reactions, rules and events change."""
        return list(self._program.model.getFloatingSpeciesIds())

    def followed(self) -> list[str]:
        """Return the quantities that rate rules and assignment rules give."""
        found = [*self._program.getRateRuleIds(), *self._program.getAssignmentRuleIds()]
        return [name for name in found if name not in self.species()]

    def values(self, times: np.ndarray, selections: list[str]) -> np.ndarray:
        """Return the (times, selections) values; a species by its name is an amount."""
        self._program.resetToOrigin()
        self._program.timeCourseSelections = ["time", *selections]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.array(self._program.simulate(times=[float(time) for time in times]))[:, 1:]


def furthest(reference: Reference, course: Course) -> tuple[float, str]:
    """Return the largest relative difference, with the floor, and what it belongs to."""
    species = reference.species()
    followed = reference.followed()
    theirs = reference.values(course.times, species + followed)
    names = species + followed
    ours = np.column_stack([course.amount(name) if name in course.species else course[name] for name in names])
    peak = np.abs(theirs).max(axis=0)
    floor = np.maximum(FLOOR * peak, ATOL / AGREEMENT)
    floor[peak <= ZERO * peak.max()] = NOISE * peak.max() / AGREEMENT
    scale = np.maximum(np.abs(theirs), floor)
    off = (np.abs(ours - theirs) / scale).max(axis=0)
    worst = int(np.argmax(np.where(np.isnan(off), np.inf, off)))
    return float(off[worst]), names[worst]
