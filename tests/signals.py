"""Dishes with signals for tests: formation as in `tests.dish`, cargo, release and what a test adds."""

from __future__ import annotations

import numpy as np

from migralab.core.random import dish_key
from migralab.engine.engine import Engine
from migralab.mechanisms.registry import MECHANISMS
from migralab.physics.field.grid import NO_FLUX
from migralab.physics.space import Space
from tests.dish import FORMATION, SOURCE, tables_of

CLOSED = Space(seeded=(300.0, 300.0), walls=(NO_FLUX, NO_FLUX), confines=(True, True), depth=20.0)
OPEN = Space(seeded=(300.0, 300.0), margin=(200.0, 200.0), depth=20.0)
# Everything that happens to a vesicle happens within hours
QUICK = {
    "motility.walk": {"start_rate": "1 1/min", "spreading": "0 min"},
    "biogenesis.nucleation": {"delay": "0 min", "waiting": "10 min", "tip_share": "0.5", "junction_share": "0.5"},
    "biogenesis.breakage": {"half_age": "60 min", "width": "10 min"},
    "biogenesis.fate": {"detached_life": "20 min"},
}
CARRY = (*FORMATION, "signals.cargo", "signals.release")


def build(names, changes=None, dt=60.0):
    """Build mechanisms by id; ``signals.diffusing@vegf`` makes one for another cue."""
    made = []
    for name in names:
        kind, _, species = name.partition("@")
        given = {**QUICK.get(name, {}), **(changes or {}).get(name, {})}
        fields = {key: {"value": value, "source": SOURCE} for key, value in given.items()}
        made.append(MECHANISMS[kind](MECHANISMS[kind].parameters(**fields), dt, *([species] if species else [])))
    return made


def found(names, changes=None, *, space=CLOSED, cells=30, dt=60.0, seeds=(1,), reverse=False):
    """Return (engine, state) of dishes of 300 x 300 um."""
    engine = Engine(build(names, changes, dt), dt)
    if reverse:
        engine._phases = [phase[::-1] for phase in engine._phases]
    keys = [int(dish_key(seed)) for seed in seeds]
    places = [space.place(*np.random.default_rng(seed).uniform(size=(2, cells))) for seed in seeds]
    return engine, engine.found(places, keys, space)


def accounts(engine, state):
    """Return molecules by (substance, place), of dish 0."""
    return {
        key: float(values[0])
        for mechanism in engine.plan
        if hasattr(mechanism, "account")
        for key, values in mechanism.account(state).items()
    }


def everything(state):
    """Return a copy of every column and every field by path."""
    return tables_of(state) | {f"fields.{name}": array.copy() for name, array in state.fields.items()}


def same(a, b):
    """Ask for the same bits everywhere."""
    assert set(a) == set(b)
    for path, values in a.items():
        np.testing.assert_array_equal(values, b[path], err_msg=path)
