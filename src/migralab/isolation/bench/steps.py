"""What one step does to every particle: where it goes, and what the liquid is like afterwards. Drawn by particle."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from migralab.core.random import draw_normals, draw_uniform_pairs, stream_key
from migralab.isolation.bench.column import (
    NOT_KNOWN,
    Liquid,
    Tube,
    density_of,
    kept_of,
    spin_gradient,
    viscosity_of,
)
from migralab.isolation.bench.library import constant, rotors
from migralab.isolation.bench.population import Population
from migralab.isolation.bench.protocol import Filter, Gradient, Spin, Wash
from migralab.physics.sedimentation.flight import fly_all
from migralab.physics.sedimentation.medium import BOLTZMANN, FREEZING, water_density
from migralab.physics.sedimentation.particle import diffusivity, excess_density, settle_uniform, settling_rate

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

IN_HAND = 0
_START, _NOISE = stream_key("isolation/start"), stream_key("isolation/noise")
_HAND, _PORE, _BREAK = stream_key("isolation/hand"), stream_key("isolation/pore"), stream_key("isolation/break")


@dataclass(slots=True, kw_only=True)
class Bench:
    """Where every particle is, and in what.

    Parameters
    ----------
    population
        The particles.
    place
        (n,) index into `places`; 0 is what goes on.
    fraction
        (n,) fraction that it was taken in, from 1; 0 before and beside a gradient.
    leaky
        (n,) whether its lumen fills with the medium, now.
    places
        Names of where particles stay behind.
    solute, held
        What the liquid in hand holds, and how much, kg/m3: (1,), or in each fraction until they are pooled.
    liquid
        How much of it there is.
    tube
        The last gradient.
    """

    population: Population
    place: NDArray[np.int16]
    fraction: NDArray[np.int16]
    leaky: NDArray[np.bool_]
    places: list[str] = field(default_factory=lambda: ["goes on"])
    solute: str = "none"
    held: Floats = field(default_factory=lambda: np.zeros(1))
    liquid: Liquid = NOT_KNOWN
    tube: Tube | None = None

    def in_hand(self) -> Rows:
        """Return the rows that go on."""
        return np.flatnonzero(self.place == IN_HAND)

    def put_aside(self, rows: Rows, name: str) -> None:
        """Leave particles behind at a named place."""
        if name not in self.places:
            self.places.append(name)
        self.place[rows] = self.places.index(name)


def start_bench(population: Population) -> Bench:
    """Return a bench with everything in hand."""
    n = len(population)
    return Bench(population=population, place=np.zeros(n, np.int16), fraction=np.zeros(n, np.int16),
                 leaky=population.leaky.copy())  # fmt: skip


def do_spin(bench: Bench, spin: Spin | Wash, count: int, label: str) -> None:
    """Spin one medium: what reaches the wall is the pellet (eq-uniform)."""
    rows = bench.in_hand()
    rotor, temperature = rotors()[spin.rotor], spin.temperature
    people = bench.population
    lane = np.clip(bench.fraction[rows] - 1, 0, len(bench.held) - 1)
    rho = density_of(bench.solute, bench.held, temperature, _diluent(bench))[lane]
    eta = viscosity_of(bench.solute, bench.held, temperature)[lane]
    inner, outer = rotor.span(spin.volume)
    kept = kept_of(bench.solute, bench.held, temperature)[lane]
    excess = excess_density(people.phi[rows], people.matter[rows], bench.leaky[rows].astype(float), rho, kept,
                            constant("lumen_density"), water_density(temperature))  # fmt: skip
    rate = settling_rate(people.diameter[rows], excess, eta, rotor.speed(spin.g, spin.at))
    key = people.key[rows]
    start = inner + (outer - inner) * draw_uniform_pairs(_START, key, count, 0)[0]
    at = settle_uniform(start, rate, diffusivity(people.diameter[rows], eta, temperature), spin.time, (inner, outer),
                        draw_normals(_NOISE, key, count, 0))  # fmt: skip
    pelleted = at >= outer
    keeps_pellet = isinstance(spin, Wash) or spin.keep == "pellet"
    bench.put_aside(rows[pelleted != keeps_pellet], f"{label}: {'supernatant' if keeps_pellet else 'pellet'}")
    _lose(bench, rows[pelleted == keeps_pellet], spin.recovery, count, label)
    if keeps_pellet:
        take_up(bench)


def take_up(bench: Bench) -> None:
    """Put what is in hand into a buffer."""
    bench.solute, bench.held = "none", np.zeros_like(bench.held)


def dilute(bench: Bench, after: Liquid) -> None:
    """Add a buffer to every tube in hand; the gradient's own diluent is thinned as well."""
    share = bench.liquid.volume / after.volume
    bench.held = bench.held * np.where(np.isfinite(share), share, 1.0)


