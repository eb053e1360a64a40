"""Receptors: how many are occupied, which go inside, and what a cell can tell from them; docs/theory/receptors.md.

Everything here works on whole arrays at once: a cell costs a few operations, so that no compiled loop is needed.
Units are um, s and molecules.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

LEAST_FREE = 1e-9  # share of free receptors: no ligand is so plentiful that a receptor has no memory at all


def occupancy(ligand: ArrayLike, affinity: ArrayLike, antagonist: ArrayLike = 0.0) -> Floats:
    """Return the share of receptors that hold a ligand, ``p = c/(K(1 + a) + c)`` (eq-occupancy).

    Parameters
    ----------
    ligand, affinity
        c and K, molecules/um3; c of nothing or less counts as nothing.
    antagonist
        Concentration of a competing antagonist over its own dissociation constant, a = A/K_A.
    """
    c = np.maximum(np.asarray(ligand, np.float64), 0.0)
    half = np.asarray(affinity, np.float64) * (1.0 + np.asarray(antagonist, np.float64))
    return np.asarray(c / (half + c))


class Traffic(NamedTuple):
    """Rates with which receptors go inside and come back, 1/s.

    Parameters
    ----------
    driven
        Of occupied receptors (k_in).
    constitutive
        Of all receptors at the surface, occupied or not.
    back
        Return to the surface (k_back).
    """

    driven: ArrayLike
    constitutive: ArrayLike
    back: ArrayLike


def internalise(surface: Floats, total: ArrayLike, occupied: ArrayLike, traffic: Traffic, dt: float) -> Floats:
    """Return the receptors at the surface after `dt`, exactly for a constant occupancy (eq-traffic).

    ``dS/dt = -(k_in p + k_c) S + k_back (R_T - S)``: no step is too long, and S stays between 0 and R_T.

    Parameters
    ----------
    surface, total
        S and R_T, receptors.
    occupied
        p, the share of receptors at the surface that hold a ligand.
    """
    inward = np.asarray(traffic.driven) * np.asarray(occupied) + np.asarray(traffic.constitutive)
    settled, rate = settle(total, occupied, traffic), inward + np.asarray(traffic.back)
    # Where nothing moves the rate is 0 and what is settled has no meaning
    return np.asarray(np.where(rate > 0.0, settled + (surface - settled) * np.exp(-rate * dt), surface))


def settle(total: ArrayLike, occupied: ArrayLike, traffic: Traffic) -> Floats:
    """Return the receptors at the surface in the long run, ``R_T k_back/(k_in p + k_c + k_back)`` (eq-traffic)."""
    back = np.asarray(traffic.back, np.float64)
    rate = np.asarray(traffic.driven) * np.asarray(occupied) + np.asarray(traffic.constitutive) + back
    share = np.where(rate > 0.0, back / np.where(rate > 0.0, rate, 1.0), 1.0)
    return np.asarray(np.asarray(total, np.float64) * share)


def scavenging(
    surface: Floats, ligand: ArrayLike, affinity: ArrayLike, driven: ArrayLike, antagonist: ArrayLike = 0.0
) -> Floats:
    """Return the medium that a cell frees of its ligand, um3/s (eq-scavenging).

    Each occupied receptor that goes inside takes one ligand along: k_in p S molecules/s, over c.
    """
    c = np.maximum(np.asarray(ligand, np.float64), 0.0)
    half = np.asarray(affinity, np.float64) * (1.0 + np.asarray(antagonist, np.float64))
    return np.asarray(np.asarray(driven, np.float64) * surface / (half + c))


def halves(
    surface: Floats, ligand: Floats, gradient: Floats, affinity: ArrayLike, length: float, antagonist: ArrayLike = 0.0
) -> Floats:
    """Return how many more receptors are occupied on one half of a cell than on the other, (n, 2) (eq-halves).

    ``dQ = (S/2)[p(c + |g| l/4) - p(c - |g| l/4)]`` along the gradient: the middles of the halves lie l/4 from the
    centre. Where the gradient is steeper than the concentration allows, the rear half has nothing.

    Parameters
    ----------
    surface, ligand
        (n,) receptors; molecules/um3.
    gradient
        (n, 2) molecules/um4.
    length
        l, um.
    """
    steep = np.hypot(gradient[:, 0], gradient[:, 1])
    off = steep * length / 4
    more = occupancy(ligand + off, affinity, antagonist) - occupancy(ligand - off, affinity, antagonist)
    along = np.divide(gradient, steep[:, None], out=np.zeros_like(gradient), where=steep[:, None] > 0.0)
    return np.asarray((0.5 * surface * more)[:, None] * along)


def halves_linear(surface: float, ligand: ArrayLike, gradient: ArrayLike, affinity: float, length: float) -> Floats:
    """Return the same for a shallow gradient, ``(S/2) K g/(K + c)^2 (l/2)`` (eq-halves-linear)."""
    c = np.asarray(ligand, np.float64)
    return np.asarray(surface / 2 * affinity * np.asarray(gradient) / (affinity + c) ** 2 * length / 2)


class Noise(NamedTuple):
    """Noise of the difference between the halves.

    Parameters
    ----------
    snapshot
        Standard deviation at one moment, receptors (eq-snapshot).
    memory
        Time in which occupied receptors are replaced, s (eq-memory).
    arrival
        Strength of what the arrival of molecules adds, receptors2 s: a white noise (eq-arrival-noise).
    """

    snapshot: Floats
    memory: Floats
    arrival: Floats


def noise_of(
    surface: Floats, ligand: Floats, occupied: Floats, off_rate: float, diffusivity: float, length: float
) -> Noise:
    """Return the noise of the difference between the halves of a cell.

    Parameters
    ----------
    surface, ligand, occupied
        S, c (molecules/um3) and p.
    off_rate
        k_r, 1/s; k_f = k_r/K, so that a receptor forgets in ``(1 - p)/k_r``.
    diffusivity
        D of the ligand, um2/s; 0 leaves the noise of arrival out.
    length
        l, um: molecules arrive at a disc of radius l/2.
    """
    variance = surface * occupied * (1.0 - occupied)
    arrival = np.zeros_like(variance)
    if diffusivity > 0.0:
        caught = 4.0 * diffusivity * length / 2 * np.maximum(ligand, 0.0)
        np.divide(variance**2, caught, out=arrival, where=caught > 0.0)
    return Noise(np.sqrt(variance), np.maximum(1.0 - occupied, LEAST_FREE) / off_rate, arrival)
