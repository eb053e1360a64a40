"""The buoyant density of migrasomes, set by the published culture gradient alone, and what follows from it.

Zhao 2019 (fig S1c, read by eye): TSPAN4-GFP is strong in fractions 4 to 6 of 9 from the top and weak in 3 and 7. The
bands are turned into numbers once (strong 1, weak `WEAK`, none 0) and two numbers are fitted: mean and SD of the
density. The embryo gradient and the exosome gradient are not looked at here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.isolation.bench.isolate import isolate
from migralab.isolation.bench.isolation import Isolation
from migralab.isolation.bench.library import constant
from migralab.isolation.bench.mixture import Banded, Mixture, shipped_mixture, with_values
from migralab.isolation.bench.population import draw_population
from migralab.isolation.bench.protocol import Protocol, shipped_protocol

Floats = NDArray[np.float64]

STRONG, FAINT = (4, 5, 6), (3, 7)
WEAK = 0.3
"""What a weak band is beside a strong one (E); from 0.1 to 0.5 the mean density moves by less than 0.002 g/ml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What the culture gradient says of migrasomes.

    Parameters
    ----------
    density, density_sd
        g/ml.
    profile, wanted
        (9,) share of TSPAN4 in each fraction: computed, and read from the blot.
    misfit
        Root mean square of their difference.
    diluent_density
        That was assumed, g/ml.
    """

    density: float
    density_sd: float
    profile: Floats
    wanted: Floats
    misfit: float
    diluent_density: float


def read_bands(weak: float = WEAK) -> Floats:
    """Return the blot of fig S1c as shares of nine fractions."""
    level = np.zeros(9)
    level[[k - 1 for k in STRONG]] = 1.0
    level[[k - 1 for k in FAINT]] = weak
    return np.asarray(level / level.sum())


def migrasomes_of(density: float, density_sd: float, banded: Banded = "leaky in iodixanol") -> Mixture:
    """Return purified migrasomes alone, with this buoyant density, g/ml."""
    kind = shipped_mixture("culture").kinds["migrasome"]
    leaks = 1.0 if banded == "leaky in iodixanol" else 0.0
    own = with_values(kind, banded, density_g_per_ml=density, density_sd_g_per_ml=density_sd, leaky_share=leaks)
    return Mixture(id="migrasomes", kinds={"migrasome": own})


def with_diluent(protocol: Protocol, density: float | None) -> Protocol:
    """Return the protocol with gradients made in a diluent of this density, g/ml; None leaves it as it is."""
    if density is None:
        return protocol
    steps = [
        step
        if step.gradient is None
        else step.model_copy(update={"gradient": step.gradient.model_copy(update={"diluent_density": 1e3 * density})})
        for step in protocol.steps
    ]
    return protocol.model_copy(update={"steps": steps})


def tetraspanin_profile(result: Isolation) -> Floats:
    """Return the share of TSPAN4 in each fraction: it sits in the membrane, so a vesicle counts by its area."""
    people = result.population
    return result.profile("migrasome", people.number * people.diameter**2)


def calibrate(
    diluent_density: float | None = None, *, banded: Banded = "leaky in iodixanol", weak: float = WEAK,
    particles: int = 20_000, seed: int = 1,
) -> Calibration:  # fmt: skip
    """Fit mean and SD of the density of migrasomes to the culture gradient.

    Parameters
    ----------
    diluent_density
        Of the gradient's diluent, g/ml; by default the assumed one.
    banded
        What is taken of the vesicles in that gradient.
    weak
        Level of a weak band.
    """
    from scipy.optimize import minimize

    protocol = with_diluent(shipped_protocol("culture"), diluent_density)
    wanted = read_bands(weak)

    def profile(point: Floats) -> Floats:
        mixture = migrasomes_of(float(point[0]), abs(float(point[1])), banded)
        return tetraspanin_profile(isolate(draw_population(mixture, particles, seed), protocol, seed=seed))

    def misfit(point: Floats) -> float:
        return float(np.sqrt(np.mean((profile(point) - wanted) ** 2)))

    diluent = constant("diluent_density") / 1000 if diluent_density is None else diluent_density
    middle = diluent + 0.2 * (constant("stock_density") / 1000 - diluent)  # of 12 %, where fraction 5 began
    corners = np.array([[middle, 0.010], [middle + 0.01, 0.010], [middle, 0.016]])
    found = minimize(misfit, corners[0], method="Nelder-Mead",
                     options={"initial_simplex": corners, "xatol": 1e-4, "fatol": 1e-5, "maxfev": 120})  # fmt: skip
    return Calibration(density=float(found.x[0]), density_sd=abs(float(found.x[1])), profile=profile(found.x),
                       wanted=wanted, misfit=float(found.fun), diluent_density=diluent)  # fmt: skip
