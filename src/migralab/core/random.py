"""Random numbers that depend on who draws and when, never on the order of drawing.

Counter-based Philox4x32-10 (Salmon et al. 2011, doi 10.1145/2063384.2063405): a number is a function of
(stream, entity, count, draw). `stream` names the mechanism, `entity` is the lineage key of a cell, node or
vesicle (the key of the dish, and so the seed, is at its root), `count` is how often that mechanism has acted
on it, `draw` tells apart the numbers of one act. So a run is bitwise the same for any number of threads, and a
mechanism that is added does not move the draws of another.

Scalar functions are for kernels; functions that end in ``_array`` are their vectorised numpy twins; those that
begin with ``draw_`` are the compiled loops that mechanisms call.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.kernel import kernel, plain

UInts = NDArray[np.uint64]
Floats = NDArray[np.float64]
Word = Any  # a uint64, or an array of them: the same code serves kernel and twin

_MASK = np.uint64(0xFFFFFFFF)
_SHIFT32 = np.uint64(32)
_SHIFT11 = np.uint64(11)
_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)
_TO_UNIT = 2.0**-53
_COUNTED = 64  # whole numbers up to this are shared out one by one, larger ones by the normal law of their binomial
_HALF_STEP = 2.0**-54  # keeps a uniform off 0 and 1, so that its logarithm exists


@kernel
def philox(c0: Word, c1: Word, c2: Word, c3: Word, k0: Word, k1: Word) -> tuple[Word, Word, Word, Word]:
    """Return the four 32-bit words of one Philox4x32-10 block, each in a uint64."""
    for _ in range(10):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0, c1, c2, c3 = (p1 >> _SHIFT32) ^ c1 ^ k0, p1 & _MASK, (p0 >> _SHIFT32) ^ c3 ^ k1, p0 & _MASK
        k0 = (k0 + _W0) & _MASK
        k1 = (k1 + _W1) & _MASK
    return c0, c1, c2, c3


@kernel
def uniform_pair(stream: np.uint64, entity: Word, count: Word, draw: Word) -> tuple[float, float]:
    """Return two independent uniforms in (0, 1)."""
    s, e = np.uint64(stream), np.uint64(entity)
    a, b, c, d = philox(
        e & _MASK, e >> _SHIFT32, np.uint64(count) & _MASK, np.uint64(draw) & _MASK, s & _MASK, s >> _SHIFT32
    )
    first = float(((a << _SHIFT32) | b) >> _SHIFT11) * _TO_UNIT + _HALF_STEP
    second = float(((c << _SHIFT32) | d) >> _SHIFT11) * _TO_UNIT + _HALF_STEP
    return first, second


@kernel
def small_angle(x: Word) -> tuple[Word, Word]:
    """Return cos x and sin x for abs(x) <= pi/4, to the last bit or two, at a third of what the library takes."""
    z = x * x
    c = 1.0 + z * (-1 / 2 + z * (1 / 24 + z * (-1 / 720 + z * (1 / 40320 + z * (-1 / 3628800 + z * (
        1 / 479001600 + z * (-1 / 87178291200 + z * (1 / 20922789888000)))))))
    )  # fmt: skip
    s = x * (1.0 + z * (-1 / 6 + z * (1 / 120 + z * (-1 / 5040 + z * (1 / 362880 + z * (-1 / 39916800 + z * (
        1 / 6227020800 + z * (-1 / 1307674368000 + z * (1 / 355687428096000)))))))
    ))  # fmt: skip
    return c, s


@kernel
def cos_sin(x: float) -> tuple[float, float]:
    """Return cos x and sin x; quick for the small angles that a short step turns by."""
    if abs(x) <= 0.25 * math.pi:
        return small_angle(x)
    return math.cos(x), math.sin(x)


@kernel
def on_circle(v: float) -> tuple[float, float]:
    """Return cos and sin of v turns, 0 <= v < 1."""
    quarter = math.floor(4.0 * v + 0.5)
    c, s = small_angle(2.0 * math.pi * (v - 0.25 * quarter))
    # Which quarter is random, so a branch would be guessed wrongly three times in four: products with 0 and 1 instead
    odd, upper = quarter & 1, (quarter >> 1) & 1
    first, second = c * (1 - odd) + s * odd, s * (1 - odd) + c * odd
    return first * (1 - 2 * (odd ^ upper)), second * (1 - 2 * upper)


@kernel
def normal_pair(stream: np.uint64, entity: Word, count: Word, draw: Word) -> tuple[float, float]:
    """Return two independent standard normals (Box-Muller)."""
    u, v = uniform_pair(stream, entity, count, draw)
    radius = math.sqrt(-2.0 * math.log(u))
    c, s = on_circle(v)
    return radius * c, radius * s


@kernel
def exponential(stream: np.uint64, entity: Word, count: Word, draw: Word) -> float:
    """Return a draw from the exponential law with mean 1: the threshold of a hazard."""
    u, _ = uniform_pair(stream, entity, count, draw)
    return -math.log(u)


@kernel
def child_key(parent: Word, stream: Word, ordinal: Word) -> Word:
    """Return the random key of a newborn from its lineage: parent, creating mechanism, ordinal within both."""
    x = (
        np.uint64(parent)
        ^ (np.uint64(stream) * np.uint64(0x9E3779B97F4A7C15))
        ^ (np.uint64(ordinal) * np.uint64(0xD1342543DE82EF95) + np.uint64(0x632BE59BD9B4E019))
    )
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@kernel
def _fill_uniform_pairs(
    stream: np.uint64, entity: UInts, count: int, draw: UInts, first: Floats, second: Floats
) -> None:
    for i in range(len(entity)):
        first[i], second[i] = uniform_pair(stream, entity[i], count, draw[i])


@kernel
def _fill_normals(stream: np.uint64, entity: UInts, count: int, draw: UInts, found: Floats) -> None:
    for i in range(len(entity)):
        found[i] = normal_pair(stream, entity[i], count, draw[i])[0]


@kernel
def _fill_exponentials(stream: np.uint64, entity: UInts, count: int, draw: UInts, found: Floats) -> None:
    for i in range(len(entity)):
        found[i] = exponential(stream, entity[i], count, draw[i])


@kernel
def _fill_child_keys(parent: UInts, stream: np.uint64, ordinal: UInts, found: UInts) -> None:
    for i in range(len(parent)):
        found[i] = child_key(parent[i], stream, ordinal[i])


@kernel
def _fill_shares(stream: np.uint64, entity: UInts, held: Floats, share: Floats) -> None:
    for i in range(len(entity)):
        for place in range(held.shape[1]):
            number = math.floor(held[i, place]) if math.isfinite(held[i, place]) else held[i, place]
            got = 0.0
            if number <= _COUNTED:
                for one in range(int(number)):
                    if uniform_pair(stream, entity[i], place, one)[0] < 0.5:  # a fair coin
                        got += 1.0
            else:
                noise = normal_pair(stream, entity[i], place, _COUNTED)[0]
                got = min(max(np.rint(0.5 * number + 0.5 * math.sqrt(number) * noise), 0.0), number)
            share[i, place] = got + 0.5 * (held[i, place] - number)


def stream_key(name: str) -> np.uint64:
    """Return the key of a mechanism's stream, from its name alone."""
    return np.uint64(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little"))


def dish_key(seed: int) -> np.uint64:
    """Return the key of a dish, the root of every lineage in it."""
    return np.uint64(int.from_bytes(hashlib.blake2b(f"dish/{seed}".encode(), digest_size=8).digest(), "little"))


def uniform_pair_array(
    stream: np.uint64, entity: UInts, count: int | UInts, draw: int | UInts
) -> tuple[Floats, Floats]:
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
    """Return two arrays of standard normals; equal to `normal_pair` but for the last bits of the logarithm."""
    u, v = uniform_pair_array(stream, entity, count, draw)
    radius = np.sqrt(-2.0 * np.log(u))
    quarter = np.floor(4.0 * v + 0.5)
    c, s = plain(small_angle)(2.0 * np.pi * (v - 0.25 * quarter))
    turned = quarter.astype(np.int64) % 4
    return radius * np.choose(turned, (c, -s, -c, s)), radius * np.choose(turned, (s, c, -s, -c))


def exponential_array(stream: np.uint64, entity: UInts, count: int | UInts, draw: int | UInts) -> Floats:
    """Return one exponential of mean 1 per entity."""
    return -np.log(uniform_pair_array(stream, entity, count, draw)[0])


def child_key_array(parent: UInts, stream: np.uint64, ordinal: UInts | int) -> UInts:
    """Return the keys of newborns, one per parent; bitwise equal to `child_key`."""
    parents = np.atleast_1d(np.asarray(parent, np.uint64))
    ordinals = np.broadcast_to(np.asarray(ordinal, np.uint64), parents.shape)
    streams = np.full(parents.shape, stream, np.uint64)
    return np.asarray(plain(child_key)(parents, streams, ordinals), np.uint64)


def draw_uniform_pairs(stream: np.uint64, entity: UInts, count: int, draw: int | UInts) -> tuple[Floats, Floats]:
    """Return two arrays of uniforms, one pair per entity; `uniform_pair_array` at a tenth of its cost."""
    entity, draws = _aligned(entity, draw)
    first, second = np.empty(len(entity)), np.empty(len(entity))
    _fill_uniform_pairs(stream, entity, count, draws, first, second)
    return first, second


def draw_normals(stream: np.uint64, entity: UInts, count: int, draw: int | UInts) -> Floats:
    """Return one standard normal per entity: the first of `normal_pair_array`."""
    entity, draws = _aligned(entity, draw)
    found = np.empty(len(entity))
    _fill_normals(stream, entity, count, draws, found)
    return found


def draw_exponentials(stream: np.uint64, entity: UInts, count: int, draw: int | UInts) -> Floats:
    """Return one exponential of mean 1 per entity."""
    entity, draws = _aligned(entity, draw)
    found = np.empty(len(entity))
    _fill_exponentials(stream, entity, count, draws, found)
    return found


def draw_child_keys(parent: UInts, stream: np.uint64, ordinal: int | UInts) -> UInts:
    """Return the keys of newborns, one per parent; bitwise equal to `child_key_array`."""
    parents, ordinals = _aligned(parent, ordinal)
    found = np.empty(len(parents), np.uint64)
    _fill_child_keys(parents, stream, ordinals, found)
    return found


def share_out(stream: np.uint64, entity: UInts, held: NDArray[Any]) -> NDArray[Any]:
    """Return what a daughter gets of what its mother holds: whole numbers by a fair binomial, the rest halved.

    Parameters
    ----------
    stream, entity
        Of the draw; (k,) keys of the daughters.
    held
        (k, ...) what each mother holds; not negative.

    Returns
    -------
    ndarray
        Like `held`, between 0 and `held`.
    """
    flat = held.reshape(len(held), math.prod(held.shape[1:]))
    amount = np.ascontiguousarray(flat, np.float64)
    share = np.empty_like(amount)
    _fill_shares(stream, np.ascontiguousarray(entity, np.uint64), amount, share)
    return share.astype(held.dtype).reshape(held.shape)


def share_out_array(stream: np.uint64, entity: UInts, held: NDArray[Any]) -> NDArray[Any]:
    """Vectorised numpy twin of `share_out`."""
    flat = held.reshape(len(held), math.prod(held.shape[1:]))
    whole = np.floor(flat.astype(np.float64))
    share = np.zeros_like(whole)
    for place in range(flat.shape[1]):
        number = whole[:, place]
        few = number <= _COUNTED
        for one in range(int(number[few].max(initial=0.0))):
            u, _ = uniform_pair_array(stream, entity, place, one)
            share[:, place] += few & (one < number) & (u < 0.5)  # a fair coin
        noise, _ = normal_pair_array(stream, entity, place, _COUNTED)
        drawn = np.clip(np.rint(0.5 * number + 0.5 * np.sqrt(number) * noise), 0.0, number)
        share[:, place] = np.where(few, share[:, place], drawn)
    return (share + 0.5 * (flat - whole)).astype(held.dtype).reshape(held.shape)


def _aligned(entity: UInts, draw: int | UInts) -> tuple[UInts, UInts]:
    """Return both as plain arrays of one length: a kernel compiles once for each layout it meets."""
    entities = np.ascontiguousarray(entity, np.uint64)
    draws = np.full(len(entities), draw, np.uint64) if np.ndim(draw) == 0 else np.ascontiguousarray(draw, np.uint64)
    return entities, draws
