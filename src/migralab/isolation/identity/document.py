"""What may stand in a panel of markers and in a file about a sample, as frozen pydantic models."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from migralab.spec.parameter import Frozen, Tag

Level = Literal["strongest", "strong", "present", "weak", "trace", "absent"]
Kind = Literal["transmembrane", "membrane", "cytosolic", "luminal", "contaminant", "rna", "stain", "place"]
Medium = Literal["iodixanol", "sucrose", "unsaid"]
Positive = Annotated[float, Field(gt=0)]


class PanelSource(Frozen):
    """A paper, review or database that statements come from."""

    title: str = Field(min_length=1)
    address: str = ""


class VesicleClass(Frozen):
    """A class, and the markers without which nobody may call it.

    Parameters
    ----------
    call_on, least
        At least `least` of these must be found in a row.
    to_cell
        Whether one of those found must come as a ratio to the cell body, too.
    place, beside, least_um
        Or: this marker of the place is found, one of `beside` is brighter than on the fibre, and the diameter is known
        and at least this (um): more than a fibre is wide.
    """

    name: str = Field(min_length=1)
    call_on: tuple[str, ...]
    least: int = Field(default=2, ge=1)
    to_cell: bool = False
    place: str | None = None
    beside: tuple[str, ...] = ()
    least_um: Positive | None = None


class Sourced(Frozen):
    """Who says it of which class, and how that was read."""

    vesicle_class: str = Field(alias="class")
    source: str
    where: str = Field(min_length=1)
    tag: Tag
    method: str = ""

    @field_validator("tag")
    @classmethod
    def _not_recalled(cls, tag: Tag) -> Tag:
        if tag == "R":
            raise ValueError("a recalled statement (tag R) is no evidence. Find the source, or call it an estimate (E)")
        return tag


class Statement(Sourced):
    """A level of a marker in a class, or its ratio to the cell body or to the fibre: exactly one of the three.

    Parameters
    ----------
    level
        Of a band at equal protein load, beside the strongest lane of that marker.
    to_cell, to_fibre
        Ratio above 0, or a range in which nine of ten lie.
    """

    level: Level | None = None
    to_cell: Positive | tuple[Positive, Positive] | None = None
    to_fibre: Positive | tuple[Positive, Positive] | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if sum(value is not None for value in (self.level, self.to_cell, self.to_fibre)) != 1:
            raise ValueError("give exactly one of level, to_cell and to_fibre")
        return self


class DiameterStatement(Sourced):
    """Diameters of a class: a range in which nine of ten lie, or mean and standard deviation (um)."""

    range_um: tuple[Positive, Positive] | None = None
    mean_um: Positive | None = None
    sd_um: Positive | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.range_um is None) == (self.mean_um is None or self.sd_um is None):
            raise ValueError("give range_um, or mean_um and sd_um")
        if self.range_um is not None and not self.range_um[0] < self.range_um[1]:
            raise ValueError("the range must rise, as in [0.5, 3]")
        return self


class DensityStatement(Sourced):
    """Buoyant densities of a class: a range in which nine of ten lie (g/ml), and the medium of the gradient.

    A vesicle loses water to sucrose and is heavier there than in isotonic iodixanol, so a density counts only against
    statements of its own medium; where a source does not say which (``unsaid``), its statement counts against none.
    """

    range_g_per_ml: tuple[Positive, Positive]
    medium: Medium

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if not self.range_g_per_ml[0] < self.range_g_per_ml[1]:
            raise ValueError("the range must rise, as in [1.05, 1.10]")
        return self


class Marker(Frozen):
    """A protein, RNA or stain with all that is stated of it.

    Markers of one `together` share one sentence of one source; all of them count as much as one.
    """

    name: str = Field(min_length=1)
    aliases: tuple[str, ...] = ()
    kind: Kind
    together: str | None = None
    statements: tuple[Statement, ...]


class PanelDocument(Frozen):
    """A panel file."""

    format: Literal[1] = Field(alias="schema")
    sources: dict[str, PanelSource]
    classes: dict[str, VesicleClass] = Field(min_length=2)
    markers: dict[str, Marker] = Field(min_length=1)
    diameter: tuple[DiameterStatement, ...] = ()
    density: tuple[DensityStatement, ...] = ()


class AboutDocument(Frozen, coerce_numbers_to_str=True):
    """What the table cannot say of a sample: read from a file that a person writes; every field may be left out.

    Parameters
    ----------
    source_amount
        Cells, volume or tissue that the sample came from, as ``"3e7 NRK cells"``.
    particles, protein
        Count and protein of the preparation, with units.
    isolation
        Steps with speeds, times, rotor, gradient.
    single_particle_methods
        Methods that look at single vesicles, such as TEM, NTA, confocal.
    size_method
        How diameters were measured.
    detection_limits
        Of the counting and of the blots.
    replicates
        Independent preparations.
    name_used
        The term under which the sample will be published.
    """

    format: Literal[1] = Field(alias="schema")
    source_amount: str | None = None
    particles: str | None = None
    protein: str | None = None
    isolation: str | None = None
    single_particle_methods: tuple[str, ...] = ()
    size_method: str | None = None
    detection_limits: str | None = None
    replicates: int | None = Field(default=None, ge=1)
    name_used: str | None = None
