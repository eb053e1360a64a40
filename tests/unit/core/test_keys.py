"""A key names content: equal content has equal keys, whatever the order or the session."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.core.keys import content_key
from tests.unit.spec.example import example


def test_the_order_of_a_mapping_does_not_matter_and_that_of_a_list_does():
    assert content_key({"a": 1, "b": [1, 2]}) == content_key({"b": (1, 2), "a": 1})
    assert content_key([1, 2]) != content_key([2, 1])


def test_a_key_is_the_same_in_every_session():
    # blake2b of the text {"a":[1,0.5,true,null]}, computed with b2sum -l 128
    assert content_key({"a": [1, 0.5, True, None]}) == "d5464c79f1611078e15b28369e8c88d4"


def test_kinds_that_yaml_does_not_tell_apart_are_one():
    assert content_key(12) == content_key(12.0) == content_key(np.float64(12.0)) == content_key(np.int32(12))
    assert content_key(-0.0) == content_key(0)


@pytest.mark.parametrize(("one", "other"), [(1, True), (1, "1"), (None, ""), ({}, []), (0.1, 0.1 + 1e-17 + 1e-16)])
def test_different_content_has_different_keys(one, other):
    assert content_key(one) != content_key(other)


def test_an_experiment_has_a_key():
    assert content_key(example().experiment) == content_key(example().experiment)
    assert content_key(example().experiment) != content_key(example(("cells: 40", "cells: 41")).experiment)


@pytest.mark.parametrize("content", [{1: 2}, {1, 2}, object(), b"x"])
def test_what_has_no_canonical_form_is_refused(content):
    with pytest.raises(TypeError):
        content_key(content)


def test_what_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        content_key(float("nan"))
