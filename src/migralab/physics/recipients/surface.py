"""Receptors that meet ligand held on a surface: pairs are limited by whichever is scarcer; docs/theory/receptors.md.

A vesicle of a hundred molecules cannot occupy twenty thousand receptors, whatever concentration a hundred molecules
have in a cleft of 20 nm. So ligand on the ground or on a vesicle is counted in pairs per area, not as a concentration.
Works on whole arrays at once; units are um, s and molecules.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

CLEFT = 0.02
"""Height of the cleft in which receptors and held ligand meet, um: 20 nm (E). K_2D = K CLEFT."""


def pair_density(receptors: ArrayLike, ligand: ArrayLike, affinity: ArrayLike) -> Floats:
    """Return the density x of pairs with ``(rho - x)(sigma - x) = K_2D x``, 1/um2 (eq-pairs).

    Parameters
    ----------
    receptors, ligand, affinity
        rho, sigma and K_2D, 1/um2.
    """
    rho, sigma = np.asarray(receptors, np.float64), np.asarray(ligand, np.float64)
    whole = rho + sigma + np.asarray(affinity, np.float64)
    # The form without a difference of nearly equal numbers; whole is 0 only where there is nothing at all
    root = np.sqrt(np.maximum(whole**2 - 4 * rho * sigma, 0.0))
    return np.asarray(np.divide(2 * rho * sigma, whole + root, out=np.zeros_like(whole), where=whole > 0.0))


class Patch(NamedTuple):
    """Ligand on surfaces that a cell touches.

    Parameters
    ----------
    molecules
        (n,) ligand within reach of its receptors (N).
    area
        (n,) area of contact, um2 (A).
    pull
        (n, 2) molecules before the cell less those behind it, as a vector (P); not longer than N.
    """

    molecules: Floats
    area: Floats
    pull: Floats


class Held(NamedTuple):
    """What receptors hold of it.

    Parameters
    ----------
    pairs
        (n,) pairs in all.
    difference
        (n, 2) occupied receptors of the front half less those of the rear half, by held ligand alone.
    variance
        (n,) variance of the number of pairs.
    """

    pairs: Floats
    difference: Floats
    variance: Floats


def hold(patch: Patch, density: Floats, affinity: Floats, occupied: Floats) -> Held:
    """Return pairs between receptors and ligand held on surfaces (eq-held).

    The ligand before and behind the cell lies at densities ``(N +- P)/A`` on half the contact each. Receptors that hold
    free ligand already tell nothing new, so the difference counts the others alone.

    Parameters
    ----------
    density
        (n,) receptors at the surface per um2 of membrane (rho).
    affinity
        (n,) K_2D as it is in the presence of free ligand and antagonist, 1/um2.
    occupied
        (n,) share of receptors that hold free ligand.
    """
    area = np.maximum(patch.area, 1e-12)
    sigma = patch.molecules / area
    length = np.hypot(patch.pull[:, 0], patch.pull[:, 1])
    off = np.minimum(length / area, sigma)
    front, rear = pair_density(density, sigma + off, affinity), pair_density(density, sigma - off, affinity)
    along = np.divide(patch.pull, length[:, None], out=np.zeros_like(patch.pull), where=length[:, None] > 0.0)
    free = 1.0 - occupied
    pairs = 0.5 * area * (front + rear)
    return Held(
        np.where(patch.molecules > 0, pairs, 0.0),
        (0.5 * area * (front - rear) * free)[:, None] * along,
        np.where(patch.molecules > 0, 0.5 * area * (_spread(density, sigma + off, front) + _spread(
            density, sigma - off, rear)) * free, 0.0),
    )  # fmt: skip


def _spread(receptors: Floats, ligand: Floats, pairs: Floats) -> Floats:
    """Return the variance of the number of pairs per area in equilibrium: x (rho - x)(sigma - x)/(rho sigma - x^2)."""
    room = receptors * ligand - pairs**2
    free = np.maximum(receptors - pairs, 0.0) * np.maximum(ligand - pairs, 0.0)
    return np.asarray(np.divide(pairs * free, room, out=np.zeros_like(pairs), where=room > 0.0))
