"""What a study of a count in urine is made of: two groups, biology, urine, assay, test, courses, follow-up.

Every number is a `Parameter`: value, unit, range, source and tag. Theory: docs/theory/diagnosis.md.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from migralab.isolation.diagnosis.document.given import (
    NOTHING,
    Creatinine,
    Fold,
    Loss,
    Lost,
    Number,
    PerCreatinine,
    Positive,
    Rate,
    Recovery,
    Share,
    Span,
    Spread,
    Time,
    Volume,
)
from migralab.spec.parameter import Frozen, Parameter

_ONE = Parameter(value=1.0, source=NOTHING)
_NONE = Parameter(value=0.0, source=NOTHING)


class FromEntry(Frozen):
    """An effect read from dishes of a catalogue entry: the readout in the second arm over that in the first.

    Parameters
    ----------
    span
        (``range``) Between which the fold of patients may lie; where it is not given, that of the study which the file
        is like. Dishes of a model differ by chance alone, so they cannot tell it.
    lead
        Readouts of the second arm: when migrasomes are first detected, and when protein is.
    """

    entry: str
    arms: tuple[str, str]
    readout: str
    span: tuple[float, float] | None = Field(default=None, alias="range")
    lead: tuple[str, str] | None = None
    seeds: int = Field(default=6, ge=2, le=200)


class Group(Frozen):
    """One group. What differs in patients stands here; in controls nothing of it may.

    Parameters
    ----------
    n
        Subjects that are planned.
    fold
        Median of migrasomes per creatinine over that of controls: the effect that is looked for.
    take_from
        (``from``) The fold of a catalogue entry's dishes instead.
    lost
        Share of migrasomes that is lost in this group's urine on top of the isolation, for example in nets of
        Tamm-Horsfall protein.
    background_fold
        Look-alikes over those of controls, for example aggregates of protein that leaked.
    creatinine_fold
        Creatinine excreted over that of controls, for example for less muscle.
    """

    id: str = Field(min_length=1)
    n: int
    control: bool = False
    fold: Fold = _ONE
    take_from: FromEntry | None = Field(default=None, alias="from")
    lost: Lost = _NONE
    background_fold: Fold = _ONE
    creatinine_fold: Fold = _ONE


class Biology(Frozen):
    """What subjects excrete: median per creatinine in controls, spread between subjects and from day to day (CV)."""

    level: PerCreatinine
    between: Spread
    within: Spread
    samples: int = Field(default=1, ge=1, le=100, description="urines of each subject, on different days")


class Urine(Frozen):
    """Dilution: median creatinine, CV of dilution between urines, CV of creatinine excretion between subjects."""

    creatinine: Creatinine
    dilution: Spread
    excretion: Spread
    normalise: bool = True


class Assay(Frozen):
    """From urine to a count.

    Parameters
    ----------
    volume_per_field
        Urine that one field of view (or one reading of a cytometer) stands for.
    fields
        Fields that are counted for each urine.
    recovery, recovery_spread
        Share of migrasomes that the isolation keeps, and its CV between runs.
    recovery_from
        A folder of `migralab isolate`; ``recovery`` in its ``summary.json`` is used instead.
    background
        Look-alikes counted in a field without migrasomes.
    k
        Shape of the negative binomial of one field; none for Poisson.
    least_count
        Fewer than this is reported as none found.
    observers
        CV between the people who count.
    """

    volume_per_field: Volume
    fields: int = Field(ge=1, le=1_000_000)
    recovery: Recovery | None = None
    recovery_from: str | None = None
    recovery_spread: Spread
    background: Number
    k: Positive | None = None
    least_count: int = Field(default=0, ge=0, le=1_000_000)
    observers: Spread


class Comparison(Frozen):
    """How the groups are compared: level of the two-sided rank test, power that is wanted, specificity that is kept."""

    alpha: Share
    power: Share
    specificity: Share


class Course(Frozen):
    """How a marker rises after the injury.

    Parameters
    ----------
    fold
        What it heads for, over its level before.
    delay, rise
        Time until it begins to rise, and then the time in which 63 % of the way are gone.
    limit
        Level from which it is called raised, over the median of controls.
    between, noise
        CV between subjects, and of one reading (day to day and assay).
    """

    fold: Fold
    delay: Time
    rise: Span
    limit: Fold
    between: Spread
    noise: Spread


class Courses(Frozen):
    """Two markers after an injury, read at regular visits.

    Parameters
    ----------
    confirmed
        Readings in a row at or above the limit from which a marker is called raised, at the last of them.
    """

    interval: Span
    follow_up: Span
    confirmed: int = Field(default=1, ge=1, le=10)
    migrasomes: Course
    albumin: Course


class Prospective(Frozen):
    """A cohort without the disease that is followed until some have it.

    Parameters
    ----------
    event_rate, drop_out
        Rates at which subjects get the disease, and are lost or die before.
    follow_up
        Time for which each is followed.
    sensitivity, specificity
        What the count is hoped to reach.
    width
        Full width of the 95 % interval that is wanted of both.
    assurance
        Chance that the cohort yields enough events and enough subjects without one.
    """

    event_rate: Rate
    drop_out: Loss
    follow_up: Span
    sensitivity: Share
    specificity: Share
    width: Share
    assurance: Share


class Model(Frozen):
    """A model with several predictors, fitted to the subjects of the study; it has one parameter more for its level."""

    predictors: tuple[str, ...] = Field(min_length=1)
    events_per_variable: int = Field(default=10, ge=1, le=100)

    @property
    def parameters(self) -> int:
        """Number of parameters: one for each predictor, and the intercept."""
        return len(self.predictors) + 1


class Study(Frozen):
    """A study as its file says it; ``taken`` says which blocks came from the study that it is ``like``."""

    version: Literal[1] = Field(alias="schema")
    id: str = Field(min_length=1)
    title: str = Field(min_length=1)
    question: str = ""
    note: str = ""
    taken: str = ""
    subjects: str = Field(default="patients", min_length=1)
    groups: Annotated[tuple[Group, ...], Field(min_length=1)]
    biology: Biology
    urine: Urine
    assay: Assay
    test: Comparison
    courses: Courses | None = None
    prospective: Prospective | None = None
    model: Model | None = None

    @property
    def controls(self) -> Group:
        """The group without the disease."""
        return next(group for group in self.groups if group.control)

    @property
    def patients(self) -> Group:
        """The group with it."""
        return next(group for group in self.groups if not group.control)
