import numpy as np
import pytest
from scipy import stats

from migralab.core import random

ONES = 0xFFFFFFFF


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [  # known-answer vectors published with Random123 (Salmon et al. 2011)
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((ONES,) * 4, (ONES,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_published_vectors(counter, key, expected):
    words = random.philox(*(np.uint64(w) for w in (*counter, *key)))
    assert tuple(int(w) for w in words) == expected


KEYS = random.child_key_array(np.full(2000, 12345, np.uint64), random.stream_key("x"), np.arange(2000, dtype=np.uint64))


def test_uniforms_equal_their_numpy_twin_bitwise():
    stream = random.stream_key("test")
    first, second = random.uniform_pair_array(stream, KEYS, 7, 3)
    scalar = np.array([random.uniform_pair(stream, key, 7, 3) for key in KEYS])
    np.testing.assert_array_equal(scalar, np.column_stack([first, second]))


def test_normals_equal_their_numpy_twin():
    stream = random.stream_key("test")
    twin = np.column_stack(random.normal_pair_array(stream, KEYS, 7, 3))
    scalar = np.array([random.normal_pair(stream, key, 7, 3) for key in KEYS])
    np.testing.assert_allclose(scalar, twin, rtol=0, atol=1e-14)  # libm against numpy's own log, cos and sin


def test_child_keys_equal_their_numpy_twin_bitwise():
    stream = random.stream_key("x")
    scalar = [int(random.child_key(np.uint64(12345), stream, np.uint64(i))) for i in range(2000)]
    np.testing.assert_array_equal(np.array(scalar, np.uint64), KEYS)
    assert len(set(scalar)) == 2000


@pytest.mark.parametrize("vary", ["entity", "count", "draw", "stream"])
def test_draws_are_uniform_and_unrelated_along_each_coordinate(vary):
    # Fixed seed; a KS test at 1e-4 on both halves and a correlation at 4 sigma: false alarm below 1 in 1,000
    n = 20_000
    index = np.arange(n, dtype=np.uint64)
    entity = index if vary == "entity" else np.full(n, 99, np.uint64)
    streams = [random.stream_key(str(i)) for i in range(400)] if vary == "stream" else [random.stream_key("s")]
    count, draw = (index if vary == "count" else 0), (index if vary == "draw" else 0)
    u = np.concatenate(
        [random.uniform_pair_array(s, entity[:50] if vary == "stream" else entity, count, draw)[0] for s in streams]
    )
    if vary == "stream":
        u = u.reshape(400, 50)[:, 0]
    assert stats.kstest(u, "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 4 / np.sqrt(len(u))


def test_normals_have_the_normal_law():
    a, b = random.normal_pair_array(random.stream_key("n"), np.arange(50_000, dtype=np.uint64), 0, 0)
    assert stats.kstest(a, "norm").pvalue > 1e-4
    assert stats.kstest(b, "norm").pvalue > 1e-4
    assert abs(np.corrcoef(a, b)[0, 1]) < 4 / np.sqrt(len(a))


def test_seed_and_name_give_different_keys():
    assert random.dish_key(1) != random.dish_key(2)
    assert random.stream_key("a") != random.stream_key("b")
