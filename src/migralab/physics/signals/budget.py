"""What one migrasome can do with its molecules, in closed forms: burst, leak, slit, patch, and what a cell senses.

Theory: docs/theory/signal-budget.md. Everything is in um, s and molecules, so a concentration is in molecules/um3.
The numerical counterpart, with the field solvers of the program, is `migralab.physics.signals.reach`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from migralab.physics.recipients.surface import pair_density

Floats = NDArray[np.float64]

FREE, ON_DISH = 1.0, 2.0
"""By how much a floor that nothing passes raises the field of a source that lies on it (eq-half-space)."""

NANOMOLAR = 0.602214076
"""1 nM in molecules/um3; the same as in `migralab.core.units`, which physics does not load, and a test says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receptors:
    """A cell that compares its front half with its rear half.

    Parameters
    ----------
    number
        Receptors on the cell, R_T (FIG, PMC3084714 table 1).
    affinity
        Concentration of half occupancy K, molecules/um3; 3.4 nM (ABS, Lau 2020).
    off_rate
        k_r, 1/s (FIG, the same table).
    cell_length
        l, um (E).
    averaging
        Time T over which the cell averages, s (E; sweep 10 to 300).
    """

    number: float = 25_000.0
    affinity: float = 3.4 * NANOMOLAR
    off_rate: float = 0.37
    cell_length: float = 10.0
    averaging: float = 60.0

    @property
    def per_area(self) -> float:
        """Receptors per um2 of a sphere of that length."""
        return self.number / (math.pi * self.cell_length**2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One migrasome and the cell that may feel it; the defaults are those of the published budget.

    Parameters
    ----------
    diameter
        Of the migrasome, um.
    concentration
        Of the cue in it, molecules/um3; 1 uM (E).
    diffusivity
        Of the free cue D, um2/s (E).
    decay
        First-order loss of the free cue, 1/s; 1 per h (E).
    threshold
        Least gradient that is followed, molecules/um4; 0.002 nM/um (FIG, Spinosa 2017).
    receptors
        Of the cell.
    """

    diameter: float = 2.0
    concentration: float = 1000.0 * NANOMOLAR
    diffusivity: float = 100.0
    decay: float = 1.0 / 3600.0
    threshold: float = 0.002 * NANOMOLAR
    receptors: Receptors = field(default_factory=Receptors)

    @property
    def molecules(self) -> float:
        """Molecules in the migrasome."""
        return molecules_in_vesicle(self.diameter, self.concentration)

    @property
    def contact(self) -> float:
        """Distance of the centres at which cell and migrasome touch, um: nearer is no reach."""
        return (self.receptors.cell_length + self.diameter) / 2


def molecules_in_vesicle(diameter: float, concentration: float) -> float:
    """Return how many molecules a vesicle holds (eq-store).

    Parameters
    ----------
    diameter
        um.
    concentration
        molecules/um3.
    """
    return math.pi / 6 * diameter**3 * concentration


# ---- all at once ------------------------------------------------------------------------------------------------
def burst(
    molecules: float, distance: ArrayLike, time: ArrayLike, diffusivity: float, decay: float = 0.0, factor: float = FREE
) -> Floats:
    """Return the concentration after all molecules were set free at once, molecules/um3 (eq-burst).

    Parameters
    ----------
    distance, time
        um; s, above 0. Arrays are combined as numpy does.
    diffusivity, decay
        um2/s; 1/s.
    factor
        `FREE` in open space, `ON_DISH` over a floor.
    """
    r, t = np.asarray(distance, np.float64), np.asarray(time, np.float64)
    spread = 4 * diffusivity * t
    return np.asarray(factor * molecules * (math.pi * spread) ** -1.5 * np.exp(-(r**2) / spread - decay * t))


def burst_peak(molecules: float, distance: ArrayLike, factor: float = FREE) -> Floats:
    """Return the highest concentration that a burst ever brings to a distance: 0.0736 N/r^3 (eq-burst-peak)."""
    return np.asarray(factor * molecules * (1.5 / (math.pi * math.e)) ** 1.5 / np.asarray(distance, np.float64) ** 3)


def peak_time(distance: ArrayLike, diffusivity: float, dimensions: int = 3) -> Floats:
    """Return when that peak comes, s: r^2/(6 D) in space, r^2/(4 D) in a slit (eq-burst-peak)."""
    return np.asarray(np.asarray(distance, np.float64) ** 2 / (2 * dimensions * diffusivity))


# ---- steadily ---------------------------------------------------------------------------------------------------
def steady_source(
    rate: ArrayLike, distance: ArrayLike, diffusivity: float, decay: float = 0.0, factor: float = FREE
) -> Floats:
    """Return the steady concentration around a point that gives `rate` molecules/s (eq-steady)."""
    s, r = np.asarray(rate, np.float64), np.asarray(distance, np.float64)
    return np.asarray(factor * s / (4 * math.pi * diffusivity * r) * np.exp(-r * math.sqrt(decay / diffusivity)))


def steady_gradient(rate: ArrayLike, distance: ArrayLike, diffusivity: float, factor: float = FREE) -> Floats:
    """Return how steeply it falls without decay, molecules/um4: s/(4 pi D r^2) (eq-steady-gradient)."""
    s, r = np.asarray(rate, np.float64), np.asarray(distance, np.float64)
    return np.asarray(factor * s / (4 * math.pi * diffusivity * r**2))


def rate_for_gradient(gradient: float, distance: ArrayLike, diffusivity: float, factor: float = FREE) -> Floats:
    """Return the release that keeps up a gradient at a distance, molecules/s (eq-rate-needed)."""
    r = np.asarray(distance, np.float64)
    return np.asarray(4 * math.pi * diffusivity * r**2 * gradient / factor)


def store_life(molecules: float, rate: ArrayLike) -> Floats:
    """Return how long a store lasts at a release of `rate` molecules/s, s (eq-store-life)."""
    return np.asarray(molecules / np.asarray(rate, np.float64))


# ---- between two plates -----------------------------------------------------------------------------------------
def slit_burst(
    molecules: float, distance: ArrayLike, time: ArrayLike, diffusivity: float, height: float, decay: float = 0.0
) -> Floats:
    """Return the concentration after a burst in a slit, evened out over its height, molecules/um3 (eq-slit-burst)."""
    r, t = np.asarray(distance, np.float64), np.asarray(time, np.float64)
    spread = 4 * diffusivity * t
    return np.asarray(molecules / (math.pi * spread * height) * np.exp(-(r**2) / spread - decay * t))


def slit_burst_peak(molecules: float, distance: ArrayLike, height: float) -> Floats:
    """Return the highest concentration that it brings to a distance: N/(pi e r^2 h) (eq-slit-burst)."""
    return np.asarray(molecules / (math.pi * math.e * np.asarray(distance, np.float64) ** 2 * height))


def slit_source(rate: float, distance: ArrayLike, diffusivity: float, height: float, decay: float) -> Floats:
    """Return the steady concentration around a source in a slit: s K0(r/lambda)/(2 pi D h) (eq-slit-source).

    Without decay there is no steady state: the level grows for ever, see `slit_source_growing`.
    """
    from scipy.special import k0

    r = np.asarray(distance, np.float64)
    return np.asarray(rate / (2 * math.pi * diffusivity * height) * k0(r * math.sqrt(decay / diffusivity)))


def slit_source_growing(rate: float, distance: ArrayLike, time: ArrayLike, diffusivity: float, height: float) -> Floats:
    """Return what a source has built up in a slit without decay by a time: s E1(r^2/4Dt)/(4 pi D h) (eq-slit-growth).

    E1 is -log(r^2/4Dt) - 0.577 once the front has passed: the level grows with the logarithm of time while the
    gradient stays s/(2 pi D h r).
    """
    from scipy.special import exp1

    r, t = np.asarray(distance, np.float64), np.asarray(time, np.float64)
    return np.asarray(rate / (4 * math.pi * diffusivity * height) * exp1(r**2 / (4 * diffusivity * t)))


# ---- leaking ----------------------------------------------------------------------------------------------------
def leak_rate(permeability: float, radius: float) -> float:
    """Return k = 3 P/R with which a vesicle empties, 1/s (eq-leak)."""
    return 3 * permeability / radius


def leak_source(molecules: float, rate: float, time: ArrayLike) -> Floats:
    """Return what it gives at a time, molecules/s: k N exp(-k t) (eq-leak-source)."""
    return np.asarray(rate * molecules * np.exp(-rate * np.asarray(time, np.float64)))


def leak_field(
    molecules: float, rate: float, distance: ArrayLike, time: ArrayLike, diffusivity: float, factor: float = FREE
) -> Floats:
    """Return the concentration around a leaking vesicle, exactly: leak and spread convolved (eq-leak-field).

    Parameters
    ----------
    molecules, rate
        Content at the start; k of `leak_rate`, 1/s.
    distance, time
        um; s, above 0.
    """
    from scipy.special import wofz

    r, t = np.asarray(distance, np.float64), np.asarray(time, np.float64)
    x = r / np.sqrt(4 * diffusivity * t)
    shape = np.exp(-(x**2)) * wofz(-np.sqrt(rate * t) + 1j * x).real
    return np.asarray(factor * molecules * rate / (4 * math.pi * diffusivity * r) * shape)


def longest_leak(
    molecules: float, gradient: float, distance: ArrayLike, diffusivity: float, factor: float = FREE
) -> tuple[Floats, Floats]:
    """Return the longest time for which any leak can hold a gradient at a distance, s, and the k that does it, 1/s.

    A quick leak is soon empty and a slow one too weak; between them N/(e s) is the most, with s the rate that the
    gradient needs (eq-longest-leak). The field is taken as quasi-steady, r^2/D much shorter than 1/k.
    """
    needed = rate_for_gradient(gradient, distance, diffusivity, factor)
    return np.asarray(molecules / (math.e * needed)), np.asarray(math.e * needed / molecules)


# ---- many -------------------------------------------------------------------------------------------------------
def areal_release(density: ArrayLike, molecules: float, renewal: ArrayLike) -> Floats:
    """Return what a ground full of migrasomes gives, molecules/(um2 s): n N/tau (eq-areal).

    Parameters
    ----------
    density
        n, 1/um2.
    molecules
        N that each gives in its life.
    renewal
        Time tau after which each has been replaced or refilled, s.
    """
    return np.asarray(np.asarray(density, np.float64) * molecules / np.asarray(renewal, np.float64))


def patch_in_layer(
    release: float, radius: float, distance: ArrayLike, diffusivity: float, height: float, decay: float
) -> Floats:
    """Return the steady mean field of a round patch in a layer, molecules/um3, distance from its centre (eq-patch).

    Parameters
    ----------
    release
        molecules/(um2 s).
    radius, height
        Of the patch and of the layer, um; molecules are evened out over the height.
    """
    from scipy.special import i0, i1, k0, k1

    length = math.sqrt(diffusivity / decay)
    r, a = np.asarray(distance, np.float64) / length, radius / length
    inside = 1 - a * k1(a) * i0(np.minimum(r, a))
    outside = a * i1(a) * k0(np.maximum(r, a))
    return np.asarray(release / (height * decay) * np.where(r < a, inside, outside))


def fibre_refill(concentration: float, diffusivity: float, radius: float, length: float) -> float:
    """Return the most that a cell can send to a migrasome along its fibre by diffusion, molecules/s (eq-refill)."""
    return diffusivity * math.pi * radius**2 / length * concentration


# ---- bound ------------------------------------------------------------------------------------------------------
def bound_occupancy(per_area: ArrayLike, affinity: float, height: float = 0.02) -> Floats:
    """Return the share of receptors that touch bound ligand and hold it: b/(b + K h) (eq-contact-occupancy).

    Parameters
    ----------
    per_area
        Bound ligand, 1/um2.
    affinity
        K in solution, molecules/um3.
    height
        Of the cleft in which receptor and ligand meet, um; 20 nm (E).
    """
    b = np.asarray(per_area, np.float64)
    return np.asarray(b / (b + affinity * height))


def complexes(per_area: ArrayLike, affinity: float, receptors_per_area: float, height: float = 0.02) -> Floats:
    """Return how many receptors per um2 hold bound ligand when each can be the scarcer one (eq-complexes).

    `bound_occupancy` takes ligand as plentiful; here a receptor needs a ligand of its own.

    Parameters
    ----------
    per_area, receptors_per_area
        b and rho, 1/um2.
    """
    return pair_density(receptors_per_area, per_area, affinity * height)


def capture_length(diffusivity: float, on_rate: float, sites: float) -> float:
    """Return how far a molecule gets before a matrix catches it, um: sqrt(D/(k_on b_max)) (eq-capture).

    Parameters
    ----------
    on_rate, sites
        um3/(molecule s); molecules/um3.
    """
    return math.sqrt(diffusivity / (on_rate * sites))


# ---- sensing ----------------------------------------------------------------------------------------------------
def occupancy_difference(concentration: ArrayLike, gradient: ArrayLike, receptors: Receptors) -> Floats:
    """Return how many more receptors are bound on the front half of a cell than on the rear half (eq-halves)."""
    c, k = np.asarray(concentration, np.float64), receptors.affinity
    slope = k * np.asarray(gradient, np.float64) / (k + c) ** 2
    return np.asarray(receptors.number / 2 * slope * receptors.cell_length / 2)


def snapshot_noise(concentration: ArrayLike, receptors: Receptors) -> Floats:
    """Return the standard deviation of that difference at one moment: sqrt(R p (1 - p)) (eq-snapshot)."""
    c = np.asarray(concentration, np.float64)
    p = c / (receptors.affinity + c)
    return np.asarray(np.sqrt(receptors.number * p * (1 - p)))


def averaging_gain(concentration: ArrayLike, receptors: Receptors) -> Floats:
    """Return by how much averaging over T lifts the signal over the noise (eq-averaging).

    sqrt(T/2 tau) with tau = 1/(k_r + k_f c) the memory of a receptor and k_f = k_r/K; never below 1.
    """
    c = np.asarray(concentration, np.float64)
    memory = 1 / (receptors.off_rate * (1 + c / receptors.affinity))
    return np.asarray(np.sqrt(np.maximum(receptors.averaging / (2 * memory), 1.0)))


def signal_to_noise(concentration: ArrayLike, gradient: ArrayLike, receptors: Receptors) -> Floats:
    """Return the signal-to-noise ratio after averaging; 0 where there is no signal (eq-averaging)."""
    difference = occupancy_difference(concentration, gradient, receptors)
    noise = snapshot_noise(concentration, receptors)
    ratio = np.divide(difference, noise, out=np.zeros(np.broadcast(difference, noise).shape), where=noise > 0)
    return np.asarray(ratio * averaging_gain(concentration, receptors))


def arrival_signal_to_noise(
    concentration: ArrayLike, gradient: ArrayLike, diffusivity: float, receptors: Receptors
) -> Floats:
    """Return the ratio of a flat cell that catches each molecule that comes: Berg and Purcell (eq-arrival).

    ``n = 4 D a c T`` molecules reach a disc of radius a in the averaging time (a sphere: pi times as many); the halves
    differ by n g l/(4 c).
    """
    c, g = np.asarray(concentration, np.float64), np.asarray(gradient, np.float64)
    root = np.sqrt(4 * diffusivity * receptors.cell_length / 2 * receptors.averaging * np.maximum(c, 0.0))
    steep = np.divide(g, c, out=np.zeros(np.broadcast(c, g).shape), where=c > 0)
    return np.asarray(steep * receptors.cell_length / 4 * root)


def count_signal_to_noise(per_area: ArrayLike, slope: ArrayLike, receptors: Receptors) -> Floats:
    """Return the ratio of a cell that counts bound molecules under a disc of its own size (eq-count).

    Bound molecules lie where they lie: averaging over time does not help. n = b A, the halves differ by ``g A l/4``.

    Parameters
    ----------
    per_area, slope
        1/um2; its fall, 1/um3.
    """
    b, g = np.asarray(per_area, np.float64), np.asarray(slope, np.float64)
    root = np.sqrt(math.pi / 4 * receptors.cell_length**2 / np.where(b > 0, b, np.inf))
    return np.asarray(g * receptors.cell_length / 4 * root)
