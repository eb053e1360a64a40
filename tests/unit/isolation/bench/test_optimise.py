"""The optimiser: its front is one, its protocols can be run again, and what cannot be done is refused."""

from __future__ import annotations

import copy

import pytest

from migralab.core.errors import RequestError
from migralab.isolation.bench.isolate import isolate
from migralab.isolation.bench.library import read_shipped
from migralab.isolation.bench.mixture import shipped_mixture
from migralab.isolation.bench.optimise import optimise
from migralab.isolation.bench.population import draw_population
from migralab.isolation.bench.protocol import Protocol, checked

MIXTURE = shipped_mixture("medium")


def pair(particles=3500):
    return draw_population(MIXTURE, particles, 1), draw_population(MIXTURE, particles, 2)


def search(name="filter-045", tries=40, **more):
    return optimise(pair(), read_shipped("protocols", f"{name}.yaml"), "migrasome", tries=tries, **more)


@pytest.fixture(scope="module")
def found():
    return search()


def test_nothing_on_the_front_is_beaten_and_it_goes_from_high_to_low_yield(found):
    front = found[1:]
    assert [own.yield_ for own in front] == sorted((own.yield_ for own in front), reverse=True)
    for purity, by in (("purity_by_protein", "protein"), ("purity_by_number", "number")):
        best = [own for own in front if own.best_by in (by, "both")]
        for one in best:
            assert not any(
                two.yield_ > one.yield_ and getattr(two, purity) > getattr(one, purity)
                for two in best
                if two is not one
            )


def test_it_finds_something_better_than_what_was_given(found):
    given = found[0]
    assert given.changes == ()
    assert any(own.yield_ > given.yield_ and own.purity_by_protein > given.purity_by_protein for own in found[1:])


def test_a_found_protocol_run_again_gives_its_numbers(found):
    own = found[len(found) // 2]
    result = isolate(pair()[1], checked(Protocol.model_validate(own.document)), seed=1)
    assert result.answer("migrasome")["yield"] == pytest.approx(own.yield_)
    assert result.answer("migrasome")["purity_by_protein"] == pytest.approx(own.purity_by_protein)


def test_the_same_seed_finds_the_same(found):
    assert [own.document for own in search()] == [own.document for own in found]


def test_the_document_that_was_given_stays_as_it_is():
    document = read_shipped("protocols", "filter-045.yaml")
    before = copy.deepcopy(document)
    optimise(pair(700), document, "migrasome", tries=4)
    assert document == before


def test_fractions_side_by_side_are_tried_as_cuts():
    changes = [text for own in search("culture", tries=4)[1:] for text in own.changes]
    assert any(text.startswith("pool fractions") for text in changes)


def test_a_wanted_yield_is_kept(found):
    assert all(own.yield_ >= 0.55 for own in search(least_yield=0.55)[1:])
    with pytest.raises(RequestError, match=r"reaches a yield of 0\.99; the given one has 0\.\d+"):
        search(tries=4, least_yield=0.99)


def test_what_cannot_be_optimised_is_refused():
    with pytest.raises(RequestError, match="no 'cell'"):
        optimise(pair(700), read_shipped("protocols", "culture.yaml"), "cell", tries=4)
    with pytest.raises(RequestError, match="nothing to optimise"):
        optimise(pair(700), {"schema": 1, "steps": [{"leak": {"share": 0.5}}]}, "migrasome", tries=4)
