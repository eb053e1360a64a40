"""From a noisy signal to a turn: averaging over time, exactly for any step; docs/theory/chemotaxis.md."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import prange
from numpy.typing import ArrayLike, NDArray

from migralab.core.kernel import kernel, parallel_kernel, plain
from migralab.core.random import normal_pair, normal_pair_array

Array = NDArray[Any]
Floats = NDArray[np.float64]
Number = Any  # a float, or an array of them: the same code serves kernel and twin

FLOOR = 1.0
"""Least noise by which a signal is measured, in receptors: a cell without ligand does not turn by noise alone (E)."""
_APART = 1e-3  # two times nearer than that share are taken apart: the formula divides by their difference
_DRAWS = 3  # pairs of normals for one step of one cell


class Sensed(NamedTuple):
    """What a cell's receptors say: difference of the halves, and its noise (`receptors.Noise`).

    Parameters
    ----------
    difference
        (n, 2) receptors.
    snapshot, memory, arrival
        (n,) receptors, s, receptors2 s.
    """

    difference: Floats
    snapshot: Floats
    memory: Floats
    arrival: Floats


@kernel
def spread_of_step(memory: Number, filtering: Number, dt: float) -> Any:
    """Return the covariances of one step of noise, its filtered value and the integral of that (eq-joint).

    A noise of unit variance and time `memory` passes a first-order filter of time `filtering`. From nothing, in `dt`,
    the three grow jointly normal.

    Returns
    -------
    tuple
        (nn, ny, nY, yy, yY, YY): n the noise, y the filtered value, Y its integral over the step (s).
    """
    a, k = 1.0 / memory, 1.0 / filtering
    # e^-2x - 1 = m (m + 2) and e^-(x + y) - 1 = m + n + m n with m = e^-x - 1: two exponentials serve for all
    m, n = np.expm1(-a * dt), np.expm1(-k * dt)
    ea, ek = -m / a, -n / k
    eaa, ekk = -m * (m + 2.0) / (2 * a), -n * (n + 2.0) / (2 * k)
    eak = -(m + n + m * n) / (a + k)
    gain = k / (k - a)
    nn = 2 * a * eaa
    ny = 2 * a * gain * (eaa - eak)
    yy = 2 * a * gain**2 * (eaa - 2 * eak + ekk)
    # The integral answers an impulse with gain ((1 - e^-at)/a - (1 - e^-kt)/k)
    n_sum = 2 * a * gain * ((ea - eaa) / a - (ea - eak) / k)
    y_sum = 2 * a * gain**2 * ((ea - eaa - ek + eak) / a - (ea - eak - ek + ekk) / k)
    squares = (dt - 2 * ea + eaa) / (a * a) - 2 * (dt - ea - ek + eak) / (a * k) + (dt - 2 * ek + ekk) / (k * k)
    return nn, ny, n_sum, yy, y_sum, 2 * a * gain**2 * squares


@kernel
def white_spread(filtering: Number, dt: float) -> Any:
    """Return (yy, yY, YY) of a white noise of unit strength behind the same filter (eq-joint)."""
    k = 1.0 / filtering
    n = np.expm1(-k * dt)
    ek, ekk = -n / k, -n * (n + 2.0) / (2 * k)
    return k * k * ekk, k * (ek - ekk), dt - 2 * ek + ekk


@kernel
def settled_noise(snapshot: Number, memory: Number, arrival: Number, filtering: Number) -> Any:
    """Return the variance that is left after the filter in the long run, with its floor, receptors2 (eq-filtered)."""
    return (snapshot * snapshot + FLOOR * FLOOR) * memory / (memory + filtering) + arrival / (2.0 * filtering)


@parallel_kernel
def average(
    noise: Floats, filtered: Floats, difference: Floats, snapshot: Floats, memory: Floats, arrival: Floats, living:
    Array, key: Array, stream: np.uint64, count: int, filtering: float, dt: float, ratio: Floats,
) -> None:  # fmt: skip
    """Advance noise and filtered signal of each cell, in place, and write the signal-to-noise vector (eq-averaging).

    Parameters
    ----------
    noise, filtered
        (n, 2) noise of unit variance; filtered signal over the noise at one moment.
    difference, snapshot, memory, arrival
        As in `Sensed`.
    living
        (n,) others keep what they have, and feel nothing.
    key, stream, count
        Random numbers.
    filtering, dt
        s: half the averaging time; the step.
    ratio
        (n, 2) mean over the step of the filtered signal over its noise.
    """
    w_yy, w_sum, w_sums = white_spread(filtering, dt)
    slow = math.exp(-dt / filtering)
    for i in prange(len(living)):
        ratio[i, 0] = ratio[i, 1] = 0.0
        if not living[i]:
            continue
        scale = math.sqrt(snapshot[i] * snapshot[i] + FLOOR * FLOOR)
        loud, white = snapshot[i] / scale, arrival[i] / (scale * scale)
        tau = memory[i]
        if abs(tau - filtering) < _APART * filtering:
            tau = filtering * (1.0 - _APART)
        nn, ny, n_sum, yy, y_sum, sums = spread_of_step(tau, filtering, dt)
        # Cholesky factor of the covariance of (noise, filtered, integral)
        l00 = math.sqrt(nn)
        l10, l20 = loud * ny / l00, loud * n_sum / l00
        l11 = math.sqrt(max(loud * loud * yy + white * w_yy - l10 * l10, 0.0))
        l21 = (loud * loud * y_sum + white * w_sum - l20 * l10) / l11 if l11 > 0.0 else 0.0
        l22 = math.sqrt(max(loud * loud * sums + white * w_sums - l20 * l20 - l21 * l21, 0.0))
        fade = math.exp(-dt / tau)
        carried = loud * tau / (tau - filtering) * (fade - slow)
        carried_sum = loud * tau * (1.0 - fade) - filtering * carried
        gain = scale / math.sqrt(settled_noise(snapshot[i], tau, arrival[i], filtering))
        first = normal_pair(stream, key[i], count, 0)
        second = normal_pair(stream, key[i], count, 1)
        third = normal_pair(stream, key[i], count, 2)
        for axis in range(2):
            z0, z1, z2 = first[axis], second[axis], third[axis]
            signal = difference[i, axis] / scale
            off, n = filtered[i, axis] - signal, noise[i, axis]
            total = signal * dt + off * filtering * (1.0 - slow) + carried_sum * n + l20 * z0 + l21 * z1 + l22 * z2
            filtered[i, axis] = signal + off * slow + carried * n + l10 * z0 + l11 * z1
            noise[i, axis] = fade * n + l00 * z0
            ratio[i, axis] = gain * total / dt


def average_array(
    noise: Floats, filtered: Floats, sensed: Sensed, living: Array, key: Array, stream: np.uint64, count: int,
    filtering: float, dt: float,
) -> Floats:  # fmt: skip
    """Vectorised numpy twin of `average`; returns the ratio and changes `noise` and `filtered` in place."""
    scale = np.sqrt(sensed.snapshot**2 + FLOOR**2)
    loud, white = sensed.snapshot / scale, sensed.arrival / scale**2
    tau = np.where(np.abs(sensed.memory - filtering) < _APART * filtering, filtering * (1 - _APART), sensed.memory)
    nn, ny, n_sum, yy, y_sum, sums = plain(spread_of_step)(tau, filtering, dt)
    w_yy, w_sum, w_sums = plain(white_spread)(filtering, dt)
    l00 = np.sqrt(nn)
    l10, l20 = loud * ny / l00, loud * n_sum / l00
    l11 = np.sqrt(np.maximum(loud**2 * yy + white * w_yy - l10**2, 0.0))
    l21 = np.divide(loud**2 * y_sum + white * w_sum - l20 * l10, l11, out=np.zeros_like(l11), where=l11 > 0)
    l22 = np.sqrt(np.maximum(loud**2 * sums + white * w_sums - l20**2 - l21**2, 0.0))
    fade, slow = np.exp(-dt / tau), math.exp(-dt / filtering)
    carried = loud * tau / (tau - filtering) * (fade - slow)
    carried_sum = loud * tau * (1.0 - fade) - filtering * carried
    gain = scale / np.sqrt(plain(settled_noise)(sensed.snapshot, tau, sensed.arrival, filtering))
    z0, z1, z2 = (np.stack(normal_pair_array(stream, key, count, d), axis=1) for d in range(_DRAWS))
    l00, l10, l20, l11, l21, l22 = (part[:, None] for part in (l00, l10, l20, l11, l21, l22))
    signal = sensed.difference / scale[:, None]
    off = filtered - signal
    total = signal * dt + off * filtering * (1.0 - slow) + carried_sum[:, None] * noise + l20 * z0 + l21 * z1 + l22 * z2
    filtered_after = signal + off * slow + carried[:, None] * noise + l10 * z0 + l11 * z1
    alive = living[:, None]
    noise[...] = np.where(alive, fade[:, None] * noise + l00 * z0, noise)
    filtered[...] = np.where(alive, filtered_after, filtered)
    return np.where(alive, gain[:, None] * total / dt, 0.0)


@parallel_kernel
def turn_by(
    ratio: Floats, population: Array, factor: Floats, sensitivity: Floats, fastest: Floats, turning: Floats
) -> None:
    """Add to `turning` what each cell turns by, chi times the ratio, but no faster than it can (eq-fastest).

    Parameters
    ----------
    ratio
        (n, 2) averaged signal over its noise.
    population, factor
        (n,) by which law, and a factor of its own on chi.
    sensitivity, fastest
        (populations,) chi and b_max, 1/s.
    turning
        (n, 2) 1/s, added to.
    """
    for i in prange(len(factor)):
        k = population[i]
        x, y = ratio[i, 0], ratio[i, 1]
        strength = sensitivity[k] * factor[i]
        strength /= 1.0 + abs(strength) * math.sqrt(x * x + y * y) / fastest[k]
        turning[i, 0] += strength * x
        turning[i, 1] += strength * y


def turn_by_array(
    ratio: Floats, population: Array, factor: Floats, sensitivity: Floats, fastest: Floats, turning: Floats
) -> None:
    """Vectorised numpy twin of `turn_by`."""
    strength = sensitivity[population] * factor
    strength /= 1.0 + np.abs(strength) * np.hypot(ratio[:, 0], ratio[:, 1]) / fastest[population]
    turning += strength[:, None] * ratio


def signal_to_noise(
    difference: ArrayLike, snapshot: ArrayLike, memory: ArrayLike, arrival: ArrayLike, averaging: float
) -> Floats:
    """Return the signal-to-noise ratio after averaging over T, in the long run (eq-averaging).

    For T much longer than the memory of a receptor it is ``dQ/sigma sqrt(T/2 tau)`` (eq-dose in c and g).
    """
    noise = plain(settled_noise)(
        np.asarray(snapshot, np.float64), np.asarray(memory, np.float64), np.asarray(arrival, np.float64), averaging / 2
    )
    return np.asarray(np.asarray(difference) / np.sqrt(noise))


def held_index(bias: ArrayLike, persistence: float) -> Floats:
    """Return the mean cosine between heading and gradient, ``I1(k)/I0(k)`` with k = b P (eq-index).

    A heading that turns with ``-b sin`` towards the gradient and diffuses with 1/P has the von Mises law.

    Parameters
    ----------
    bias
        b, 1/s.
    persistence
        P, s.
    """
    from scipy.special import i0e, i1e

    k = np.asarray(bias, np.float64) * persistence
    return np.asarray(i1e(k) / i0e(k))
