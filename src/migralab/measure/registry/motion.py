"""Lines of the registry: how cells move."""

from __future__ import annotations

from collections.abc import Iterator

from migralab.measure.observables.motion import motility, order, turning
from migralab.measure.registry.observable import Observable, line


def list_cells() -> Iterator[Observable]:
    """Yield speed, persistence, share of movers, alignment."""
    yield line("speed.mean", motility.measure_speed, "um/min", "path over time, mean over cells")
    yield line("speed.step_median", motility.measure_step_speed, "um/min", "median over steps of length over time")
    yield line("speed.walk", motility.measure_walk, "um/min", "root mean square speed from the MSD", what="speed")
    yield line("persistence.walk", motility.measure_walk, "min", "persistence time from the MSD", what="persistence")
    yield line("cells.moving_share", motility.measure_moving_share, "", "share of cells that move")
    yield line("cells.alignment", motility.measure_alignment, "", "length of the mean heading")


def list_turns() -> Iterator[Observable]:
    """Yield turning, straightness and arrest."""
    yield line("turning.cosine", turning.measure_turning_cosine, "", "mean cosine of the turn between steps")
    yield line("straightness.ratio", turning.measure_straightness, "", "net displacement over path, mean over cells")
    yield line("arrest.coefficient", turning.measure_arrest, "", "share of its time in which a cell is below 2 um/min")


def list_order() -> Iterator[Observable]:
    """Yield order parameters of direction, at the frame and over the film."""
    for at, film in (("", False), ("@film", True)):
        when = "all steps of the film" if film else "the last steps"
        for kind in ("polar", "nematic"):
            yield line(
                f"order.{kind}{at}", order.measure_order, "", f"{kind} order of the directions of {when}",
                kind=kind, film=film,
            )  # fmt: skip
        yield line(
            f"order.local{at}", order.measure_local_order, "",
            f"mean cosine between {when} of cells within 50 um", film=film,
        )  # fmt: skip
        yield line(
            f"order.correlation_length{at}", order.measure_correlation_length, "um",
            f"distance over which velocities agree, {when}", film=film,
        )  # fmt: skip
