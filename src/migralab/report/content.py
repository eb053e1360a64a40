"""What a report shows. Every part is optional: a report leaves out what it has nothing to show for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError, UnknownIdError
from migralab.measure import Readouts
from migralab.results.observations import Observations
from migralab.results.run import Run
from migralab.spec.experiment import Experiment
from migralab.spec.parameter import Parameter

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedSeries:
    """Published numbers that are drawn beside simulated ones.

    Parameters
    ----------
    x, y
        The points.
    name
        Short name for the legend, for example ``Chen 2019, L929``.
    source
        Where the numbers stand, and how they were read.
    note
        What the reader must know: error of reading, number of cells.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    name: str
    source: str
    note: str = ""

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y) or not self.x:
            raise RequestError(f"'{self.name}' has {len(self.x)} places for {len(self.y)} values; one each is needed.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A line in a figure: x and y, its name, and what is to be said about it."""

    x: Floats
    y: Floats
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseResponse:
    """A readout against the dose of something, over arms.

    Parameters
    ----------
    doses
        Dose by arm, in `unit`.
    substance, unit
        What was given.
    readout
        Id of the readout.
    published
        Published points.
    """

    doses: Mapping[str, float]
    substance: str = "fibronectin"
    unit: str = "µg/ml"
    readout: str = "count.per_cell"
    published: tuple[PublishedSeries, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthCurve:
    """Diameter against age: published points, and laws that are drawn beside the simulation.

    Parameters
    ----------
    published
        Published points, x in min, y in um.
    excluded
        Laws that the published points rule out.
    curve
        Simulated growth curve; None takes the readouts ``growth.diameter_*min`` only.
    """

    published: PublishedSeries | None = None
    excluded: tuple[Curve, ...] = ()
    curve: Curve | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image with its scale and its credit.

    Parameters
    ----------
    pixels
        (y, x) or (y, x, 3); anything but uint8 is stretched between its percentiles.
    pixel_size_um
        Size of a pixel, um. There is no default: an image without a scale cannot be shown beside another.
    caption, credit
        In words; the credit holds the licence.
    scale_note
        How sure the scale is.
    """

    pixels: NDArray[Any]
    pixel_size_um: float
    caption: str = ""
    credit: str = ""
    scale_note: str = ""

    def __post_init__(self) -> None:
        if not self.pixel_size_um > 0:
            raise RequestError(f"pixel_size_um = {self.pixel_size_um} of a picture must be above 0 um.")
        if self.pixels.ndim not in (2, 3):
            raise RequestError(f"A picture has the axes y, x or y, x, colour; this one has {self.pixels.ndim} axes.")

    @property
    def size_um(self) -> tuple[float, float]:
        """Width and height, um."""
        return self.pixels.shape[1] * self.pixel_size_um, self.pixels.shape[0] * self.pixel_size_um


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredMicrograph:
    """A micrograph that went through the same measurement as the simulation.

    Parameters
    ----------
    picture
        The image.
    overlay
        PNG of what was found, as `migralab measure` writes it.
    readouts
        What was measured.
    note
        What the reader must know.
    """

    picture: Picture
    overlay: Path | bytes | None = None
    readouts: Readouts | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that one report shows; what is None or empty is left out.

    Parameters
    ----------
    experiment
        As in the catalogue, with its arms and claims.
    parameters
        Values in use by mechanism, defaults included; None takes those of `experiment`.
    run, observations
        The dish that is shown and replayed.
    readouts
        By arm, combined over dishes.
    shown_arm
        Arm of the sizes, counts and trails; that of the run by default, else the control.
    shown_cell
        Cell of the close-up; by default the one of the top 5 % that fills a field best.
    dose_response, growth
        Figures with published points.
    verdicts
        Rows as ``check --json`` writes them.
    sensitivity
        Verdicts that change when an estimate does: ``change, id, before, after`` and what was observed.
    published_picture
        Published micrograph that stands beside the virtual one of the top cell.
    micrographs
        Micrographs that were measured.
    citations
        BibTeX entries.
    notes
        Sentences that stand at the top, for example what is provisional.
    """

    experiment: Experiment
    parameters: Mapping[str, Mapping[str, Parameter]] | None = None
    run: Run | None = None
    observations: Observations | None = None
    readouts: Mapping[str, Readouts] = field(default_factory=dict)
    shown_arm: str | None = None
    shown_cell: int | None = None
    dose_response: DoseResponse | None = None
    growth: GrowthCurve | None = None
    verdicts: Sequence[Mapping[str, Any]] = ()
    sensitivity: Sequence[Mapping[str, Any]] = ()
    published_picture: Picture | None = None
    micrographs: Sequence[MeasuredMicrograph] = ()
    citations: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.shown_arm is not None and self.readouts and self.shown_arm not in self.readouts:
            raise UnknownIdError("arm with readouts", self.shown_arm, self.readouts)

    @property
    def arm(self) -> str:
        """The arm whose dish is described: the one named, else that of the run, else the control."""
        if self.shown_arm is not None:
            return self.shown_arm
        return self.run.provenance.arm if self.run is not None else self.experiment.control.id

    @property
    def shown(self) -> Readouts:
        """Readouts of the arm that is described; none where it was not measured."""
        return self.readouts.get(self.arm, Readouts())

    def label(self, arm: str) -> str:
        """Return an arm's label."""
        name = next((own.label or own.id for own in self.experiment.arms if own.id == arm), arm)
        return name.replace(" ug/", " µg/")


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedCell:
    """A cell and where its count stands among the cells of its dish.

    Parameters
    ----------
    cell_id, count
        The cell, and its migrasomes on the ground.
    percentile
        Share of the dish's cells with fewer, %.
    rank
        1 for the most; equal counts share the better rank.
    cells
        Cells in the dish.
    """

    cell_id: int
    count: int
    percentile: float
    rank: int
    cells: int


def rank_cells(observations: Observations, frame: int | None = None) -> tuple[RankedCell, ...]:
    """Return the cells of a dish, most migrasomes first; of equals, the one that went farther."""
    ids, counts = count_by_cell(observations, frame)
    if not len(ids):
        return ()
    rows = observations.at("cells", frame).set_index("cell_id").loc[ids]
    path = np.nan_to_num(rows["path_um"].to_numpy(np.float64))
    return tuple(
        RankedCell(
            cell_id=int(ids[row]),
            count=int(counts[row]),
            percentile=100.0 * float((counts < counts[row]).mean()),
            rank=1 + int((counts > counts[row]).sum()),
            cells=len(ids),
        )
        for row in np.lexsort((ids, -path, -counts))
    )


def count_by_cell(observations: Observations, frame: int | None = None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return cell ids, ascending, and the migrasomes of each; precursors are not counted, zeros are."""
    ids = np.sort(observations.at("cells", frame)["cell_id"].to_numpy(np.int64))
    seen = observations.at("migrasomes", frame)
    owners = seen["cell_id"].to_numpy(np.int64)[~seen["stage"].isin(["precursor", "collapsed"]).to_numpy(bool)]
    return ids, np.array([np.count_nonzero(owners == cell) for cell in ids], np.int64)


def doses_of_arms(experiment: Experiment, path: str, control: float) -> dict[str, float]:
    """Return the dose by arm, for the control and the arms that change nothing but `path`.

    Parameters
    ----------
    path
        Parameter, for example ``motility.adhesion.fibronectin``; doses are in its unit.
    control
        Dose of the control.
    """
    doses = {experiment.control.id: control}
    for arm in experiment.arms:
        if set(arm.changes) == {path} and not arm.replaces:
            doses[arm.id] = arm.changes[path].value
    return dict(sorted(doses.items(), key=lambda item: item[1]))
