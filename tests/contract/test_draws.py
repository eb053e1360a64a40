"""The compiled loops that mechanisms draw with equal the scalar functions and their numpy twins."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.core import random

STREAM = random.stream_key("draws")
KEYS = random.child_key_array(np.full(3000, 7, np.uint64), STREAM, np.arange(3000, dtype=np.uint64))
SERIES = np.arange(3000, dtype=np.uint64)


@pytest.mark.parametrize("draw", [0, 5, SERIES])
@pytest.mark.parametrize("count", [0, 3])
def test_uniforms_are_bitwise_those_of_the_twin(count, draw):
    for ours, twin in zip(
        random.draw_uniform_pairs(STREAM, KEYS, count, draw),
        random.uniform_pair_array(STREAM, KEYS, count, draw),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, twin)


@pytest.mark.parametrize("draw", [0, SERIES])
def test_normals_and_exponentials_equal_the_twin_but_for_the_last_bits(draw):
    # libm against numpy's own logarithm and sine
    normals = random.draw_normals(STREAM, KEYS, 1, draw)
    np.testing.assert_allclose(normals, random.normal_pair_array(STREAM, KEYS, 1, draw)[0], rtol=1e-12, atol=1e-15)
    waits = random.draw_exponentials(STREAM, KEYS, 1, draw)
    np.testing.assert_allclose(waits, random.exponential_array(STREAM, KEYS, 1, draw), rtol=1e-14)
    assert waits[17] == random.exponential(STREAM, KEYS[17], 1, 0 if draw is not SERIES else 17)


@pytest.mark.parametrize("ordinal", [0, SERIES])
def test_keys_of_the_newborn_are_bitwise_those_of_the_twin(ordinal):
    ours = random.draw_child_keys(KEYS, STREAM, ordinal)
    np.testing.assert_array_equal(ours, random.child_key_array(KEYS, STREAM, ordinal))
    assert len(np.unique(ours)) == len(KEYS)


def test_no_entity_draws_nothing():
    assert len(random.draw_normals(STREAM, KEYS[:0], 0, 0)) == 0


def test_shares_are_those_of_the_twin():
    from migralab.core.random import share_out, share_out_array

    entity = np.arange(400, dtype=np.uint64) * np.uint64(7919) + np.uint64(3)
    held = np.abs(np.random.default_rng(5).normal(60, 60, (400, 3)))
    held[:20] = np.floor(held[:20])
    held[20] = 0.0
    stream = np.uint64(77)
    assert np.allclose(share_out(stream, entity, held), share_out_array(stream, entity, held), rtol=0, atol=1e-9)
    whole = np.floor(held).astype(np.int64)
    assert (share_out(stream, entity, whole) == share_out_array(stream, entity, whole)).all()
    nothing = np.full((4, 1), np.nan)
    assert np.isnan(share_out(stream, entity[:4], nothing)).all()
