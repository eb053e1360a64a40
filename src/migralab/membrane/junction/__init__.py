"""Three-way junctions of membrane tubes: where a bulge forms first when the tension rises."""

from migralab.membrane.junction.problem import Filling, Junction
from migralab.membrane.junction.ramp import JunctionRamp, tension_ramp
from migralab.membrane.junction.reduced import ClosedRamp, closed_ramp, sphere_fold, sphere_tension
from migralab.membrane.junction.shape import JunctionShape, solve_junction
from migralab.membrane.status import Status

__all__ = [
    "ClosedRamp",
    "Filling",
    "Junction",
    "JunctionRamp",
    "JunctionShape",
    "Status",
    "closed_ramp",
    "solve_junction",
    "sphere_fold",
    "sphere_tension",
    "tension_ramp",
]
