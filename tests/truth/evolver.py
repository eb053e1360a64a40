"""The other program: Surface Evolver (K. Brakke, 2.70) on a deck written here from the equations, and what it prints.

The deck is a string in the space (x, r, psi, l_p, l_f): place along the axis, radius, angle of the tangent, and the
two lengths of a step, one for the domain and one for the fibre, which are unknowns that the deck keeps uniform.
Each edge carries the Helfrich energy of the ring that it sweeps, by its midpoint; Evolver differentiates it twice.
That an edge has the direction of its angle is tied by a spring and, exactly, by multipliers (axial and shear force).
Lengths in R_l, energies in kappa_l, pressure in kappa_l/R_l^3, as in `docs/theory/membrane-evolver.md`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import brentq

PROGRAM = shutil.which("evolver")
INSTALLED = PROGRAM is not None
ABSENT = "Surface Evolver is not installed (apt-get install evolver); it is what membrane shapes are compared with"

SPRING = 3000.0
"""Of the tie. Any gives the same shape once the multipliers stand; of 40 tries none ran away with this, six at 300."""

EVEN = 1000.0
"""Spring that keeps the step of a part uniform; it costs nothing, since a uniform step is free to have any length."""


class EvolverFailedError(RuntimeError):
    """Evolver stopped, or came to rest at no minimum; the message says which."""


@dataclass(frozen=True)
class Case:
    """What is asked of Evolver; lengths in R_l, energies in kappa_l, `area` in 4 pi R_l^2."""

    area: float
    stiffness: float
    gaussian: float = -1.0
    imposed_radius: float | None = None
    pressure: float = 0.0
    line_tension: float = 0.0
    spontaneous_curvature: float = 0.0
    volume: float | None = None  # of the whole domain, held by a pressure of its own on top of `pressure`
    half_length: float | None = None  # None: the end of the fibre is pulled with its own force and goes where it likes


@dataclass(frozen=True)
class Start:
    """Where Newton's method starts: a cylinder of this radius with spherical caps that end at this neck."""

    radius: float
    neck: float


@dataclass(frozen=True)
class Mesh:
    """Edges in half a domain and in the fibre beside it, and the length of that fibre."""

    domain: int = 40
    fibre: int = 50
    fibre_length: float = 16.0


@dataclass(frozen=True)
class EvolverShape:
    """What Evolver found; energies of the whole shape, both halves, above a bare fibre of the same length."""

    energy: float
    domain_bending: float
    gaussian: float
    equator: float
    radius: float
    length: float
    neck_radius: float
    neck_angle: float
    domain_tension: float
    domain_pressure: float
    volume: float
    force: float
    thinnest: float
    slack: float
    profile: np.ndarray

    @property
    def aspect(self) -> float:
        """Length of the domain over its width."""
        return self.length / (2.0 * self.radius)


def fibre_radius(pressure: float) -> float:
    """Return the radius at which a tube under this pressure costs least per length, in R_l."""
    return 1.0 if pressure == 0.0 else float(brentq(lambda r: 1.0 - 1.0 / r**2 - 2.0 * r * pressure, 0.5, np.sqrt(3.0)))


def fibre_force(pressure: float) -> float:
    """Return the force that holds such a tube, in kappa_l/R_l: its energy per length, pressure included."""
    r = fibre_radius(pressure)
    return float(np.pi * (1.0 / r + r - pressure * r**2))


