"""The growth of one swelling in time by the reduced law, outside of any dish; theory: docs/theory/growth.md."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from migralab.core.errors import RequestError
from migralab.membrane.bilayer import BENDING, LYSIS
from migralab.membrane.law import broadcast, law_range, load_law
from migralab.membrane.problem import TEAR
from migralab.physics.growth import LIMITERS, Supply, grow

Floats = NDArray[np.float64]

_NUMBERS = (
    "pressure", "bending", "viscosity", "diffusivity", "saturation", "stiffness_ratio", "domain_enrichment",
    "shortest_path",
)  # fmt: skip
_ROUNDING = 1e-9  # the ends of the table are exponentials of its axes


@dataclass(frozen=True)
class Growing:
    """A swelling and what feeds it.

    Levels, length, radius or tension of the fibre, membrane flow and initial diameter may be arrays of one shape.

    Parameters
    ----------
    tetraspanin, cholesterol
        Levels of the cell relative to untreated wild type.
    pressure
        Of the cell over the outside, Pa.
    length
        Of the fibre to the cell, um.
    fibre_radius, tension
        R_l, um, or sigma, pN/um (uN/m): one of the two, the other follows from `bending`. Neither: 0.05 um.
    bending
        kappa_l of the fibre, pN um.
    membrane_flow
        q, um2/s.
    initial_diameter
        Of the precursor, um; its membrane must lie in the table of the law, 4 to 2,500 times 4 pi R_l^2.
    viscosity, diffusivity, saturation, stiffness_ratio, domain_enrichment, shortest_path
        As in the mechanism ``biogenesis.growth``.

    Raises
    ------
    RequestError
        For values outside what the law and the equations of growth cover, and a pressure that tears the precursor.
    """

    tetraspanin: ArrayLike = 1.0
    cholesterol: ArrayLike = 1.0
    pressure: float = 100.0
    length: ArrayLike = 20.0
    fibre_radius: ArrayLike | None = None
    tension: ArrayLike | None = None
    bending: float = BENDING
    membrane_flow: ArrayLike = 0.034 / 60.0
    initial_diameter: ArrayLike = 0.44
    viscosity: float = 0.036
    diffusivity: float = 0.2
    saturation: float = 40.0
    stiffness_ratio: float = 12.7
    domain_enrichment: float = 4.0
    shortest_path: float = 5.0

    def __post_init__(self) -> None:
        if self.fibre_radius is not None and self.tension is not None:
            raise RequestError("Either fibre_radius or tension is given: R_l = sqrt(bending / (2 tension)).")
        for name in _NUMBERS:
            if np.ndim(getattr(self, name)):
                raise RequestError(f"{name} is one number for all; call once for each {name}.")
        given = {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}
        broadcast(**given)
        self._check_tetraspanin()
        self._check_start()

    def _check_tetraspanin(self) -> None:
        if self.domain_enrichment <= 1.0:
            raise RequestError(
                f"domain_enrichment = {self.domain_enrichment:g}: only values above 1 are allowed; at 1, the density "
                "of the fibre, the fibre itself would be a domain."
            )
        if self.saturation < 1.0:
            raise RequestError(
                f"saturation = {self.saturation:g}: at least 1 is allowed; a vesicle holds what its membrane brings "
                "from the fibre."
            )
        softest, stiffest = law_range()["stiffness_ratio"]
        if self.stiffness_ratio > stiffest * (1.0 + _ROUNDING):
            raise RequestError(
                f"stiffness_ratio = {self.stiffness_ratio:g}: {softest:g} to {stiffest:g} is allowed; the table of the "
                "law ends there, and beyond it the shape would be that of its edge."
            )

    def _check_start(self) -> None:
        _, (wide, tube) = broadcast(initial_diameter=self.initial_diameter, fibre_radius=self.radius_of_fibre)
        thin = wide <= 2.0 * tube
        if thin.any():
            worst = int(np.argmax(thin))
            raise RequestError(
                f"initial_diameter = {wide[worst]:g} um: it must exceed the width of its fibre, {2 * tube[worst]:g} "
                "um; a precursor is a swelling."
            )
        size, (least, most) = (0.5 * wide / tube) ** 2, law_range()["size"]
        outside = (size < least * (1.0 - _ROUNDING)) | (size > most * (1.0 + _ROUNDING))
        if outside.any():
            worst = int(np.argmax(outside))
            raise RequestError(
                f"initial_diameter = {wide[worst]:g} um: on a fibre of radius {tube[worst]:g} um "
                f"{2 * tube[worst] * math.sqrt(least):.3g} to {2 * tube[worst] * math.sqrt(most):.3g} um is allowed; "
                "the table of the law has no shapes of less or more membrane."
            )
        highest = 4.0 * LYSIS / float(wide.max())  # P R / 2, the tension of a ball of that membrane
        if self.pressure > highest:
            raise RequestError(
                f"pressure = {self.pressure:g} Pa: at most {highest:.4g} Pa is allowed; a precursor {wide.max():g} um "
                f"wide would bear {self.pressure * wide.max() / 4000.0:.3g} mN/m, and {TEAR}"
            )

    @property
    def radius_of_fibre(self) -> Floats:
        """R_l, um."""
        if self.tension is not None:
            return np.sqrt(self.bending / (2.0 * np.asarray(self.tension, np.float64)))
        return np.asarray(0.05 if self.fibre_radius is None else self.fibre_radius, np.float64)


@dataclass(frozen=True)
class Course:
    """What became of it: `time` (t,), s, and arrays (t, ...) beside it.

    `radius` at the equator, um; `volume`, um3; `area`, um2; `enrichment` and `stiffness_ratio` relative to the fibre;
    `limiter` is ``volume``, ``area`` or ``shape``.
    """

    time: Floats
    radius: Floats
    volume: Floats
    area: Floats
    enrichment: Floats
    stiffness_ratio: Floats
    limiter: NDArray[Any] = field(repr=False)


def growth_course(growing: Growing = Growing(), *, duration: float = 8400.0, dt: float = 60.0) -> Course:
    """Return radius, volume and the rest against time for a swelling that stays attached.

    Parameters
    ----------
    growing
        The swelling and what feeds it.
    duration, dt
        How long, and step, s.

    Raises
    ------
    RequestError
        For a duration or step that is not above 0.
    """
    broadcast(duration=duration, dt=dt)
    shape, (level, cholesterol, length, tube, flow, start) = broadcast(
        tetraspanin=growing.tetraspanin, cholesterol=growing.cholesterol, length=growing.length,
        fibre_radius=growing.radius_of_fibre, membrane_flow=growing.membrane_flow,
        initial_diameter=growing.initial_diameter,
    )  # fmt: skip
    supply = Supply(
        float(growing.pressure), growing.viscosity, growing.diffusivity, growing.saturation, growing.stiffness_ratio,
        growing.domain_enrichment, growing.shortest_path, growing.bending,
    )  # fmt: skip
    level, table, n = level * cholesterol, load_law(), len(start)
    length, tube, flow = (np.ascontiguousarray(x) for x in (length, tube, flow))
    area, volume = math.pi * start**2, math.pi / 6.0 * start**3
    tetraspanin, diameter, limiter, taken = area.copy(), start.copy(), np.zeros(n, np.int8), np.empty((n, 3))
    steps = max(1, math.ceil(duration / dt - 1e-9))
    step = np.full(n, duration / steps)
    kept = [(diameter / 2, volume.copy(), area.copy(), tetraspanin / area)]
    limits = [limiter.copy()]
    for _ in range(steps):
        grow(step, length, tube, flow, level, area, volume, tetraspanin, diameter, limiter, taken, supply, table)
        kept.append((diameter / 2, volume.copy(), area.copy(), tetraspanin / area))
        limits.append(limiter.copy())
    limits[0] = limits[1]
    whole = [np.array(part).reshape(steps + 1, *shape) for part in zip(*kept, strict=True)]
    cover = level * (whole[3].reshape(steps + 1, -1) - 1.0) / max(growing.domain_enrichment - 1.0, 1e-9)
    stiffness = 1.0 + (growing.stiffness_ratio - 1.0) * np.clip(cover, 0.0, 1.0)
    radius, filled, membrane, enrichment = whole
    return Course(
        time=np.linspace(0.0, duration, steps + 1),
        radius=radius,
        volume=filled,
        area=membrane,
        enrichment=enrichment,
        stiffness_ratio=stiffness.reshape(steps + 1, *shape),
        limiter=np.array(LIMITERS, dtype=object)[np.array(limits)].reshape(steps + 1, *shape),
    )
