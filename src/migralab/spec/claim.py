"""A claim: a published statement, how it is compared with the simulation, and what would make it fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, FiniteFloat, PositiveFloat, PositiveInt, model_validator

from migralab.spec.parameter import Frozen, Source

Grade = Literal["T1", "T2", "T3", "by-construction"]
Role = Literal["calibrated", "predicted"]
Tier = Literal["fast", "full"]

LEAST_EFFECT = 0.2
"""A sign needs an effect of at least 20 %, or half the published one (ADR 0007)."""

T1_KINDS = ("interval", "ratio", "exponent", "rescue")
T2_KINDS = ("interval", "sign", "order", "rescue", "equivalence", "time-order", "exponent")

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@-]*$")]
"""Letters, digits, dots, dashes and underscores: what can stand in a file name and on a command line."""

_PART = r"[A-Za-z0-9_.@-]+( *= *[A-Za-z0-9_.+-]+)?"
ReadoutId = Annotated[str, Field(pattern=rf"^[A-Za-z0-9][A-Za-z0-9_.@-]*(\[ *{_PART}( *, *{_PART})* *\])?$")]
"""An id of an observable, with a population and options in brackets: ``site.density[kg1a, x_um=0, y_um=50]``."""


def populations_in(readout: str) -> tuple[str, ...]:
    """Return the populations that a readout names in brackets: ``[kg1a, of=producers]`` names two."""
    parts = [part.partition("=") for part in readout.partition("[")[2].rstrip("]").split(",")]
    named = [
        value if equals else key for key, equals, value in parts if not equals or key.strip() in ("population", "of")
    ]
    return tuple(name.strip() for name in named if name.strip())


class _Comparison(Frozen):
    """What all comparisons share: readouts by id and arms by id."""

    readout: ReadoutId
    unit: str = Field(default="", description="unit of the numbers below; empty: the readout's own")

    @property
    def readouts(self) -> tuple[str, ...]:
        """Every readout that the comparison needs."""
        return (self.readout,)


class _Bounded(_Comparison):
    """A comparison with a least and a greatest allowed value."""

    low: FiniteFloat
    high: FiniteFloat

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low = {self.low:g} is not below high = {self.high:g}")
        return self


class Interval(_Bounded):
    """The mean over dishes lies in [low, high]."""

    kind: Literal["interval"]
    arms: tuple[Id] = Field(description="one arm")


class Ratio(_Bounded):
    """The ratio of the first arm to the second, dish by dish, lies in [low, high]."""

    kind: Literal["ratio"]
    arms: tuple[Id, Id] = Field(description="numerator, denominator")
    low: PositiveFloat


class _Directed(_Comparison):
    """A comparison that claims a direction and asks for a least effect."""

    min_effect: float | None = Field(
        default=None, gt=0, description="least relative change; by default half the published one, else 0.2"
    )
    published: PositiveFloat | None = Field(default=None, description="published ratio of the arms")

    @property
    def least_effect(self) -> float:
        """Relative change below which the claim does not pass."""
        if self.min_effect is not None:
            return self.min_effect
        return LEAST_EFFECT if self.published is None else abs(self.published - 1.0) / 2.0

    @model_validator(mode="after")
    def _not_loosened(self) -> Self:
        half = LEAST_EFFECT if self.published is None else abs(self.published - 1.0) / 2.0
        if self.published == 1.0:
            raise ValueError("a published ratio of 1 is no direction; use kind: equivalence with a margin")
        if self.min_effect is not None and self.min_effect < min(LEAST_EFFECT, half):
            raise ValueError(
                f"min_effect = {self.min_effect:g} is too small to mean anything: at least {LEAST_EFFECT:g}, "
                "or half the published effect (write the published ratio in 'published')"
            )
        return self


class Sign(_Directed):
    """The first arm lies above (or below) the second."""

    kind: Literal["sign"]
    arms: tuple[Id, Id] = Field(description="changed arm, its reference")
    direction: Literal["increase", "decrease"]

    @model_validator(mode="after")
    def _published_agrees(self) -> Self:
        if self.published is not None and (self.published > 1) != (self.direction == "increase"):
            raise ValueError(f"published = {self.published:g} is not a ratio of an {self.direction}")
        return self


class Order(_Directed):
    """Each arm lies above (or below) the one before it."""

    kind: Literal["order"]
    arms: tuple[Id, ...] = Field(min_length=2, description="in the claimed order")
    direction: Literal["increase", "decrease"]


class Equivalence(_Comparison):
    """The ratio of two arms is 1 within a margin: its 95 % interval lies in [1/(1 + margin), 1 + margin]."""

    kind: Literal["equivalence"]
    arms: tuple[Id, Id] = Field(description="changed arm, its reference")
    margin: float = Field(gt=0, lt=1)
    floor: float | None = Field(
        default=None,
        ge=0,
        description="with both arms below this there is nothing to lose, and no verdict",
    )


class Rescue(_Bounded):
    """The share of the loss that comes back, (rescued - mutant) / (control - mutant), lies in [low, high]."""

    kind: Literal["rescue"]
    arms: tuple[Id, Id, Id] = Field(description="control, mutant, rescued")


class TimeOrder(_Comparison):
    """In one arm, `readout` comes before `later`, dish by dish, by at least `min_gap`."""

    kind: Literal["time-order"]
    arms: tuple[Id] = Field(description="one arm")
    later: ReadoutId
    min_gap: float = Field(default=0.0, ge=0)

    @property
    def readouts(self) -> tuple[str, ...]:
        """Both times."""
        return (self.readout, self.later)


class Exponent(_Bounded):
    """The slope of log readout against log dose over the arms lies in [low, high]."""

    kind: Literal["exponent"]
    arms: tuple[Id, ...] = Field(min_length=3, description="at least three")
    doses: tuple[PositiveFloat, ...] = Field(description="one dose per arm, in any one unit")

    @model_validator(mode="after")
    def _one_dose_per_arm(self) -> Self:
        if len(self.doses) != len(self.arms):
            raise ValueError(f"{len(self.doses)} doses for {len(self.arms)} arms; write one for each")
        if len(set(self.doses)) < 3:
            raise ValueError("an exponent needs at least three different doses")
        return self


Comparison = Annotated[
    Interval | Ratio | Sign | Order | Equivalence | Rescue | TimeOrder | Exponent, Field(discriminator="kind")
]


class Laboratory(Frozen):
    """The published design: how many cells and experiments stood behind the statement, and their spread."""

    cells: PositiveInt = Field(ge=2, description="cells per arm, all experiments together")
    experiments: PositiveInt = 1
    spread: Literal["negative-binomial", "normal"] = "negative-binomial"
    dispersion: PositiveFloat | None = Field(default=None, description="k of the negative binomial")
    sd: PositiveFloat | None = Field(default=None, description="standard deviation of cells over their mean")
    experiment_effect: float = Field(
        default=0.35, ge=0, le=2, description="sigma of the log-normal factor that an experiment's arms share"
    )
    source: Source

    @model_validator(mode="after")
    def _spread_is_given(self) -> Self:
        if self.cells < 2 * self.experiments:
            raise ValueError(f"{self.cells} cells in {self.experiments} experiments: fewer than two in each")
        needed = "dispersion" if self.spread == "negative-binomial" else "sd"
        if getattr(self, needed) is None:
            raise ValueError(f"a {self.spread} spread needs '{needed}'")
        return self


class Claim(Frozen):
    """A statement with its grade, role, comparison and source. What is missing is refused, never guessed."""

    id: Id
    statement: str = Field(min_length=1)
    grade: Grade
    role: Role | None = Field(default=None, description="required, except for what holds by construction")
    comparison: Comparison | None = Field(default=None, description="required, except for T3")
    tolerance_reason: str = ""
    observer: str = Field(default="", description="count-in-field, live-section, tem-purified: who looks")
    discriminating_arm: Id | None = Field(
        default=None,
        description="arm whose outcome follows from the mechanism, not from a typed parameter",
    )
    source: Source
    tier: Tier = "fast"
    laboratory: Laboratory | None = None
    note: str = ""

    @property
    def standing(self) -> Literal["calibrated", "predicted", "consequence", "by-construction"]:
        """Its role as verdicts tell it: what is predicted and nobody has measured is a consequence, no success."""
        if self.role is None or self.grade == "by-construction":
            return "by-construction"
        return "consequence" if self.role == "predicted" and self.source.key == "migralab" else self.role

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if problem := next(self._problems(), None):
            raise ValueError(f"claim '{self.id}' {problem}")
        return self

    def _problems(self) -> Iterator[str]:
        if self.role is None and self.grade != "by-construction":
            yield (
                "has no role. Write role: calibrated (the published number set a parameter) "
                "or role: predicted (it set none)."
            )
        if self.role == "predicted" and self.grade == "by-construction":
            yield "holds by construction, so it predicts nothing; leave its role out."
        if self.comparison is None and self.grade != "T3":
            yield f"has grade {self.grade} and no comparison. Only T3 goes without."
        if self.grade in ("T1", "T2"):
            yield from self._judged_problems()

    def _judged_problems(self) -> Iterator[str]:
        kind = self.comparison.kind if self.comparison else ""
        allowed = T1_KINDS if self.grade == "T1" else T2_KINDS
        if kind not in allowed:
            yield f"has grade {self.grade}, which is judged by {', '.join(allowed)}, not by {kind}."
        if self.source.tag == "R":
            yield "rests on a recalled number (tag R), which is never data. Find the source, or grade it T3."
        if self.grade == "T1" and self.source.tag == "E":
            yield "is T1 but rests on an estimate (tag E). A T1 threshold needs a published number."
        if self.grade == "T1" and not self.tolerance_reason:
            yield "is T1 and gives no tolerance_reason: say why the limits are where they are."
        if self.grade == "T2" and self.discriminating_arm is None:
            yield (
                "is T2 and names no discriminating_arm: an arm whose outcome follows from the mechanism, "
                "not from a parameter that someone typed."
            )
        if not self.observer:
            yield "names no observer (for example count-in-field, live-section, tem-purified)."