def do_filter(bench: Bench, membrane: Filter, count: int, label: str) -> None:
    """Pass a membrane: every particle meets one pore of a log-normal law, and stays if it is wider (eq-pore)."""
    rows = bench.in_hand()
    key = bench.population.key[rows]
    pore = membrane.pore * np.exp(constant("pore_spread") * draw_normals(_PORE, key, count, 0))
    held = bench.population.diameter[rows] > pore
    keeps_held = membrane.keep == "retentate"
    bench.put_aside(rows[held != keeps_held], f"{label}: {'filtrate' if keeps_held else 'filter'}")
    _lose(bench, rows[held == keeps_held], membrane.recovery, count, label)
    if keeps_held:
        take_up(bench)  # flushed off the membrane


def do_gradient(bench: Bench, gradient: Gradient, count: int, label: str) -> None:
    """Run a gradient and take fractions from the top (eq-flight)."""
    rows, people = bench.in_hand(), bench.population
    tube = spin_gradient(gradient)
    rotor = rotors()[gradient.rotor]
    bounds = np.concatenate([[0.0], np.cumsum([layer.volume for layer in gradient.layers])])
    loaded = next(number for number, layer in enumerate(gradient.layers) if layer.sample)
    key = people.key[rows]
    inner, outer = tube.edges[0], tube.edges[-1]
    poured = bounds[loaded] + (bounds[loaded + 1] - bounds[loaded]) * draw_uniform_pairs(_START, key, count, 0)[0]
    mean, variance = np.empty(len(rows)), np.empty(len(rows))
    heat = BOLTZMANN * (gradient.temperature + FREEZING) / (3.0 * np.pi)
    fly_all(people.particles(rows, bench.leaky), inner + poured / tube.area, tube.column,
            rotor.speed(gradient.g, gradient.at), heat, constant("lumen_density"),
            water_density(gradient.temperature), mean, variance)  # fmt: skip
    place = mean + np.sqrt(variance) * draw_normals(_NOISE, key, count, 0)
    place = np.where(place < inner, 2.0 * inner - place, place)
    taken = gradient.fractions
    number = np.full(len(rows), taken.number + 1)
    floating = place < outer
    number[floating] = 1 + np.floor((place[floating] - inner) * tube.area / taken.volume + 1e-9).astype(np.int64)
    bench.put_aside(rows[~floating], f"{label}: pellet")
    bench.put_aside(rows[floating & (number > taken.number)], f"{label}: left below the fractions")
    bench.fraction[rows] = np.where(number > taken.number, 0, number)
    cuts = np.arange(taken.number + 1.0) * taken.volume
    bench.solute, bench.tube = tube.solute, tube
    bench.held = tube.mean_solute(cuts)


def pool(bench: Bench, fractions: list[int], label: str) -> None:
    """Mix these fractions and put the others aside, each by its number."""
    rows = bench.in_hand()
    for number in np.unique(bench.fraction[rows]):
        if number not in fractions:
            bench.put_aside(rows[bench.fraction[rows] == number], f"{label}: fraction {number}")
    chosen = [k - 1 for k in sorted(set(fractions))]
    volume = bench.liquid.volume[chosen]
    weight = volume if volume.sum() > 0 else np.ones(len(chosen))  # pellets, or flushed off: no solute in any
    bench.held = np.array([np.average(bench.held[chosen], weights=weight)])


def break_open(bench: Bench, share: float, count: int) -> None:
    """Let this share of the vesicles that still hold become leaky."""
    rows = bench.in_hand()
    drawn = draw_uniform_pairs(_BREAK, bench.population.key[rows], count, 0)[0]
    bench.leaky[rows[drawn < share]] = True


def _lose(bench: Bench, rows: Rows, recovery: float, count: int, label: str) -> None:
    """Lose what the hand does not get out."""
    if recovery < 1.0:
        drawn = draw_uniform_pairs(_HAND, bench.population.key[rows], count, 0)[0]
        bench.put_aside(rows[drawn >= recovery], f"{label}: lost in handling")


def _diluent(bench: Bench) -> float:
    return bench.tube.diluent if bench.tube is not None else constant("diluent_density")