def _first_guess(case: Case, start: Start, mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Return (n, 3) of x, r and psi, and the n - 1 steps, of a capped cylinder that runs out into the fibre."""
    at_border = float(np.arccos(start.neck / start.radius))
    straight = max(case.area / start.radius - start.radius * np.sin(at_border), 0.05 * start.radius)
    half = straight + start.radius * at_border
    crowded = min(2.0, half / (4.0 * start.radius))  # a long domain changes only near its border
    steps_in = np.linspace(1.0, 0.0, mesh.domain + 1)
    along_domain = half * (1.0 - np.sinh(crowded * steps_in) / np.sinh(crowded))
    thin = fibre_radius(case.pressure)

    def drop(decay: float) -> float:
        s = np.linspace(0.0, 60.0, 6001)
        return float(np.trapezoid(np.sin(at_border * np.exp(-s / decay)), s)) - (start.neck - thin)

    along_fibre = mesh.fibre_length * np.sinh(3.5 * np.linspace(0.0, 1.0, mesh.fibre + 1)) / np.sinh(3.5)
    psi = np.r_[
        np.maximum(along_domain - straight, 0.0) / start.radius,
        at_border * np.exp(-along_fibre[1:] / brentq(drop, 1e-3, 50.0)),
    ]
    step = np.diff(np.r_[along_domain, half + along_fibre[1:]])
    middle = (psi[1:] + psi[:-1]) / 2.0
    x = np.r_[0.0, np.cumsum(step * np.cos(middle))]
    r = start.radius - np.r_[0.0, np.cumsum(step * np.sin(middle))]
    r[r < 0.5 * thin] = 0.5 * thin
    return np.column_stack([x, r, psi]), step


def _quantities(case: Case) -> Iterable[str]:
    """Yield the energies. Place x1..x5 = x, r, psi, l_p, l_f at the middle of an edge; x6..x10 its differences."""
    for part, length in (("domain", "x4"), ("fibre", "x5")):
        ds = f"(step*{length})"
        stiff, curved = ("stiff*", "-curved") if part == "domain" else ("", "")
        off = f"(x6-{ds}*cos(x3))", f"(x7+{ds}*sin(x3))"
        held = f"fixed = {case.area!r}" if part == "domain" else "info_only"
        stretch = "x9" if part == "domain" else "x10"
        yield from (
            f"quantity {part}_bending energy method edge_general_integral",
            f"scalar_integrand: {stiff}pi*(x8/{ds}+cos(x3)/x2{curved})^2*x2*{ds}",
            f"quantity {part}_area {held} method edge_general_integral",
            f"scalar_integrand: x2*{ds}",
            f"quantity {part}_tie energy method edge_general_integral",
            f"scalar_integrand: axial*{off[0]}+shear*{off[1]}+spring/2*({off[0]}^2+{off[1]}^2)/step",
            f"quantity {part}_slack info_only method edge_general_integral",
            f"scalar_integrand: ({off[0]}^2+{off[1]}^2)/step",
            f"quantity {part}_even energy method edge_general_integral",
            f"scalar_integrand: even/2*{stretch}^2/step",
        )
    held = "info_only" if case.volume is None else f"fixed = {0.5 * case.volume!r}"
    yield from (
        f"quantity domain_volume {held} method edge_general_integral",
        "scalar_integrand: pi*x2^2*x6",
        "quantity fibre_tension energy method edge_general_integral",
        "scalar_integrand: pi*x2*step*x5",
        "quantity inflation energy method edge_general_integral",
        "scalar_integrand: -inside*pi*x2^2*x6",
        "quantity pulling energy method vertex_scalar_integral",
        "scalar_integrand: -pull*x1",
        "quantity gaussian energy method vertex_scalar_integral",
        "scalar_integrand: 2*pi*gauss*(stiff-1)*sin(x3)",
        "quantity rim energy method vertex_scalar_integral",
        "scalar_integrand: 2*pi*line*x2",
    )


def _vertices(case: Case, guess: np.ndarray, border: int) -> Iterable[str]:
    """Yield the vertices with what holds them: see the constraints in `deck`."""
    last, clamped = len(guess) - 1, case.half_length is not None
    for i, (x, r, psi) in enumerate(guess.tolist()):
        held, carries = [], []
        if i == 0:
            held += [1, 2] + ([3] if case.imposed_radius is not None else [])
        if i < border or not clamped:  # a pulled fibre keeps its length of membrane, a clamped one finds it
            held.append(6)
        if i > border:
            held.append(5)
        if i == border:
            carries += ["gaussian", "rim"]
        if i == last:
            held += [2, 4] + ([7] if clamped else [])
            carries.append("pulling")
        constraints = f"constraints {' '.join(map(str, held))}" if held else ""
        yield f"{i + 1} {x!r} {r!r} {psi!r} 1 1 {constraints} {' '.join(carries)}"


def deck(case: Case, start: Start, mesh: Mesh) -> str:
    """Return the data file of Evolver, with the definitions of what is asked of it afterwards."""
    guess, step = _first_guess(case, start, mesh)
    if case.half_length is not None:  # the end of the first guess belongs at the clamp
        for _ in range(4):
            mesh = replace(mesh, fibre_length=mesh.fibre_length + case.half_length - float(guess[-1, 0]))
            guess, step = _first_guess(case, start, mesh)
    border = mesh.domain
    numbers = {
        "stiff": case.stiffness,
        "gauss": case.gaussian,
        "inside": case.pressure,
        "line": case.line_tension,
        "curved": case.spontaneous_curvature,
        "pull": fibre_force(case.pressure),
        "spring": SPRING,
        "even": EVEN,
    }
    fixed = [
        "x1 = 0",
        "x3 = 0",
        f"x2 = {case.imposed_radius or 1.0!r}",
        f"x2 = {fibre_radius(case.pressure)!r}",
        "x4 = 1",
        "x5 = 1",
        f"x1 = {case.half_length or 0.0!r}",
    ]
    lines = ["string", "space_dimension 5", "integral_order_1d 1"]  # order 1: the midpoint rule
    lines += [f"parameter {name} = {value!r}" for name, value in numbers.items()]
    lines += [f"define edge attribute {name} real" for name in ("step", "axial", "shear")]
    for number, formula in enumerate(fixed, start=1):
        lines += [f"constraint {number}", f"formula: {formula}"]
    lines += [*_quantities(case), "vertices", *_vertices(case, guess, border), "edges"]
    terms, own = ("bending", "area", "tie", "slack", "even"), {"domain": "domain_volume", "fibre": "fibre_tension"}
    for i, length in enumerate(step.tolist()):
        part = "domain" if i < border else "fibre"
        names = " ".join([*(f"{part}_{term}" for term in terms), own[part]])
        lines.append(f"{i + 1} {i + 1} {i + 2} step {length!r} density 0 inflation {names}")  # 0: no tension of its own
    lines += ["read", "hessian_normal off", *_commands(border + 1, len(guess))]
    return "\n".join(lines) + "\n"


def _commands(border: int, last: int) -> Iterable[str]:
    """Yield Evolver's own definitions: Newton until the energy stands still, multipliers, and what to print."""
    yield (
        "settle := { before := total_energy + 1; tries := 0; while abs(before - total_energy) > 1e-10 and tries < 60 do"
        " { before := total_energy; hessian_seek; tries += 1; }; }"
    )
    yield (
        "hold := { foreach edge ee do {"
        f" side := (ee.id < {border}) ? 4 : 5;"
        " ds := ee.step*(ee.vertex[1].x[side] + ee.vertex[2].x[side])/2;"
        " middle := (ee.vertex[1].x[3] + ee.vertex[2].x[3])/2;"
        " ee.axial += spring/ee.step*(ee.vertex[2].x[1] - ee.vertex[1].x[1] - ds*cos(middle));"
        " ee.shear += spring/ee.step*(ee.vertex[2].x[2] - ee.vertex[1].x[2] + ds*sin(middle)); }; recalc; }"
    )
    shown = {
        "energy": "total_energy",
        "domain_bending": "domain_bending.value",
        "gaussian": "gaussian.value",
        "slack": "domain_slack.value + fibre_slack.value",
        "multiplier": "domain_area.pressure",
        "volume": "domain_volume.value",
        "extra": "domain_volume.pressure",
        "axial": f"edge[{last - 1}].axial",
        "moved": "total_energy - before",
    }
    for name, value in shown.items():
        yield f'tell_{name} := {{ printf "RESULT {name} %.15g\\n", {value}; }}'
    yield "tell_all := { " + " ".join(f"tell_{name};" for name in shown) + " }"
    yield 'outline := { foreach vertex vv do printf "VERTEX %.12g %.12g %.12g\\n", vv.x[1], vv.x[2], vv.x[3]; }'


# The tiny step sets the multiplier of the area, without which Evolver refuses Newton's method
SETTLE = ["settle", *["hold", "hessian", "hessian"] * 6]
ENDS = ["before := total_energy", "hessian", "eigenprobe 0", "tell_all", "outline", "quit 0", ""]
SCRIPT = "\n".join(["m 1e-12", "g", *SETTLE, *ENDS])
LOOK = "\n".join(["m 0", "g", "before := total_energy", *ENDS[2:]])


def run_evolver(case: Case, start: Start, mesh: Mesh = Mesh(), *, seconds: float = 60.0) -> EvolverShape:
    """Return the minimum that Evolver finds from `start`.

    Raises
    ------
    EvolverFailedError
        Evolver stopped with an error, ran away, or stands at a saddle.
    """
    printed, said = talk(deck(case, start, mesh), SCRIPT, seconds)
    where = f"{case}, {start}: {said}"
    shape, moved, ways_down = _read(printed, case, mesh, where)
    if not abs(moved) < 1e-7 or not shape.slack < 1e-9 or not shape.profile[:, 1].min() > 0.3:
        raise EvolverFailedError(f"Evolver did not come to rest. {where}")
    if ways_down > 0:
        raise EvolverFailedError(f"Evolver stands at a saddle with {ways_down} ways down. {where}")
    return shape


def unmoved(case: Case, start: Start, mesh: Mesh = Mesh()) -> EvolverShape:
    """Return what Evolver makes of the first guess itself, whose energies are known by hand."""
    printed, said = talk(deck(case, start, mesh), LOOK, 60.0)
    return _read(printed, case, mesh, said)[0]


def talk(data: str, script: str, seconds: float) -> tuple[str, str]:
    """Return what Evolver prints, and the end of what it complains of."""
    if PROGRAM is None:
        raise EvolverFailedError(ABSENT)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "fibre.fe").write_text(data, encoding="ascii")
        done = subprocess.run(
            [PROGRAM, "-x", "fibre.fe"],
            input=script,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    return done.stdout, (done.stderr or done.stdout)[-300:]


def _read(printed: str, case: Case, mesh: Mesh, where: str) -> tuple[EvolverShape, float, int]:
    """Return the shape, what the last step of Newton changed, and the count of ways down."""
    number = {name: float(value) for name, value in re.findall(r"^RESULT (\w+) (\S+)$", printed, re.MULTILINE)}
    lines = [line.split() for line in re.findall(r"^VERTEX (.*)$", printed, re.MULTILINE)]
    counts = re.findall(r"Eigencounts:\s+(\d+) <", printed)
    if not number or not counts or len(lines) != mesh.domain + mesh.fibre + 1:
        raise EvolverFailedError(f"Evolver stopped early. {where}")
    try:
        profile = np.array(lines, dtype=float)
    except ValueError as error:  # numbers too large for their column run together
        raise EvolverFailedError(f"Evolver ran away. {where}") from error
    x, r, psi = profile.T
    shape = EvolverShape(
        energy=2.0 * number["energy"],
        domain_bending=2.0 * number["domain_bending"],
        gaussian=2.0 * number["gaussian"],
        equator=r[0],
        radius=_widest(r[: mesh.domain + 1]),
        length=2.0 * x[mesh.domain],
        neck_radius=r[mesh.domain],
        neck_angle=float(np.degrees(psi[mesh.domain])),
        domain_tension=-number["multiplier"] / (2.0 * np.pi),
        domain_pressure=case.pressure + (0.0 if case.volume is None else number["extra"]),
        volume=2.0 * number["volume"],
        force=number["axial"] - case.pressure * np.pi * r[-1] ** 2,
        thinnest=r[mesh.domain :].min(),
        slack=number["slack"],
        profile=profile,
    )
    return shape, number["moved"], int(counts[-1])


def _widest(r: np.ndarray) -> float:
    """Return the top of the parabola through the widest vertex and its neighbours."""
    i = int(np.argmax(r))
    if i in {0, len(r) - 1}:
        return float(r[i])
    left, top, right = r[i - 1 : i + 2]
    return float(top + (left - right) ** 2 / (8.0 * (2.0 * top - left - right)))


def lowest(case: Case, mesh: Mesh = Mesh()) -> EvolverShape:
    """Return the lowest minimum over starts of several radii and necks, those that run away left out."""
    ball = float(np.sqrt(case.area))
    found = []
    for radius in sorted({0.9 * min(case.stiffness, ball), 0.75 * ball, 0.85 * ball, 1.02 * ball}):
        for neck in (0.35 * radius, 0.6 * radius, 0.9 * radius):
            try:
                found.append(run_evolver(case, Start(radius, max(1.3, neck)), mesh))
            except (EvolverFailedError, ValueError, subprocess.TimeoutExpired):
                continue
    if not found:
        raise EvolverFailedError(f"no start came to rest: {case}")
    return min(found, key=lambda shape: shape.energy)
