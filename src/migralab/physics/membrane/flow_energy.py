"""Free energy of a fibre that carries tetraspanin, on an arc-length mesh: value, gradient and second derivatives.

A mesh has nodes 0..n (tangent angle `psi`, radius `r`) and n segments of length ``h_i = length * weights_i``. A segment
holds the membrane area between its nodes, of which the share `phi` is tetraspanin. Units: um, s, pN.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from migralab.core.kernel import kernel

Floats = NDArray[np.float64]
TINY = 1e-14  # occupancy below which its logarithm no longer counts: phi ln phi is under 1e-12
M, D, R, H, P = 0, 1, 2, 3, 4  # mean angle, difference of angle, mean radius, length, occupancy of a segment


class Material(NamedTuple):
    """What the membrane is made of.

    Parameters
    ----------
    bending
        kappa_l of the bare membrane, pN um.
    softness
        1 - 1/k, with k the stiffness of pure tetraspanin membrane over that of the bare one.
    gaussian
        Gaussian modulus over the bending modulus, the same at every occupancy.
    curvature
        zeta, 1/um: curvature that dilute tetraspanin prefers, per occupancy.
    packing
        Share of that preference that a packed domain has lost.
    thermal
        kBT over the area of a tetraspanin, pN/um.
    attraction
        chi, in kBT per site.
    gradient
        g, pN um: cost of a gradient of occupancy; gives a border its line tension.
    """

    bending: float
    softness: float
    gaussian: float
    curvature: float
    packing: float
    thermal: float
    attraction: float
    gradient: float


@kernel
def stiffness(phi: float, material: Material) -> tuple[float, float, float]:
    """Return (kappa, kappa', kappa'') at an occupancy: springs in series (eq-stiffness-mixing)."""
    rest = 1.0 - material.softness * phi
    kappa = material.bending / rest
    slope = kappa * material.softness / rest
    return kappa, slope, 2.0 * slope * material.softness / rest


@kernel
def preferred(phi: float, material: Material) -> tuple[float, float, float]:
    """Return (zeta_eff, its first and its second derivative) at an occupancy, 1/um (eq-preferred-curvature)."""
    zeta, lost = material.curvature, material.packing
    return zeta * phi * (1.0 - lost * phi), zeta * (1.0 - 2.0 * lost * phi), -2.0 * zeta * lost


@kernel
def mixing(phi: float, material: Material) -> tuple[float, float, float]:
    """Return (f, f', f''), the free energy of mixing per area, pN/um (eq-tetraspanin-mixing)."""
    full, bare = max(phi, TINY), max(1.0 - phi, TINY)
    chi = material.attraction
    f = phi * math.log(full) + (1.0 - phi) * math.log(bare) + chi * phi * (1.0 - phi)
    slope = math.log(full / bare) + chi * (1.0 - 2.0 * phi)
    bend = 1.0 / full + 1.0 / bare - 2.0 * chi
    return material.thermal * f, material.thermal * slope, material.thermal * bend


@kernel
def segment(
    psi0: float, psi1: float, r0: float, r1: float, h: float, phi: float, material: Material,
    gradient: Floats, hessian: Floats,
) -> float:  # fmt: skip
    """Return the bending energy of a segment and write its derivatives (eq-segment-energy).

    Parameters
    ----------
    psi0, psi1, r0, r1
        Angles and radii of its two nodes, rad and um.
    h, phi
        Its length, um, and its occupancy.
    gradient, hessian
        (5,) and (5, 5), written: by mean angle, difference of angle, mean radius, length, occupancy.
    """
    m, d, r = 0.5 * (psi0 + psi1), psi1 - psi0, 0.5 * (r0 + r1)
    s, c = math.sin(m), math.cos(m)
    kappa, dkappa, ddkappa = stiffness(phi, material)
    zeta, dzeta, ddzeta = preferred(phi, material)
    B = d / h + c / r - zeta
    u = kappa * r * h
    bx = (-s / r, 1.0 / h, -c / r**2, -d / h**2, -dzeta)
    ux = (0.0, 0.0, kappa * h, kappa * r, dkappa * r * h)
    for i in range(5):
        gradient[i] = math.pi * (ux[i] * B * B + 2.0 * u * B * bx[i])
        for j in range(5):
            hessian[i, j] = 2.0 * math.pi * (B * (ux[i] * bx[j] + ux[j] * bx[i]) + u * bx[i] * bx[j])
    square, twice = math.pi * B * B, 2.0 * math.pi * u * B
    hessian[R, H] += square * kappa
    hessian[R, P] += square * dkappa * h
    hessian[H, P] += square * dkappa * r
    hessian[P, P] += square * ddkappa * r * h - twice * ddzeta
    hessian[M, M] -= twice * c / r
    hessian[M, R] += twice * s / r**2
    hessian[D, H] -= twice / h**2
    hessian[R, R] += twice * 2.0 * c / r**3
    hessian[H, H] += twice * 2.0 * d / h**3
    # Gaussian curvature of a surface of revolution integrates exactly: 2 pi times the change of sin psi
    S, C, full = math.sin(0.5 * d), math.cos(0.5 * d), 2.0 * math.pi * material.gaussian
    gradient[M] -= full * kappa * 2.0 * s * S
    gradient[D] += full * kappa * c * C
    gradient[P] += full * dkappa * 2.0 * c * S
    hessian[M, M] -= full * kappa * 2.0 * c * S
    hessian[M, D] -= full * kappa * s * C
    hessian[D, D] -= full * kappa * 0.5 * c * S
    hessian[M, P] -= full * dkappa * 2.0 * s * S
    hessian[D, P] += full * dkappa * c * C
    hessian[P, P] += full * ddkappa * 2.0 * c * S
    hessian[R, M], hessian[H, R], hessian[P, R] = hessian[M, R], hessian[R, H], hessian[R, P]
    hessian[P, H], hessian[H, D], hessian[D, M] = hessian[H, P], hessian[D, H], hessian[M, D]
    hessian[P, M], hessian[P, D] = hessian[M, P], hessian[D, P]
    return math.pi * u * B * B + full * kappa * 2.0 * c * S


@kernel
def free_energy(
    psi: Floats, r: Floats, length: float, weights: Floats, area: Floats, phi: Floats, material: Material
) -> float:
    """Return the free energy of a half profile, pN um: bending, mixing, gradient (eq-membrane-free-energy).

    Parameters
    ----------
    psi, r
        (n + 1,) tangent angle and radius at the nodes, rad and um.
    length, weights
        Arc length, um, and (n,) its shares of the segments.
    area, phi
        (n,) membrane of each segment, um2, and its occupancy.
    """
    n = weights.size
    gradient, hessian = np.empty(5), np.empty((5, 5))
    total = 0.0
    for i in range(n):
        total += segment(psi[i], psi[i + 1], r[i], r[i + 1], length * weights[i], phi[i], material, gradient, hessian)
        total += area[i] * mixing(phi[i], material)[0]
        if i > 0:
            gap = 0.5 * length * (weights[i - 1] + weights[i])
            total += math.pi * material.gradient * r[i] / gap * (phi[i] - phi[i - 1]) ** 2
    return total


def free_energy_numpy(
    psi: Floats, r: Floats, length: float, weights: Floats, area: Floats, phi: Floats, material: Material
) -> float:
    """Return what `free_energy` returns, from arrays (eq-membrane-free-energy)."""
    h = length * weights
    m, rm = 0.5 * (psi[1:] + psi[:-1]), 0.5 * (r[1:] + r[:-1])
    kappa = material.bending / (1.0 - material.softness * phi)
    zeta = material.curvature * phi * (1.0 - material.packing * phi)
    J = np.diff(psi) / h + np.cos(m) / rm
    bending = 2.0 * np.pi * rm * h * 0.5 * kappa * (J - zeta) ** 2
    gauss = 2.0 * np.pi * material.gaussian * kappa * np.diff(np.sin(psi))
    entropy = phi * np.log(np.maximum(phi, TINY)) + (1.0 - phi) * np.log(np.maximum(1.0 - phi, TINY))
    mixed = area * material.thermal * (entropy + material.attraction * phi * (1.0 - phi))
    gap = 0.5 * (h[1:] + h[:-1])
    border = np.pi * material.gradient * r[1:-1] / gap * np.diff(phi) ** 2
    return float(np.sum(bending + gauss + mixed) + np.sum(border))
