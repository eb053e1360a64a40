"""Rules of an experiment -> responses in internal units: names looked up, units turned, contradictions refused."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from migralab.core import units
from migralab.core.errors import RequestError, UnitError, UnknownIdError
from migralab.engine.mechanism import Mechanism
from migralab.engine.rules import Behaviour, Signal
from migralab.mechanisms.recipients.phenotype import Response
from migralab.mechanisms.registry import MECHANISMS, TARGETED
from migralab.spec.experiment import Experiment
from migralab.spec.loader import ExperimentFile
from migralab.spec.parameter import MechanismParameters, Parameter, bound_of, check_bound
from migralab.spec.rules.rule import Rule

_ANY_STEP = 1.0  # s; nothing is run
AGREES = 0.005  # a base is written with two or three digits: 0.5 % is the same number


def resolve_rules(
    experiment: Experiment,
    mechanisms: Sequence[Mechanism],
    parameters: Mapping[str, MechanismParameters],
    file: ExperimentFile | None = None,
) -> tuple[Response, ...]:
    """Return the responses of all populations.

    Parameters
    ----------
    experiment
        Of one arm.
    mechanisms, parameters
        Made from it, and by name.
    file
        Where it stands, for the line of a mistake.

    Raises
    ------
    RequestError
        With file and line where there is a file: an unknown signal or behaviour, a unit or value that does not fit,
        numbers that contradict the parameters or each other.
    """
    return _Resolver(experiment, mechanisms, parameters, file).responses()


class _Resolver:
    def __init__(
        self,
        experiment: Experiment,
        mechanisms: Sequence[Mechanism],
        parameters: Mapping[str, MechanismParameters],
        file: ExperimentFile | None,
    ) -> None:
        self.experiment, self.parameters, self.file = experiment, parameters, file
        self.populations = [experiment.dish.population, *experiment.populations]
        self.signals: dict[str, Signal] = {s.name.lower(): s for m in mechanisms for s in getattr(m, "signals", ())}
        self.behaviours: dict[str, tuple[str, Behaviour]] = {
            b.name.lower(): (m.name, b) for m in mechanisms for b in getattr(m, "behaviours", ())
        }

    def responses(self) -> tuple[Response, ...]:
        """Return one response for each behaviour and population that a rule speaks of."""
        groups: dict[tuple[str, int], list[tuple[str, Rule]]] = {}
        for name, rule in self.experiment.rules.items():
            _, behaviour = self._behaviour(name, rule)
            for number, population in enumerate(self.populations):
                if rule.population in (None, population):
                    groups.setdefault((behaviour.name.lower(), number), []).append((name, rule))
        return tuple(self._response(*self.behaviours[what], number, rules) for (what, number), rules in groups.items())

    def _response(self, owner: str, behaviour: Behaviour, number: int, rules: Sequence[tuple[str, Rule]]) -> Response:
        base = float(self.parameters[owner].varied(behaviour.parameter)[number])
        ends: dict[bool, tuple[float, str]] = {}
        signals, half = [], []
        factor = self._factor(behaviour, [(name, rule) for name, rule in rules if rule.sentence.sets])
        rules = [(name, rule) for name, rule in rules if not rule.sentence.sets]
        for name, rule in rules:
            up = rule.sentence.raises
            end = self._end(name, rule, owner, behaviour, base, number)
            before = ends.setdefault(up, (end, name))
            if not np.isclose(end, before[0], rtol=1e-9, atol=0.0):
                self._refuse(
                    name, f"this {_verb(up)} '{behaviour.name}' to {_show(end, behaviour)}, and rule '{before[1]}' to "
                    f"{_show(before[0], behaviour)}. Rules that act together share one value at saturation."
                )  # fmt: skip
            signal = self._signal(name, rule)
            signals.append(signal.column)
            half.append(self._convert(name, rule.sentence.half_max, rule.sentence.half_max_unit, signal.unit,
                                      f"half-max of '{signal.name}'"))  # fmt: skip
        if behaviour.relative and base == 0.0 and rules:
            self._refuse(
                rules[0][0], f"'{behaviour.name}' acts as a factor, and {owner}.{behaviour.parameter} of "
                f"'{self.populations[number]}' is 0: no factor changes it. Give it a value above 0."
            )  # fmt: skip
        return Response(
            population=number, column=behaviour.column, relative=behaviour.relative, signals=tuple(signals),
            half=np.array(half), hill=np.array([rule.sentence.hill for _, rule in rules]),
            promotes=np.array([rule.sentence.raises for _, rule in rules]), base=base,
            extremes=np.array([ends.get(True, (base, ""))[0], ends.get(False, (base, ""))[0]]), factor=factor,
        )  # fmt: skip

    def _factor(self, behaviour: Behaviour, rules: Sequence[tuple[str, Rule]]) -> str:
        """Return the column of the signal that sets a behaviour, or nothing."""
        if not rules:
            return ""
        name, rule = rules[-1]
        if len(rules) > 1:
            self._refuse(name, f"rule '{rules[0][0]}' sets '{behaviour.name}' already; one signal can.")
        signal = self._signal(name, rule)
        if signal.unit:
            self._refuse(
                name, f"'{signal.name}' is in {signal.unit}, and only a plain number, 1 at rest, can set a behaviour. "
                "Write raises or lowers, with a half-max."
            )  # fmt: skip
        return signal.column

    def _end(self, name: str, rule: Rule, owner: str, behaviour: Behaviour, base: float, number: int) -> float:
        """Return the value at saturation, after comparing what the sentence says with the parameters."""
        sentence, whose = rule.sentence, f"{owner}.{behaviour.parameter} of '{self.populations[number]}'"
        if sentence.fold:
            if base == 0.0:
                self._refuse(name, f"{whose} is 0, and {sentence.value:g}-fold of 0 is 0. Write 'to <value> <unit>'.")
            end = sentence.value * base
        else:
            end = self._convert(name, sentence.value, sentence.unit, behaviour.unit, f"value of '{behaviour.name}'")
        if sentence.base is not None:
            start = self._convert(name, sentence.base, sentence.unit, behaviour.unit, f"value of '{behaviour.name}'")
            if abs(start - base) > AGREES * max(abs(start), abs(base)):
                self._refuse(
                    name, f"the rule starts from {_show(start, behaviour)}, and {whose} is {_show(base, behaviour)}. "
                    "Change one of them, or leave 'from' out."
                )  # fmt: skip
        if (end < base) if sentence.raises else (end > base):
            self._refuse(
                name, f"it {_verb(sentence.raises)} '{behaviour.name}' to {_show(end, behaviour)}, and {whose} is "
                f"{_show(base, behaviour)} already."
            )  # fmt: skip
        value = Parameter(
            value=units.from_internal(end, behaviour.unit), unit=behaviour.unit, source=rule.source
        )  # fmt: skip
        try:
            bound = bound_of(type(self.parameters[owner]).model_fields[behaviour.parameter])
            check_bound(f"'{behaviour.name}' at saturation", value, bound)
        except ValueError as error:
            self._refuse(name, str(error))
        return end

    def _convert(self, name: str, value: float, unit: str, like: str, what: str) -> float:
        try:
            return units.to_internal(value, unit, like=like)
        except UnitError as error:
            self._refuse(name, f"{what}: {error} Write it in {like or 'plain numbers'}.")

    def _signal(self, name: str, rule: Rule) -> Signal:
        got = rule.sentence.signal
        if (found := self.signals.get(got.lower())) is None:
            known = [signal.name for signal in self.signals.values()]
            self._refuse(name, f"{UnknownIdError('signal', got, known)}{self._who_brings('signals', got)}")
        return found

    def _behaviour(self, name: str, rule: Rule) -> tuple[str, Behaviour]:
        got = rule.sentence.behaviour
        if (found := self.behaviours.get(got.lower())) is None:
            known = [behaviour.name for _, behaviour in self.behaviours.values()]
            self._refuse(name, f"{UnknownIdError('behaviour', got, known)}{self._who_brings('behaviours', got)}")
        return found

    def _who_brings(self, what: str, got: str) -> str:
        """Return a sentence that names the mechanism that would bring a signal or behaviour, if there is one."""
        offers = list(self._offers(what))
        makers = sorted({owner for owner, name in offers if name.lower() == got.lower()})
        if makers:
            return f" {' or '.join(makers)} would bring it: add it to the mechanisms."
        near = difflib.get_close_matches(got.lower(), {name.lower() for _, name in offers}, n=1, cutoff=0.75)
        makers = sorted({owner for owner, name in offers if [name.lower()] == near})
        return f" '{near[0]}' would come with {' or '.join(makers)}." if makers else ""

    def _offers(self, what: str) -> Iterator[tuple[str, str]]:
        for kind in MECHANISMS.values():
            for target in [[name] for name in self.populations] if kind.name in TARGETED else [[]]:
                made: Any = kind(kind.parameters(), _ANY_STEP, *target)
                yield from ((made.name, offered.name) for offered in getattr(made, what, ()))

    def _refuse(self, name: str, problem: str) -> NoReturn:
        if self.file is None:
            raise RequestError(f"rule '{name}': {problem}")
        own = name in (self.file.data.get("rules") or {})
        raise self.file.error(("rules", name, "text") if own else ("rules_file",), f"rule '{name}': {problem}")


def _verb(raises: bool) -> str:  # noqa: FBT001  # one word for another
    return "raises" if raises else "lowers"


def _show(value: float, behaviour: Behaviour) -> str:
    return f"{units.from_internal(value, behaviour.unit):.4g} {behaviour.unit}".rstrip()


def refuse_strange_targets(experiment: Experiment, file: ExperimentFile | None = None) -> None:
    """Refuse a mechanism that speaks of a population, if it names none or one that is not there.

    Raises
    ------
    RequestError
        With file and line where there is a file.
    """
    known = [experiment.dish.population, *experiment.populations]
    for name in experiment.mechanisms:
        kind, _, target = name.partition("@")
        if kind not in TARGETED or target in known:
            continue
        problem = (
            str(UnknownIdError("population", target, known))
            if target
            else f"'{kind}' speaks of a population: name it, for example {kind}@{known[-1]}."
        )
        raise file.error(("mechanisms", name), problem) if file else RequestError(problem)
