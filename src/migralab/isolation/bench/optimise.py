"""Better spins, filters and cuts: protocols near a given one, as a front of yield and purity."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.isolation.bench.isolate import isolate
from migralab.isolation.bench.isolation import Isolation
from migralab.isolation.bench.library import rotors
from migralab.isolation.bench.population import Population
from migralab.isolation.bench.protocol import Protocol, checked

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]

PORES_UM = (0.1, 0.2, 0.22, 0.45, 0.65, 0.8, 1.2, 3.0, 5.0)
"""Membranes that are sold (N)."""
_FEWEST = 20  # followed particles of the aim below which a purity is noise
_TIMES_S = (60.0, 4 * 3600.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A protocol that was tried.

    Parameters
    ----------
    document
        As it stands in a file.
    changes
        What differs from the given one, in words.
    yield_, purity_by_protein, purity_by_number
        Of the aim in the product.
    best_by
        ``protein``, ``number``, ``both``, or empty if another one is better in yield and purity.
    """

    document: dict[str, Any]
    changes: tuple[str, ...]
    yield_: float
    purity_by_protein: float
    purity_by_number: float
    best_by: str = ""


def optimise(
    populations: tuple[Population, Population], document: dict[str, Any], aim: str, progress: Progress | None = None,
    *, tries: int = 160, least_yield: float = 0.0, seed: int = 1,
) -> list[Option]:  # fmt: skip
    """Try protocols near a given one and return what was tried, the given one first, then the front by yield.

    Half of the tries fill the space of forces, times and pores evenly (Sobol); the other half are small changes of the
    best so far. Every run of fractions that lie side by side is a cut. The front is then computed anew on particles
    that the search has not seen, so that a lucky draw is not taken for a good protocol.

    Parameters
    ----------
    populations
        To search with, and to judge with: drawn with two seeds.
    document
        Protocol as it stands in a file.
    aim
        Kind that is wanted.
    least_yield
        Below which a protocol is left out.

    Raises
    ------
    RequestError
        If the aim is not in the population, nothing can be changed, or no protocol reaches the yield.
    """
    if aim not in populations[0].kinds:
        raise RequestError(f"There is no '{aim}' in this population. It holds: {', '.join(populations[0].kinds)}.")
    knobs = _knobs(document)
    if not knobs and not any("gradient" in step for step in document["steps"]):
        raise RequestError("This protocol has no spin, filter or gradient: there is nothing to optimise.")
    given = _judged(populations[1], document, (), aim, seed)
    pool = list(_cuts(populations[0], document, np.full(len(knobs), np.nan), aim, seed))
    sobol, rng = _even(len(knobs), tries // 2, seed), np.random.Generator(np.random.Philox(seed))
    points: list[tuple[Floats, Option]] = [(np.full(len(knobs), 0.5), option) for option in pool]
    for count in range(tries if knobs else 0):
        if count < len(sobol):
            at = sobol[count]
        else:
            near = _front([option for _, option in points])
            chosen = near[rng.integers(len(near))]
            parent = next(own for own, option in points if option is chosen)
            at = np.clip(parent + rng.normal(0.0, 0.08, len(knobs)), 0.0, 1.0)
        points += [(at, option) for option in _cuts(populations[0], document, at, aim, seed)]
        kept = {id(option) for option in _front([option for _, option in points])}
        points = [(own, option) for own, option in points if id(option) in kept]
        if progress is not None:
            progress(count + 1, tries)
    fresh = [_judged(populations[1], option.document, option.changes, aim, seed) for _, option in points]
    return _ranked(given, [option for option in fresh if option.yield_ >= least_yield], least_yield)


def _ranked(given: Option, fresh: list[Option], least_yield: float) -> list[Option]:
    if not fresh:
        raise RequestError(
            f"No protocol that was tried reaches a yield of {least_yield:g}; the given one has {given.yield_:.3f}. "
            "Ask for less, or start from a protocol with fewer steps."
        )
    protein = {id(option) for option in _best(fresh, "purity_by_protein")}
    number = {id(option) for option in _best(fresh, "purity_by_number")}
    names = {(True, True): "both", (True, False): "protein", (False, True): "number"}
    front = [replace(option, best_by=names[id(option) in protein, id(option) in number])
             for option in fresh if id(option) in protein | number]  # fmt: skip
    return [given, *sorted(front, key=lambda option: -option.yield_)]


def _front(options: list[Option]) -> list[Option]:
    """Return what is best by either purity."""
    kept = {id(option): option for name in ("purity_by_protein", "purity_by_number") for option in _best(options, name)}
    return list(kept.values())


def _best(options: list[Option], purity: str) -> list[Option]:
    """Return the options that no other one beats in both yield and this purity."""
    order = sorted(options, key=lambda option: (-option.yield_, -getattr(option, purity)))
    kept: list[Option] = []
    highest = -1.0
    for option in order:
        if getattr(option, purity) > highest:
            kept.append(option)
            highest = getattr(option, purity)
    return kept


def _knobs(document: dict[str, Any]) -> list[tuple[int, str, str]]:
    """Return what may be turned: number of the step, its kind, and force, time or pore."""
    found = []
    for number, step in enumerate(document["steps"]):
        for kind in ("spin", "wash"):
            if kind in step and "force" in step[kind]:
                found += [(number, kind, "force"), (number, kind, "time")]
        if "filter" in step:
            found.append((number, "filter", "pore"))
    return found


def _even(dimensions: int, count: int, seed: int) -> Floats:
    """Return points that fill a unit cube evenly, (count, dimensions)."""
    from scipy.stats import qmc

    if not dimensions or not count:
        return np.zeros((0, dimensions))
    power = int(np.ceil(np.log2(max(count, 2))))
    return np.asarray(qmc.Sobol(dimensions, seed=seed).random_base2(power)[:count])


def _turned(document: dict[str, Any], at: Floats) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the document with its knobs at a point of the unit cube (NaN: as given), and the changes in words."""
    new, changes = copy.deepcopy(document), []
    base = Protocol.model_validate(document)
    for (number, kind, what), x in zip(_knobs(document), at, strict=True):
        if not np.isfinite(x):
            continue
        step, own = base.steps[number], new["steps"][number]
        if step.filter is not None:
            text = f"{PORES_UM[min(int(x * len(PORES_UM)), len(PORES_UM) - 1)]:g} um"
        else:
            turned = step.spin or step.wash
            if turned is None:
                continue
            if what == "force":
                most = rotors()[turned.rotor].most_force(turned.at)
                text = f"{_round(min(turned.g * 4.0 ** (2 * x - 1), most)):g} g"
            else:
                text = f"{max(1, round(float(np.clip(turned.time * 4.0 ** (2 * x - 1), *_TIMES_S)) / 60))} min"
        if text != own[kind][what]:
            changes.append(f"step {number + 1}, {step.name or kind}: {what} {own[kind][what]} -> {text}")
            own[kind][what] = text
            new["steps"][number]["source"] = "changed by migralab isolate --optimise"
    return new, tuple(changes)


def _round(force: float) -> float:
    """Return a force with two figures, rounded down, so that the rotor still reaches it."""
    step = 10.0 ** (np.floor(np.log10(force)) - 1)
    return float(np.floor(force / step) * step)


def _cuts(population: Population, document: dict[str, Any], at: Floats, aim: str, seed: int) -> Iterator[Option]:
    """Run a protocol once and yield an option for every run of fractions that could be pooled."""
    new, changes = _turned(document, at)
    pools = [number for number, step in enumerate(new["steps"]) if "pool" in step]
    result = isolate(population, checked(Protocol.model_validate(new)), seed=seed)
    if not pools or not result.fractions:
        if option := _scored(result, result.lots["product"], new, changes, aim):
            yield option
        return
    last = pools[-1]
    usual = new["steps"][last]["pool"]["fractions"]
    through = np.zeros(len(population), bool)
    for k in range(1, result.fractions + 1):
        through |= result.lots[f"fraction {k}"]
    for first in range(1, result.fractions + 1):
        for end in range(first, result.fractions + 1):
            cut = copy.deepcopy(new)
            chosen = list(range(first, end + 1))
            said = changes if chosen == usual else (*changes, f"pool fractions {first} to {end}")
            cut["steps"][last]["pool"]["fractions"] = chosen
            who = through & (result.fraction >= first) & (result.fraction <= end)
            if option := _scored(result, who, cut, said, aim):
                yield option


def _scored(result: Isolation, who: NDArray[np.bool_], document: dict[str, Any], changes: tuple[str, ...],
            aim: str) -> Option | None:  # fmt: skip
    people = result.population
    k = people.kinds.index(aim)
    if int((who & (people.kind == k)).sum()) < _FEWEST:
        return None
    number = result.by_kind(people.number, who)
    mass = result.by_kind(people.number * people.protein, who)
    counted = number * np.array([name != "protein" or name == aim for name in people.kinds])
    return Option(document=document, changes=changes, yield_=float(number[k] / result.by_kind(people.number)[k]),
                  purity_by_protein=float(mass[k] / mass.sum()),
                  purity_by_number=float(number[k] / counted.sum()))  # fmt: skip


def _judged(population: Population, document: dict[str, Any], changes: tuple[str, ...], aim: str, seed: int) -> Option:
    """Return an option with its numbers on these particles."""
    result = isolate(population, checked(Protocol.model_validate(document)), seed=seed)
    found = _scored(result, result.lots["product"], document, changes, aim)
    return found or Option(document=document, changes=changes, yield_=0.0, purity_by_protein=0.0, purity_by_number=0.0)
