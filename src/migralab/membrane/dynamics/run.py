"""One run in steps: what surrounds the stretch, a step in time and its error, the books of what came and went."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.membrane.bilayer import KT
from migralab.membrane.dynamics.model import SEGMENTS, FarEnd, FibreModel, Protocol, Settings
from migralab.physics.membrane import flow_energy
from migralab.physics.membrane.flow import AREA, AX, PSI, RAD, VOL, Friction, Surroundings, far_fibre
from migralab.physics.membrane.flow_step import State, diffuse, energy, mechanical_step, mobilities, shape_state

Floats = NDArray[np.float64]


def material_of(model: FibreModel) -> flow_energy.Material:
    """Return the constants that the kernels take."""
    m, t = model.membrane, model.tetraspanin
    return flow_energy.Material(
        bending=m.bending, softness=1.0 - 1.0 / t.ratio, gaussian=m.gaussian_ratio, curvature=t.curvature,
        packing=1.0 - t.packed_curvature, thermal=KT / t.site_area, attraction=t.chi, gradient=t.border,
    )  # fmt: skip


def rest_radius(material: flow_energy.Material, tension: float, pressure: float, occupancy: float) -> float:
    """Return the radius of a uniform fibre in equilibrium, um (eq-rest-radius).

    Raises
    ------
    RequestError
        The pressure blows the fibre up: beyond ``2 sigma / (3 sqrt(3) R)`` it has no equilibrium.
    """
    kappa = flow_energy.stiffness(occupancy, material)[0]
    zeta = flow_energy.preferred(occupancy, material)[0]
    effective = tension + 0.5 * kappa * zeta**2
    largest = math.sqrt(1.5 * kappa / effective)  # at the highest pressure, sqrt(3) times the radius without pressure
    highest = 2.0 * effective / (3.0 * largest)
    if pressure >= highest:
        raise RequestError(
            f"a pressure of {pressure:g} Pa blows a fibre at {tension:g} pN/um up: it has an equilibrium below "
            f"{highest:.4g} Pa only."
        )
    low, high = 1e-3 * largest, largest
    for _ in range(200):  # 2 sigma' R^2 - 2 P R^3 rises up to `largest`
        middle = 0.5 * (low + high)
        if 2.0 * effective * middle**2 - 2.0 * pressure * middle**3 < kappa:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def potential_of(material: flow_energy.Material, occupancy: float, radius: float) -> float:
    """Return the potential of tetraspanin in a fibre of that radius, pN/um (eq-reservoir)."""
    if occupancy == 0.0:
        return 0.0
    kappa, dkappa, _ = flow_energy.stiffness(occupancy, material)
    zeta, dzeta, _ = flow_energy.preferred(occupancy, material)
    gap = 1.0 / radius - zeta
    return flow_energy.mixing(occupancy, material)[1] + 0.5 * dkappa * gap**2 - kappa * gap * dzeta


def segment_volumes(state: State, weights: Floats) -> Floats:
    """Return the (n,) volumes of the segments, from the shape alone, um3."""
    y = state.y
    mean_r, mean_psi = 0.5 * (y[1:, RAD] + y[:-1, RAD]), 0.5 * (y[1:, PSI] + y[:-1, PSI])
    return np.asarray(np.pi * mean_r**2 * state.length * weights * np.cos(mean_psi))


def contents(state: State, weights: Floats) -> tuple[float, float, float]:
    """Return volume, area and tetraspanin of the half profile from its shape, not from the books of the flows."""
    area = np.pi * (state.y[1:, RAD] + state.y[:-1, RAD]) * state.length * weights
    return float(segment_volumes(state, weights).sum()), float(area.sum()), float((area * state.phi).sum())


class Run:
    """State of one run, and the steps of it."""

    def __init__(self, model: FibreModel, protocol: Protocol, settings: Settings, start: State | None) -> None:
        self.model, self.protocol, self.settings = model, protocol, settings
        self.material = material_of(model)
        self.friction = Friction(model.lumen.viscosity, model.membrane.drag, model.membrane.permeability)
        if model.stretch.far_end is FarEnd.CLOSED:
            self.friction = self.friction._replace(permeability=0.0)
        stretch = model.stretch
        n = stretch.segments
        self.weights = np.full(n, 1.0 / n)
        self.rest = rest_radius(self.material, protocol.tension[0], protocol.pressure[0], protocol.occupancy[0])
        if start is not None and start.y.shape[0] != n + 1:
            raise RequestError(f"start has {start.y.shape[0] - 1} segments, the model {n}: go on from the same mesh.")
        if start is not None and (start.tetraspanin[-1] == 0.0) != (protocol.occupancy[0] == 0.0):
            raise RequestError("start and protocol disagree: one has tetraspanin and the other has none.")
        size, needed = 1e3 * stretch.half_length / n, math.ceil(2 * stretch.half_length / self.rest)
        if start is None and n < needed:
            raise RequestError(
                f"segments is {n}: over {stretch.half_length:g} um each is {size:.3g} nm long, and a fibre of radius "
                f"{1e3 * self.rest:.3g} nm needs at least {needed} ({SEGMENTS[1]} can be had), or a half_length of "
                f"{0.5 * n * self.rest:.3g} um at most."
            )
        s = np.linspace(0.0, stretch.half_length, n + 1)
        bump = settings.seed * self.rest * np.exp(-0.5 * (s / (1.2 * self.rest)) ** 2)
        psi = np.arctan(-np.gradient(bump, s))
        psi[0] = psi[-1] = 0.0
        phi = np.full(n, protocol.occupancy[0])
        self.now = start or shape_state(psi, self.rest + bump[0], stretch.half_length, self.weights, phi)
        self.span = float(self.now.y[-1, AX])
        self.before: State | None = None
        self.last_step = 0.0
        self.leaked, self.entered = 0.0, np.zeros(3)
        self.steps = self.refused = self.uphill = 0

    def imposed(self, time: float) -> tuple[float, float, float]:
        """Return tension, pressure and occupancy at a time; before a jump there."""
        p = self.protocol
        times = np.asarray(p.times)
        i = int(np.searchsorted(times, time, side="left"))
        if i <= 0 or i >= len(times):
            k = 0 if i <= 0 else len(times) - 1
            return p.tension[k], p.pressure[k], p.occupancy[k]
        share = (time - times[i - 1]) / (times[i] - times[i - 1])
        a, b = i - 1, i
        one = [v[a] + share * (v[b] - v[a]) for v in (p.tension, p.pressure, p.occupancy)]
        return one[0], one[1], one[2]

    def around(self, time: float) -> Surroundings:
        """Return the surroundings at the end of a step."""
        tension, pressure, occupancy = self.imposed(time)
        material, stretch = self.material, self.model.stretch
        potential = potential_of(material, occupancy, self.rest)
        mixed = flow_energy.mixing(occupancy, material)[0]
        osmotic = self.model.lumen.osmotic_pressure
        return Surroundings(
            self.span, pressure, tension - mixed + potential * occupancy, potential,
            pressure if osmotic is None else osmotic, stretch.to_cell,
            int(stretch.far_end is FarEnd.CELL), int(stretch.far_end is not FarEnd.CLOSED),
            flow_energy.stiffness(occupancy, material)[0], flow_energy.preferred(occupancy, material)[0], tension,
        )  # fmt: skip

    def potential(self, state: State, around: Surroundings) -> float:
        """Return the energy that falls at constant surroundings (eq-grand-potential)."""
        y = state.y
        value = energy(state, self.weights, self.material)
        leaked = self.leaked + y[-1, VOL] - float(segment_volumes(state, self.weights).sum())
        value += around.osmotic * leaked
        if around.membrane:
            value += around.tension * y[-1, AREA] - around.potential * state.tetraspanin[-1]
        if around.liquid:
            value -= around.pressure * (y[-1, VOL] + self.leaked)
        if around.far > 0.0:
            value += far_fibre(y[-1, RAD], around)[0]
        return float(value)

    def attempt(self, dt: float, target: float) -> tuple[State, float] | None:
        """Return the state at `target`, `dt` later, and the error of the step; None if it is to be refused."""
        around = self.around(target)
        guess = self._guess(dt)
        begun = self.potential(self.now, around)
        new = self._move(guess, dt, around)
        if new is None or not self._downhill(new, begun, around):
            return None
        error = 0.0
        if self.before is not None:
            share = dt / (dt + self.last_step)
            error = share * float((np.abs(new.y[:, RAD] - guess.y[:, RAD]) / new.y[:, RAD]).max())
            error = max(error, share * float(np.abs(new.y[:, PSI] - guess.y[:, PSI]).max()))
        if self.now.tetraspanin[-1] == 0.0:
            return new, error
        spread = self._spread(new, dt, around)
        if spread is None or not self._downhill(spread, self.potential(new, around), around):
            return None
        return spread, max(error, 0.25 * float(np.abs(spread.phi - self.now.phi).max()))

    def _guess(self, dt: float) -> State:
        """Return the state to be expected from the last step, or the present one."""
        now, before = self.now, self.before
        if before is None:
            return now
        a = dt / self.last_step
        y = now.y + a * (now.y - before.y)
        if y[:, RAD].min() < 0.2 * now.y[:, RAD].min() or np.diff(y[:, AREA]).min() <= 0.0:
            return now
        length, force = now.length + a * (now.length - before.length), now.force + a * (now.force - before.force)
        return State(y, length, force, now.tetraspanin)

    def _move(self, guess: State, dt: float, around: Surroundings) -> State | None:
        """Let membrane and liquid move."""
        phi = self.now.phi
        args = (self.weights, dt, self.material, self.friction, around, float(phi[-1]))
        new = mechanical_step(self.now, guess, *args)
        if new is None and guess is not self.now:
            new = mechanical_step(self.now, self.now, *args)
        if new is not None and phi[0] > 0.0 and not (new.phi.min() > 0.0 and new.phi.max() < 1.0):
            return None
        return new

    def _spread(self, state: State, dt: float, around: Surroundings) -> State | None:
        """Let tetraspanin diffuse on the shape that has come out."""
        conduct = mobilities(
            state, self.weights, self.model.tetraspanin.diffusivity, self.material, around.far,
            open_end=bool(around.membrane),
        )  # fmt: skip
        t, y, out = state.tetraspanin, state.y, np.empty_like(state.tetraspanin)
        done = diffuse(t, y, state.length, self.weights, conduct, around.potential, dt, self.material, out)
        return state._replace(tetraspanin=out) if done else None

    def _downhill(self, state: State, before: float, around: Surroundings) -> bool:
        """Return whether the energy has not risen, up to rounding."""
        if self.potential(state, around) <= before + 1e-9 * abs(before):
            return True
        self.uphill += 1
        return False

    def accept(self, new: State, dt: float) -> None:
        """Take a step and keep the books."""
        flows = np.array([
            new.y[-1, VOL] - self.now.y[-1, VOL], new.y[-1, AREA] - self.now.y[-1, AREA],
            new.tetraspanin[-1] - self.now.tetraspanin[-1],
        ])  # fmt: skip
        self.entered += flows
        y = new.y
        if self.friction.permeability > 0.0:
            inside = np.concatenate([[0.0], np.cumsum(segment_volumes(new, self.weights))])
            self.leaked += float(y[-1, VOL] - inside[-1])
            y[:, VOL] = inside  # what leaked has left the books of the lumen
        self.before, self.now, self.last_step = self.now, new, dt
        self.steps += 1
