"""What ships with the bench: rotors, media and constants, each number with source and tag."""

from __future__ import annotations

import functools
import math
from importlib.resources import files
from typing import Any, Literal, Self

import yaml
from pydantic import Field, model_validator

from migralab.physics.sedimentation.particle import angular_speed, clearing_factor, revolutions
from migralab.spec.parameter import Frozen

FOLDER = files("migralab.isolation.bench")
Tag = Literal["FTE", "FT", "FIG", "D", "ABS", "REV", "2ND", "C", "E", "N"]
"""As `migralab.spec.parameter.TAG_MEANING`; N is a manufacturer's number or general knowledge, not looked up."""


class Sourced(Frozen):
    """A number with the range it may lie in, where it comes from, and how that was read."""

    value: float
    unit: str = ""
    low: float | None = None
    high: float | None = None
    source: str = Field(min_length=1)
    tag: Tag

    @model_validator(mode="after")
    def _finite_in_range(self) -> Self:
        if not math.isfinite(self.value):
            raise ValueError(f"{self.value} is not a finite number")
        if (self.low is not None and self.low > self.value) or (self.high is not None and self.high < self.value):
            raise ValueError(f"{self.value:g} lies outside its own range, {self.low} to {self.high}")
        return self


class Rotor(Frozen):
    """A rotor and its tube.

    Parameters
    ----------
    r_min_mm, r_max_mm
        Radii of the top and the bottom of the full tube.
    places
        Tubes in one run.
    tube_ml, tube_inner_mm
        Volume and inner diameter of one tube.
    k_printed
        Clearing factor as the manufacturer prints it.
    """

    name: str
    kind: Literal["swing-out", "fixed-angle"]
    r_min_mm: float = Field(gt=0)
    r_max_mm: float = Field(gt=0)
    angle_deg: float = Field(gt=0, le=90)
    max_rpm: float = Field(gt=0)
    places: int = Field(ge=1)
    tube_ml: float = Field(gt=0)
    tube_inner_mm: float = Field(gt=0)
    k_printed: float | None = None
    source: str
    tag: Tag

    @property
    def area(self) -> float:
        """Cross-section of a cylinder as high as the tube and of its volume, m2: round bottoms are made flat."""
        return self.tube_ml * 1e-6 / ((self.r_max_mm - self.r_min_mm) * 1e-3)

    @property
    def clearing_factor(self) -> float:
        """Clearing factor at the highest speed (eq-clearing)."""
        return clearing_factor(self.r_min_mm, self.r_max_mm, self.max_rpm)

    def radius(self, at: str) -> float:
        """Return the radius at which a force is stated, m: ``r_max`` or ``r_av``."""
        return 1e-3 * (self.r_max_mm if at == "r_max" else 0.5 * (self.r_min_mm + self.r_max_mm))

    def speed(self, force: float, at: str) -> float:
        """Return the angular speed of a force, 1/s."""
        return angular_speed(force, self.radius(at))

    def rpm(self, force: float, at: str) -> float:
        """Return the revolutions per minute of a force."""
        return revolutions(self.speed(force, at))

    def most_force(self, at: str) -> float:
        """Return the highest force of this rotor, multiples of gravity."""
        return (self.max_rpm / self.rpm(1.0, at)) ** 2

    def span(self, volume: float) -> tuple[float, float]:
        """Return the radii, m, between which particles of a filled tube move.

        In a swing-out rotor from the meniscus of `volume` (m3) to the bottom. In a fixed-angle rotor across the tube,
        ``d / cos(angle)``, about the mean radius (Livshits 2015), whatever the filling.
        """
        if self.kind == "swing-out":
            return 1e-3 * self.r_max_mm - volume / self.area, 1e-3 * self.r_max_mm
        half = 0.5e-3 * self.tube_inner_mm / math.cos(math.radians(self.angle_deg))
        return self.radius("r_av") - half, self.radius("r_av") + half


class Medium(Frozen):
    """A medium by the solute that makes it dense."""

    name: str
    solute: Literal["none", "iodixanol", "sucrose"]
    unit: str = ""


def read_shipped(*path: str) -> dict[str, Any]:
    """Return the content of a YAML file that ships with the bench."""
    read: dict[str, Any] = yaml.safe_load(FOLDER.joinpath(*path).read_text(encoding="utf-8"))
    return read


@functools.cache
def rotors() -> dict[str, Rotor]:
    """Return all rotors by id."""
    return {name: Rotor.model_validate(own) for name, own in read_shipped("rotors.yaml")["rotors"].items()}


@functools.cache
def media() -> dict[str, Medium]:
    """Return all media by id."""
    return {name: Medium.model_validate(own) for name, own in read_shipped("media.yaml")["media"].items()}


@functools.cache
def constants() -> dict[str, Sourced]:
    """Return all constants by name, SI."""
    return {name: Sourced.model_validate(own) for name, own in read_shipped("media.yaml")["constants"].items()}


def constant(name: str) -> float:
    """Return the value of a constant, SI."""
    return constants()[name].value


def shipped_ids(folder: str) -> list[str]:
    """Return the ids of the files of a folder that ships: ``protocols`` or ``mixtures``."""
    names = (item.name for item in FOLDER.joinpath(folder).iterdir())
    return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))
