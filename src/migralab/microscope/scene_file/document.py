"""What may stand in a scene file, and what each part means when it is left out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Point = tuple[float, float]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=100_000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class LensPart(_Part):
    """An objective, from which the blur is computed."""

    kind: Literal["widefield", "confocal", "light-sheet"]
    aperture: Positive
    emission_um: Positive
    index: Positive = 1.33
    excitation_um: NotNegative = 0.0
    pinhole_airy: NotNegative = 1.0
    sheet_um: Positive = 1.5


class MicroscopePart(_Part):
    """A preset, and what is other than in it."""

    preset: str = "confocal"
    objective: LensPart | None = None
    psf_um: Positive | None = None
    section_um: Positive | None = None
    pixel_um: Positive | None = None
    photons_per_um2: Positive | None = None
    background: NotNegative | None = None
    haze: Annotated[float, Field(ge=0, lt=1)] | None = None
    haze_um: Positive | None = None
    read_noise: NotNegative | None = None
    bits: Literal[8, 16] | None = None
    brightest: Positive = 250.0


class CellPart(_Part):
    """A cell: its outline, or a place and a heading from which one is drawn."""

    id: Annotated[int, Field(ge=0)]
    outline: Annotated[list[Point], Field(min_length=3)] | None = None
    x_um: float | None = None
    y_um: float | None = None
    heading_deg: float = 0.0
    area_um2: Positive = 450.0


class FibrePart(_Part):
    """A fibre as a line of points, from its free tip to the cell."""

    id: str | int
    cell: int = -1
    points: Annotated[list[Point], Field(min_length=2)]
    kind: Literal["fibre", "filopodium", "nanotube"] = "fibre"
    radius_um: Positive = 0.05
    brightness: NotNegative = 1.0
    z_um: float = 0.0


class _Round(_Part):
    x_um: float | None = None
    y_um: float | None = None
    z_um: float = 0.0
    born_min: float | None = None
    gone_min: float | None = None


class MigrasomePart(_Round):
    """A migrasome, on a fibre or at a place."""

    fibre: str | int | None = None
    at: Share | Literal["tip", "base"] = "tip"
    diameter_um: Positive = 1.0
    growth_min: Positive | None = None
    detached_min: float | None = None
    density: NotNegative = 1.0
    enrichment: NotNegative | None = None
    lumen: NotNegative | None = None
    rna: NotNegative | None = None


class VesiclePart(_Round):
    """A vesicle that is no migrasome."""

    kind: Literal["free", "endosome"] = "free"
    diameter_um: Positive = 0.5
    density: NotNegative = 1.0
    lumen: NotNegative = 1.0


class DotPart(_Round):
    """Something smaller: debris, a bright punctum, a retractosome."""

    kind: Literal["retractosome", "debris", "punctum", "free", "endosome"] = "debris"
    diameter_um: Positive = 0.2
    brightness: NotNegative = 1.0


class ScatterPart(_Part):
    """How many of each are strewn over the field at random."""

    debris: Count = 0
    free: Count = 0
    puncta: Count = 0
    puncta_on_fibres: Count = 0


class StackPart(_Part):
    """A z-stack about the usual focus."""

    planes: Annotated[int, Field(ge=1, le=1000)]
    step_um: Positive


class FrapPart(_Part):
    """A disc that is bleached."""

    channel: str
    x_um: float
    y_um: float
    radius_um: Positive
    at_min: float
    depth: Share = 0.9
    half_time_s: Positive = 30.0
    mobile: Share = 0.8
    fibre_half_time_s: Positive = 5.0


class SeriesPart(_Part):
    """Frames, and what happens from one to the next."""

    frames: Annotated[int, Field(ge=1, le=10_000)] = 1
    interval_min: Positive | None = None
    interval_s: Positive | None = None
    focus_um: float = 0.0
    stack: StackPart | None = None
    bleaching: dict[str, Annotated[float, Field(ge=0, lt=1)]] = {}
    drift_um: Point = (0.0, 0.0)
    jitter_um: NotNegative = 0.0
    frap: FrapPart | None = None


class ReporterPart(_Part):
    """Load of the label; estimates, see docs/theory/microscope.md."""

    enrichment: Positive = 1.0
    background: Positive = 1.0
    fewer: Annotated[float, Field(ge=0, lt=1)] = 0.0
    wga_min: NotNegative = 0.0


class SceneDocument(_Part):
    """A scene file."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)

    version: Literal[1] = Field(alias="schema")
    title: str = "scene"
    field_um: tuple[float, float, float, float]
    seed: Annotated[int, Field(ge=0)] = 0
    beading: NotNegative = 0.25
    microscope: MicroscopePart = MicroscopePart()
    channels: Annotated[list[str], Field(min_length=1)] = ["WGA"]
    cells: list[CellPart] = []
    fibres: list[FibrePart] = []
    migrasomes: list[MigrasomePart] = []
    vesicles: list[VesiclePart] = []
    dots: list[DotPart] = []
    scatter: ScatterPart = ScatterPart()
    cut_block_um: Positive | None = None
    series: SeriesPart = SeriesPart()
    reporter: ReporterPart | None = None
