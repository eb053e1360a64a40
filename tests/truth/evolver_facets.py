"""A second deck for Surface Evolver: the membrane as triangles in space, bent as Evolver itself reckons curvature.

Nothing here knows that the shape is one of revolution, and no formula for the curvature is ours: each vertex has the
mean curvature that Evolver finds from the triangles around it (its method `star_perp_sq_mean_curvature`). A quarter
of half a swelling, between four mirrors. Without the Gaussian term, which would need the curvature of a line of edges.
Units as in `tests.truth.evolver`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tests.truth.evolver import Case, EvolverFailedError, Mesh, Start, run_evolver, talk

FIBRE_LENGTH = 8.0
RINGS = 1.6, 3.6
"""In half the domain and in the fibre, for each edge around a quarter: about as far apart as those edges are long."""
SCRIPT = "\n".join(
    ["m 0", "g", *["hessian_seek 1"] * 15, "hessian", "hessian", "eigenprobe 0", "tell_all", "quit 0", ""]
)


@dataclass(frozen=True)
class SolidShape:
    """What Evolver found; energy above a bare fibre, lengths as means over the circumference."""

    energy: float
    equator: float
    length: float
    neck_radius: float
    out_of_round: float


def _rings(profile: np.ndarray, border: int, around: int) -> tuple[np.ndarray, int]:
    """Return x and r of rings (n, 2) as far apart as their vertices are, and the ring of the border."""
    parts = []
    for piece, share in zip((profile[: border + 1, :2], profile[border:, :2]), RINGS, strict=True):
        steps = np.hypot(*np.diff(piece, axis=0).T) / ((piece[1:, 1] + piece[:-1, 1]) / 2.0)
        along = np.r_[0.0, np.cumsum(steps)]
        count = round(share * around)  # the same from every start, or energies would jump between them
        places = np.linspace(0.0, along[-1], count + 1)
        parts.append(np.column_stack([np.interp(places, along, column) for column in piece.T]))
    return np.vstack([parts[0], parts[1][1:]]), len(parts[0]) - 1


def _triangles(rings: int, around: int) -> Iterable[tuple[bool, tuple[int, int, int]]]:
    """Yield whether a triangle lies in ring 0 to 1, 1 to 2, ..., and its vertices; all diagonals run the same way.

    Diagonals in turns would give vertices of four and of eight neighbours, and a curvature 13 % off on any mesh.
    """
    for ring in range(rings - 1):
        for q in range(around):
            a, d = ring * (around + 1) + q, ring * (around + 1) + q + 1
            b, c = a + around + 1, d + around + 1
            yield ring, (a, b, c)
            yield ring, (a, c, d)


def solid_deck(case: Case, rings: np.ndarray, border: int, around: int) -> str:
    """Return the data file: the mirrors x = 0, y = 0, z = 0 and the far end, a quarter of each ring between them."""
    k, last = case.stiffness, len(rings) - 1
    # At the border the moment is continuous and the curvature jumps; its vertices see the mean of the two curvatures
    shared = 2.0 * k / (1.0 + k)
    lines = ["space_dimension 3"]
    for number, formula in enumerate(("x = 0", "y = 0", "z = 0", f"x = {float(rings[-1, 0])!r}"), start=1):
        lines += [f"constraint {number}", f"formula: {formula}"]
    # Evolver's mean curvature is J / 2, so that (kappa / 2) J^2 is 2 kappa times its square
    for name, modulus in (("domain", k), ("fibre", 1.0), ("border", shared)):
        lines.append(f"quantity {name}_bending energy modulus {2.0 * modulus!r} method star_perp_sq_mean_curvature")
    lines += [
        f"quantity domain_area fixed = {float(np.pi / 2.0 * case.area)!r} method facet_area",
        "quantity fibre_tension energy modulus 0.5 method facet_area",
        "vertices",
    ]
    walls: list[set[int]] = []
    for i, (x, r) in enumerate(rings.tolist()):
        part = "domain" if i < border else "border" if i == border else "fibre"
        for q in range(around + 1):
            turn = np.pi / 2.0 * q / around
            on = {wall for wall, is_on in ((1, i == 0), (4, i == last), (3, q == 0), (2, q == around)) if is_on}
            y, z = float(r * np.cos(turn)) * (2 not in on), float(r * np.sin(turn)) * (3 not in on)
            walls.append(on)
            lines.append(f"{len(walls)} {x!r} {y!r} {z!r} {_on(on)} {part}_bending")
    edges: dict[tuple[int, int], int] = {}
    edge_lines, faces = [], []
    for ring, corners in _triangles(len(rings), around):
        sides = []
        for a, b in zip(corners, (*corners[1:], corners[0]), strict=True):
            if (a, b) not in edges:
                edges[a, b], edges[b, a] = len(edge_lines) + 1, -len(edge_lines) - 1
                edge_lines.append(f"{len(edge_lines) + 1} {a + 1} {b + 1} {_on(walls[a] & walls[b])}")
            sides.append(edges[a, b])
        own = "domain_area" if ring < border else "fibre_tension"
        faces.append(f"{len(faces) + 1} {' '.join(map(str, sides))} density 0 {own}")
    rows = {"equator": 0, "neck": border}
    told = [f'printf "RESULT energy {"%.12g"}\\n", total_energy;']
    for name, ring in rows.items():
        for q in range(around + 1):
            v = f"vertex[{ring * (around + 1) + q + 1}]"
            told.append(f'printf "RESULT {name} {"%.12g %.12g"}\\n", {v}.x, sqrt({v}.y^2 + {v}.z^2);')
    lines += ["edges", *edge_lines, "faces", *faces, "read"]
    return "\n".join([*lines, "tell_all := {", *told, "}"]) + "\n"


def _on(walls: set[int]) -> str:
    return f"constraints {' '.join(map(str, sorted(walls)))}" if walls else ""


def relax(case: Case, equator: float, start: Start, around: int) -> SolidShape:
    """Return where Newton's method leads from the surface of revolution whose equator is held at this radius.

    Raises
    ------
    EvolverFailedError
        It did not come to rest at a minimum.
    """
    held = Case(case.area, case.stiffness, gaussian=0.0, imposed_radius=equator)
    mesh = Mesh(80, 100, FIBRE_LENGTH)
    rings, border = _rings(run_evolver(held, start, mesh).profile, mesh.domain, around)
    printed, said = talk(solid_deck(case, rings, border, around), SCRIPT, 120.0)
    energy = re.findall(r"^RESULT energy (\S+)$", printed, re.MULTILINE)
    ways_down = re.findall(r"Eigencounts:\s+(\d+) <", printed)
    if not energy or ways_down != ["0"]:
        raise EvolverFailedError(f"the triangles did not come to rest at a minimum: {said}")
    middle, neck = (
        np.array([line.split() for line in re.findall(rf"^RESULT {name} (\S+ \S+)$", printed, re.MULTILINE)], float)
        for name in ("equator", "neck")
    )
    ends = np.full(around + 1, 1.0)
    ends[[0, -1]] = 0.5  # the vertices on the mirrors stand for half as much of the circumference
    return SolidShape(
        energy=8.0 * float(energy[0]) - 4.0 * np.pi * float(rings[-1, 0]),
        equator=float(np.average(middle[:, 1], weights=ends)),
        length=2.0 * float(np.average(neck[:, 0], weights=ends)),
        neck_radius=float(np.average(neck[:, 1], weights=ends)),
        out_of_round=float(np.ptp(middle[:, 1]) / np.mean(middle[:, 1])),
    )


def lowest_of_family(case: Case, equators: tuple[float, float, float], start: Start, around: int) -> SolidShape:
    """Return the minimum over starts: the vertex of the parabola through the energies of three.

    Newton's method on triangles moves vertices along their normals only, so that the border keeps its place among
    them; one degree of freedom, how much fibre lies beside the domain, is left as each start has it.
    """
    found = [relax(case, equator, start, around) for equator in equators]
    curve = np.polyfit(equators, [shape.energy for shape in found], 2)
    best = -curve[1] / (2.0 * curve[0])
    if not min(equators) < best < max(equators):
        raise EvolverFailedError(f"the lowest of the family is not between its ends: {equators}")
    values = {
        name: float(np.polyval(np.polyfit(equators, [getattr(shape, name) for shape in found], 2), best))
        for name in SolidShape.__dataclass_fields__
    }
    return SolidShape(**values)
