"""Random numbers that depend on who draws and when, never on the order of drawing.

Counter-based Philox4x32-10 (Salmon et al. 2011, doi 10.1145/2063384.2063405): a number is a function of
(stream, entity, count, draw). `stream` names the mechanism, `entity` is the lineage key of a cell, node or
vesicle (the key of the dish, and so the seed, is at its root), `count` is how often that mechanism has acted
on it, `draw` tells apart the numbers of one act. So a run is bitwise the same for any number of threads, and a
mechanism that is added does not move the draws of another.

Scalar functions are for kernels; functions that end in ``_array`` are their vectorised numpy twins.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

from migralab.core.kernel import kernel, plain

UInts = NDArray[np.uint64]
Floats = NDArray[np.float64]

_MASK = np.uint64(0xFFFFFFFF)
_SHIFT32 = np.uint64(32)
_SHIFT11 = np.uint64(11)
_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)
_TO_UNIT = 2.0**-53
_HALF_STEP = 2.0**-54  # keeps a uniform off 0 and 1, so that its logarithm exists


@kernel
def philox(c0, c1, c2, c3, k0, k1):  # type: ignore[no-untyped-def]  # uint64 scalars or arrays alike
    """Return the four 32-bit words of one Philox4x32-10 block, each in a uint64."""
    for _ in range(10):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0, c1, c2, c3 = (p1 >> _SHIFT32) ^ c1 ^ k0, p1 & _MASK, (p0 >> _SHIFT32) ^ c3 ^ k1, p0 & _MASK
        k0 = (k0 + _W0) & _MASK
        k1 = (k1 + _W1) & _MASK
    return c0, c1, c2, c3


@kernel
def uniform_pair(stream: np.uint64, entity: int, count: int, draw: int) -> tuple[float, float]:
    """Return two independent uniforms in (0, 1)."""
    s, e = np.uint64(stream), np.uint64(entity)
    a, b, c, d = philox(
        e & _MASK, e >> _SHIFT32, np.uint64(count) & _MASK, np.uint64(draw) & _MASK, s & _MASK, s >> _SHIFT32
    )
    first = float(((a << _SHIFT32) | b) >> _SHIFT11) * _TO_UNIT + _HALF_STEP
    second = float(((c << _SHIFT32) | d) >> _SHIFT11) * _TO_UNIT + _HALF_STEP
    return first, second


@kernel
def normal_pair(stream: np.uint64, entity: int, count: int, draw: int) -> tuple[float, float]:
    """Return two independent standard normals (Box-Muller)."""
    u, v = uniform_pair(stream, entity, count, draw)
    radius = math.sqrt(-2.0 * math.log(u))
    angle = 2.0 * math.pi * v
    return radius * math.cos(angle), radius * math.sin(angle)


@kernel
def exponential(stream: np.uint64, entity: int, count: int, draw: int) -> float:
    """Return a draw from the exponential law with mean 1: the threshold of a hazard."""
    u, _ = uniform_pair(stream, entity, count, draw)
    return -math.log(u)


@kernel
def child_key(parent: int, stream: np.uint64, ordinal: int) -> int:
    """Return the random key of a newborn from its lineage: parent, creating mechanism, ordinal within both."""
    x = (
        np.uint64(parent)
        ^ (np.uint64(stream) * np.uint64(0x9E3779B97F4A7C15))
        ^ (np.uint64(ordinal) * np.uint64(0xD1342543DE82EF95) + np.uint64(0x632BE59BD9B4E019))
    )
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def stream_key(name: str) -> np.uint64:
    """Return the key of a mechanism's stream, from its name alone."""
    return np.uint64(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little"))


def dish_key(seed: int) -> np.uint64:
    """Return the key of a dish, the root of every lineage in it."""
    return np.uint64(int.from_bytes(hashlib.blake2b(f"dish/{seed}".encode(), digest_size=8).digest(), "little"))


def uniform_pair_array(stream: np.uint64, entity: UInts, count: int | UInts, draw: int | UInts) -> tuple[Floats, Floats]:
    """Return two arrays of uniforms, one pair per entity; bitwise equal to `uniform_pair`."""
    entity = np.asarray(entity, np.uint64)
    key = np.asarray([stream], np.uint64)
    counts = np.broadcast_to(np.asarray(count, np.uint64), entity.shape)
    draws = np.broadcast_to(np.asarray(draw, np.uint64), entity.shape)
    a, b, c, d = plain(philox)(
        entity & _MASK, entity >> _SHIFT32, counts & _MASK, draws & _MASK, key & _MASK, key >> _SHIFT32
    )
    first = (((a << _SHIFT32) | b) >> _SHIFT11).astype(np.float64) * _TO_UNIT + _HALF_STEP
    second = (((c << _SHIFT32) | d) >> _SHIFT11).astype(np.float64) * _TO_UNIT + _HALF_STEP
    return first, second


def normal_pair_array(stream: np.uint64, entity: UInts, count: int | UInts, draw: int | UInts) -> tuple[Floats, Floats]:
    """Return two arrays of standard normals; equal to `normal_pair` but for the last bits of log and sin."""
    u, v = uniform_pair_array(stream, entity, count, draw)
    radius = np.sqrt(-2.0 * np.log(u))
    return radius * np.cos(2.0 * np.pi * v), radius * np.sin(2.0 * np.pi * v)


def exponential_array(stream: np.uint64, entity: UInts, count: int | UInts, draw: int | UInts) -> Floats:
    """Return one exponential of mean 1 per entity."""
    return -np.log(uniform_pair_array(stream, entity, count, draw)[0])


def child_key_array(parent: UInts, stream: np.uint64, ordinal: UInts | int) -> UInts:
    """Return the keys of newborns, one per parent; bitwise equal to `child_key`."""
    parents = np.atleast_1d(np.asarray(parent, np.uint64))
    ordinals = np.broadcast_to(np.asarray(ordinal, np.uint64), parents.shape)
    streams = np.full(parents.shape, stream, np.uint64)
    return np.asarray(plain(child_key)(parents, streams, ordinals), np.uint64)
