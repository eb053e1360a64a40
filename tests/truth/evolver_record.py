"""Print the tables of docs/theory/membrane-evolver.md: ``python -m tests.truth.evolver_record``; a minute."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable

from tests.truth.evolver import ABSENT, INSTALLED, Case, Mesh, Start, run_evolver
from tests.truth.evolver_facets import lowest_of_family
from tests.truth.test_evolver import FINE, FROM, LIGHT, REFERENCE, TABLE, ours

NO_GAUSSIAN = Case(47.7, 10.0, gaussian=0.0)


def mesh_study() -> Iterable[str]:
    """Yield the rows of the reference case on four meshes."""
    yield "| edges | radius | aspect | neck radius | neck angle, deg | E |"
    yield "|---|---|---|---|---|---|"
    for times in (1, 2, 4, 8):
        mesh = Mesh(20 * times, 25 * times)
        shape = run_evolver(REFERENCE, FROM, mesh)
        yield (
            f"| {mesh.domain} + {mesh.fibre} | {shape.radius:.5f} | {shape.aspect:.5f} | {shape.neck_radius:.5f} "
            f"| {shape.neck_angle:.4f} | {shape.energy:.4f} |"
        )


def results() -> Iterable[str]:
    """Yield Evolver's numbers and how far ours are from them; every case of the tests."""
    yield "| case | radius | aspect | neck radius | neck angle, deg | E | largest difference | of E |"
    yield "|---|---|---|---|---|---|---|---|"
    table = {f"a {area:g}, k {k:g}": (Case(area, k), start) for (area, k), start in TABLE.items()}
    for name, (case, start) in {**LIGHT, **table}.items():
        theirs = run_evolver(case, start, FINE)
        shape, um, energy = ours(case)
        pairs = (
            (shape.radius / um, theirs.radius),
            (shape.aspect, theirs.aspect),
            (shape.neck_radius / um, theirs.neck_radius),
        )
        angle = math.radians(abs(math.degrees(shape.neck_angle) - theirs.neck_angle))
        worst = max(angle, *(abs(a / b - 1.0) for a, b in pairs))
        off = abs(shape.energy / energy - theirs.energy) / theirs.domain_bending
        yield (
            f"| {name} | {theirs.radius:.4f} | {theirs.aspect:.4f} | {theirs.neck_radius:.4f} "
            f"| {theirs.neck_angle:.2f} | {theirs.energy:.2f} | {worst:.0e} | {off:.0e} |"
        )


def triangles() -> Iterable[str]:
    """Yield the rows of the surface in space."""
    yield "| edges around a quarter | radius | length | neck radius | out of round | E |"
    yield "|---|---|---|---|---|---|"
    for around in (5, 10, 15, 20):
        solid = lowest_of_family(NO_GAUSSIAN, (5.4, 5.5, 5.6), Start(5.5, 3.0), around)
        yield (
            f"| {around} | {solid.equator:.3f} | {solid.length:.2f} | {solid.neck_radius:.3f} "
            f"| {100.0 * solid.out_of_round:.1f} % | {solid.energy:.2f} |"
        )
    shape, um, energy = ours(NO_GAUSSIAN)
    yield (
        f"| migralab | {shape.radius / um:.3f} | {shape.length / um:.2f} | {shape.neck_radius / um:.3f} | 0 "
        f"| {shape.energy / energy:.2f} |"
    )


def main() -> int:
    """Print all tables."""
    if not INSTALLED:
        sys.stderr.write(f"{ABSENT}\n")
        return 2
    for part in (mesh_study, results, triangles):
        sys.stdout.write("\n".join(part()) + "\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
