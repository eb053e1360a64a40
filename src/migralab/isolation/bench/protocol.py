"""A protocol as a file: its steps, and every contradiction in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from migralab.core.errors import UnknownIdError
from migralab.isolation.bench.column import NOT_KNOWN, Liquid, Load, follow_liquid, layer_density, load_of
from migralab.isolation.bench.library import constant, media, read_shipped, rotors, shipped_ids
from migralab.isolation.bench.quantity import Concentration, Density, Force, Length, Speed, Temperature, Time, Volume
from migralab.isolation.bench.reading import ContradictionError, read_checked
from migralab.spec.experiment import nearest
from migralab.spec.loader import Problem
from migralab.spec.parameter import Frozen

MOST_RUNS = 4
"""Of one gradient: more liquid than they take is a mistake, or should be pelleted first."""

Share = Annotated[float, Field(ge=0, le=1)]
At = Literal["r_max", "r_av"]


class Turn(Frozen):
    """How a rotor turns: give ``force`` and the radius ``at`` which it holds, or ``speed``."""

    rotor: str
    force: Force | None = None
    speed: Speed | None = None
    at: At = "r_max"
    time: Time
    temperature: Temperature = 4.0

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.force is None) == (self.speed is None):
            raise ValueError("give force (such as '20000 g') or speed (such as '4000 rpm'), one of the two")
        return self

    @property
    def g(self) -> float:
        """Force at the stated radius, multiples of gravity."""
        if self.force is not None:
            return self.force
        rotor = rotors()[self.rotor]
        return float((self.speed or 0.0) / rotor.rpm(1.0, self.at)) ** 2


class Spin(Turn):
    """A spin of one medium; ``recovery`` is the share of what is kept that the hand gets out."""

    volume: Volume
    keep: Literal["pellet", "supernatant"]
    recovery: Share = 1.0


class Wash(Turn):
    """A pellet taken up in a medium, spun down again and kept."""

    medium: str = "pbs"
    volume: Volume
    recovery: Share = 1.0


class Resuspend(Frozen):
    """Take up in a medium: what was there is thinned to nothing (a pellet)."""

    medium: str
    volume: Volume


class Dilute(Frozen):
    """Add a medium to what is there: to each fraction of each tube, or to the one liquid that was pooled."""

    medium: str
    volume: Volume


class Filter(Frozen):
    """Pass a membrane: what is wider than the pore that it meets stays; flushing gives back ``recovery`` of it."""

    pore: Length
    keep: Literal["filtrate", "retentate"]
    recovery: Share = 1.0


class Layer(Frozen):
    """One layer of a gradient."""

    medium: str
    concentration: Concentration = (0.0, "%")
    volume: Volume
    sample: bool = False


class Fractions(Frozen):
    """Equal volumes, taken from the top."""

    volume: Volume
    number: int = Field(ge=1, le=200)


class Gradient(Turn):
    """Layers from the top to the bottom, a spin, and fractions from the top."""

    layers: tuple[Layer, ...] = Field(min_length=1, max_length=100)
    diluent_density: Density | None = None
    fractions: Fractions


class Pool(Frozen):
    """Fractions that are mixed and go on as one liquid, counted from 1 at the top; the others are put aside."""

    fractions: list[Annotated[int, Field(ge=1)]] = Field(min_length=1)


class Leak(Frozen):
    """A harsh step after which this share of the vesicles that still hold leak."""

    share: Share


KINDS_OF_STEP = ("spin", "wash", "resuspend", "dilute", "filter", "gradient", "pool", "leak")


class Step(Frozen):
    """One step: a name if you like, and exactly one of the kinds of step."""

    name: str = ""
    source: str = ""
    spin: Spin | None = None
    wash: Wash | None = None
    resuspend: Resuspend | None = None
    dilute: Dilute | None = None
    filter: Filter | None = None
    gradient: Gradient | None = None
    pool: Pool | None = None
    leak: Leak | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in KINDS_OF_STEP if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"a step is one of {', '.join(KINDS_OF_STEP)}; this one has {' and '.join(given) or 'none'}"
            )
        return self

    @property
    def what(self) -> str:
        """Kind of the step."""
        return next(name for name in KINDS_OF_STEP if getattr(self, name) is not None)

    @property
    def turn(self) -> Turn | None:
        """The rotor of the step, where it has one."""
        return self.spin or self.wash or self.gradient


class Protocol(Frozen):
    """Steps from the sample to what is kept.

    Parameters
    ----------
    mixture
        Id of the mixture that it starts from where nothing else is given.
    volume
        Of the sample at the start.
    aim
        Kind that is wanted.
    """

    schema_: Literal[1] = Field(1, alias="schema")
    id: str = "own"
    title: str = ""
    source: str = ""
    note: str = ""
    mixture: str = "medium"
    aim: str = "migrasome"
    steps: list[Step] = Field(min_length=1, max_length=60)


def shipped_protocol(name: str) -> Protocol:
    """Return a protocol that ships.

    Raises
    ------
    UnknownIdError
        With the nearest ids.
    """
    if name not in shipped_ids("protocols"):
        raise UnknownIdError("protocol", name, shipped_ids("protocols"))
    return checked(Protocol.model_validate(read_shipped("protocols", f"{name}.yaml")))


def read_protocol(path: str | Path) -> Protocol:
    """Return the protocol of a file that a user wrote.

    Raises
    ------
    SpecError
        With file and line of every mistake.
    """
    return read_checked(Path(path), Protocol, checked)


def checked(protocol: Protocol) -> Protocol:
    """Return the protocol if its steps can be done.

    Raises
    ------
    ContradictionError
        With every problem: rotors, forces, volumes, layers, fractions.
    """
    problems = list(_problems(protocol))
    if problems:
        raise ContradictionError(problems)
    return protocol


def _problems(protocol: Protocol) -> Iterator[Problem]:
    if protocol.mixture not in shipped_ids("mixtures"):
        hint = nearest(protocol.mixture, shipped_ids("mixtures"))
        yield ("mixture",), f"there is no mixture '{protocol.mixture}'. {hint}"
    liquid, fractions, pooled = NOT_KNOWN, 0, 0
    for number, step in enumerate(protocol.steps):
        place = ("steps", number, step.what)
        if step.turn is not None:
            yield from ((place + tail, text) for tail, text in _wrong_turn(step.turn))
        medium = step.wash or step.resuspend or step.dilute
        if medium is not None:
            yield from ((place + tail, text) for tail, text in _wrong_medium(medium.medium))
        wrong: list[Problem] = []
        if step.gradient is not None:
            wrong = list(_wrong_gradient(step.gradient, liquid))
            fractions, pooled = step.gradient.fractions.number, 0
        elif step.pool is not None:
            wrong = list(_wrong_pool(step.pool, fractions, pooled))
            pooled = number + 1
        yield from ((place + tail, text) for tail, text in wrong)
        if step.gradient is not None and (wrong or step.gradient.rotor not in rotors()):
            liquid = Liquid(volume=np.full(fractions, np.nan))
        elif not wrong:
            liquid = follow_liquid(liquid, step)


def loads(protocol: Protocol) -> dict[int, Load]:
    """Return what goes on each gradient, by the number of its step, from 1."""
    liquid, found = NOT_KNOWN, {}
    for number, step in enumerate(protocol.steps, start=1):
        if step.gradient is not None:
            found[number] = load_of(step.gradient, liquid)
        liquid = follow_liquid(liquid, step)
    return found


def _wrong_medium(name: str) -> Iterator[Problem]:
    if name not in media():
        yield ("medium",), f"there is no medium '{name}'. {nearest(name, media())}"
    elif media()[name].solute != "none":
        yield ("medium",), f"{name} makes a gradient; here pbs is meant."


def _wrong_pool(pool: Pool, fractions: int, pooled: int) -> Iterator[Problem]:
    beyond = [own for own in pool.fractions if own > fractions]
    if pooled:
        yield ("fractions",), f"the fractions are one liquid since step {pooled}: they cannot be taken apart again."
    elif beyond:
        before = f"the gradient before gives {fractions}" if fractions else "no gradient comes before"
        yield ("fractions",), f"there is no fraction {beyond[0]}: {before}."


def _wrong_load(gradient: Gradient, liquid: Liquid) -> Iterator[Problem]:
    load, rotor = load_of(gradient, liquid), rotors()[gradient.rotor]
    if load.runs > MOST_RUNS:
        yield (
            ("layers",),
            (
                f"{load.sample * 1e6:,.4g} ml on a layer of {load.layer * 1e6:g} ml are {load.tubes:,} tubes, "
                f"{load.runs:,} runs of {rotor.name} with {rotor.places} places; at most {MOST_RUNS} runs. "
                "Pellet it and take it up in less, or make the sample layer larger."
            ),
        )


def _wrong_turn(turn: Turn) -> Iterator[Problem]:
    if turn.rotor not in rotors():
        yield ("rotor",), f"there is no rotor '{turn.rotor}'. {nearest(turn.rotor, rotors())}"
        return
    rotor = rotors()[turn.rotor]
    if turn.g > rotor.most_force(turn.at) * 1.0005:
        gradient = isinstance(turn, Gradient)  # computed for swing-out rotors only
        fit = {name: own for name, own in rotors().items() if own.kind == "swing-out" or not gradient}
        able = sorted(name for name, own in fit.items() if own.most_force(turn.at) >= turn.g)
        where = "force" if turn.force is not None else "speed"
        yield (
            (where,),
            (
                f"{rotor.name} reaches {rotor.most_force(turn.at):,.0f} g at {turn.at} ({rotor.max_rpm:,.0f} rpm), "
                f"not {turn.g:,.0f} g. Choose less, or a rotor that can: {', '.join(able) or 'none is known here'}."
            ),
        )
    if not 0 <= turn.temperature <= 40:
        yield ("temperature",), f"{turn.temperature:g} C: viscosities are known from 0 to 40 C."
    volume = getattr(turn, "volume", None)
    if volume is not None and volume > rotor.tube_ml * 1e-6 * 1.0001:
        yield (
            ("volume",),
            (
                f"{volume * 1e6:g} ml do not go into a tube of {rotor.name}, which holds {rotor.tube_ml:g} ml. "
                "Give the volume of one tube."
            ),
        )


def _wrong_gradient(gradient: Gradient, liquid: Liquid) -> Iterator[Problem]:
    if gradient.rotor not in rotors():
        return  # said of the rotor
    rotor, layers = rotors()[gradient.rotor], gradient.layers
    if rotor.kind != "swing-out":
        yield ("rotor",), f"{rotor.name} is a fixed-angle rotor; gradients are computed for swing-out rotors only."
    marked = [number for number, layer in enumerate(layers, start=1) if layer.sample]
    if len(marked) != 1:
        found = "none has it" if not marked else f"layers {', '.join(map(str, marked))} have it"
        yield ("layers",), f"mark the one layer that holds the sample with 'sample: true'; {found}."
    else:
        yield from _wrong_load(gradient, liquid)
    total = sum(layer.volume for layer in layers)
    if total > rotor.tube_ml * 1e-6 * 1.0001:
        yield (
            ("layers",),
            (f"the layers are {total * 1e6:g} ml together, and a tube of {rotor.name} holds {rotor.tube_ml:g} ml."),
        )
    number, volume = gradient.fractions.number, gradient.fractions.volume
    taken = volume * number
    if taken > total * 1.0001:
        yield (
            ("fractions",),
            (
                f"{number} fractions of {volume * 1e6:g} ml are {taken * 1e6:g} ml, "
                f"and the tube holds {total * 1e6:g} ml. Take fewer or smaller ones."
            ),
        )
    unknown = [(number, layer.medium) for number, layer in enumerate(layers) if layer.medium not in media()]
    for number, name in unknown:
        yield ("layers", number, "medium"), f"there is no medium '{name}'. {nearest(name, media())}"
    if unknown:
        return
    yield from _wrong_layers(gradient)


def _wrong_layers(gradient: Gradient) -> Iterator[Problem]:
    layers = gradient.layers
    solutes = {media()[layer.medium].solute for layer in layers} - {"none"}
    if len(solutes) > 1:
        yield ("layers",), f"{' and '.join(sorted(solutes))} in one tube: use one of them."
        return
    for number, layer in enumerate(layers):
        solute, (amount, unit) = media()[layer.medium].solute, layer.concentration
        most = {("iodixanol", "%"): 60.0, ("sucrose", "%"): 70.0, ("sucrose", "M"): 2.6, ("none", "%"): 0.0}
        if (solute, unit) not in most:
            yield ("layers", number, "concentration"), f"{amount:g} {unit}: give {layer.medium} in %."
            return
        if amount > most[solute, unit]:
            limit = f"at most {most[solute, unit]:g} {unit}" if solute != "none" else "it has no solute"
            yield ("layers", number, "concentration"), f"{amount:g} {unit} of {layer.medium}: {limit}."
            return
    diluent = gradient.diluent_density or constant("diluent_density")
    density = np.array([layer_density(layer.medium, layer.concentration, gradient.temperature, diluent)
                        for layer in layers])  # fmt: skip
    for number in np.flatnonzero(np.diff(density) < -0.05).tolist():
        upper, lower = (
            f"layer {n + 1} ({layers[n].concentration[0]:g} {layers[n].concentration[1]} {layers[n].medium}, "
            f"{density[n] / 1000:.4f} g/ml)"
            for n in (number, number + 1)
        )
        yield ("layers", number + 1), f"{lower} is lighter than {upper} above it: it would turn over. Swap them."
