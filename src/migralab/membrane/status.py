"""How a search for a shape, a course in time or a branch of junctions has ended."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What became of it; a result that is not `converged` brings an instruction and is none to rely on."""

    converged = "converged"
    not_converged = "not_converged"
    no_equilibrium = "no_equilibrium"
