"""One experiment made from another: an arm applied, a value set on the command line."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

from pydantic import ValidationError

from migralab.core.errors import RequestError, SpecError, UnknownIdError
from migralab.spec.arms.arm import Arm, changed_parameters, split_path, split_population
from migralab.spec.arms.fit import fit_arm, is_empty, refer_to_what_is_left
from migralab.spec.arms.variant import Variant, Way
from migralab.spec.claim import Claim
from migralab.spec.experiment import Dish, Experiment, find_problems
from migralab.spec.parameter import Parameter, Source
from migralab.spec.pathway import ROOM
from migralab.spec.pool import change_pools, changed_pools
from migralab.spec.rules.rule import changed_rules

USER = Source(key="user", locator="command line", tag="E")


def apply_arm(experiment: Experiment, arm_id: str) -> Experiment:
    """Return the experiment of one arm alone: its changes are in the mechanisms, it is its own control.

    Claims and variants compare arms, so they are left behind. Apply settings of the command line *after* the arm: the
    later change wins.

    Raises
    ------
    UnknownIdError
        If there is no such arm; the nearest are listed.
    """
    arm = experiment.arm(arm_id)
    alone = Arm(id=arm.id, label=arm.label, control=True, edge=arm.edge, note=arm.note)
    mechanisms, populations = changed_parameters(experiment.mechanisms, arm, experiment.populations)
    pathways = {name: own for name, own in experiment.pathways.items() if f"{ROOM}{name}" in mechanisms}
    pools = changed_pools(experiment.pools, arm.changes)
    rules = changed_rules(experiment.rules, arm.rules, arm.id)
    return _revised(
        experiment, mechanisms=mechanisms, populations=populations, pathways=pathways, pools=pools, rules=rules,
        arms=(alone,), claims=(), explanations={}, signalling=None, key_estimates=(),
    )  # fmt: skip


def apply_variant(experiment: Experiment, variant: Variant, *, most: bool = False) -> Experiment:
    """Return the experiment under one explanation or one way of signalling: every arm is changed alike.

    What an arm says itself wins. An arm that cannot be done any more is left out, and the claims that compare it
    with it (`impossible_arms` says why); one that has nothing left to change is kept, as it is a result.

    Parameters
    ----------
    variant
        What is changed.
    most
        For a way of signalling: with the most that a migrasome could carry.

    Raises
    ------
    SpecError
        If the control cannot be done, or the parts do not fit together any more.
    """
    base = _as_arm(variant, most=most)
    mechanisms, populations = changed_parameters(experiment.mechanisms, base, experiment.populations)
    rules = changed_rules(experiment.rules, base.rules, variant.statement or "variant")
    found = _fit_arms(experiment, variant, mechanisms, rules)
    if isinstance(reason := found[experiment.control.id], str):
        raise SpecError(f"'{experiment.id}': its control cannot be done under this variant: {reason}.")
    arms = refer_to_what_is_left((arm for arm in found.values() if isinstance(arm, Arm)), experiment.arms)
    changed = experiment.model_copy(
        update={
            "mechanisms": mechanisms, "populations": populations, "rules": rules, "arms": arms,
            "pathways": {name: own for name, own in experiment.pathways.items() if f"{ROOM}{name}" in mechanisms},
            "pools": changed_pools(experiment.pools, base.changes),
            "claims": tuple(_claims_left(experiment.claims, {arm.id for arm in arms})),
            "explanations": {}, "signalling": None, "key_estimates": (),
        }
    )  # fmt: skip
    emptied = {("arms", index) for index, arm in enumerate(arms) if is_empty(arm)}
    for place, text in find_problems(changed):
        if place not in emptied:
            raise SpecError(f"'{experiment.id}' under a variant: {'.'.join(map(str, place))}: {text}")
    return changed


def impossible_arms(experiment: Experiment, variant: Variant) -> dict[str, str]:
    """Return the arms that cannot be done under a variant, each with the reason."""
    base = _as_arm(variant)
    mechanisms, _ = changed_parameters(experiment.mechanisms, base, experiment.populations)
    rules = changed_rules(experiment.rules, base.rules, "variant")
    found = _fit_arms(experiment, variant, mechanisms, rules)
    return {name: reason for name, reason in found.items() if isinstance(reason, str)}


def _as_arm(variant: Variant, *, most: bool = False) -> Arm:
    load = variant.most if most and isinstance(variant, Way) else {}
    return Arm(
        id="base", changes={**variant.changes, **load}, replaces=variant.replaces, without=variant.without,
        rules=variant.rules, control=True,
    )  # fmt: skip


def _fit_arms(
    experiment: Experiment, variant: Variant, mechanisms: Mapping[str, object], rules: Mapping[str, object]
) -> dict[str, Arm | str]:
    return {
        arm.id: fit_arm(arm, variant, mechanisms=mechanisms, rules=rules, populations=experiment.populations)
        for arm in experiment.arms
    }


def _claims_left(claims: Iterable[Claim], arms: Container[str]) -> Iterator[Claim]:
    """Yield the claims whose arms can be done; a discriminating arm that cannot is no longer named."""
    for claim in claims:
        if claim.comparison is not None and not all(arm in arms for arm in claim.comparison.arms):
            continue
        gone = claim.discriminating_arm is not None and claim.discriminating_arm not in arms
        yield claim.model_copy(update={"discriminating_arm": None}) if gone else claim


def apply_setting(experiment: Experiment, setting: str) -> Experiment:
    """Return the experiment with one value changed: ``motility.walk.speed=1 um/min`` or ``dish.cells=50``.

    The value's source becomes the user (tag E). Bounds and dimension of a mechanism's parameter are checked
    where the mechanism is known, at compile.

    Raises
    ------
    RequestError
        If the text is not ``path=value``, or the value is impossible.
    UnknownIdError
        If the path names no mechanism of the experiment and no field of the dish.
    """
    path, equals, text = (part.strip() for part in setting.partition("="))
    if not equals or not path or not text:
        raise RequestError(
            f"--set '{setting}' is not path=value. "
            "Write for example 'motility.walk.speed=0.5 um/min' or 'dish.cells=50'."
        )
    if path.startswith("dish."):
        return _set_dish(experiment, path.removeprefix("dish."), text)
    try:
        parameter = Parameter.model_validate({"value": text, "source": USER})
        if path.startswith("pools."):
            return _revised(experiment, pools=change_pools(experiment.pools, path, parameter))
        population, place = split_population(path, experiment.populations)
        mechanism, name = split_path(place, experiment.mechanisms)
    except ValidationError as error:
        raise RequestError(f"--set {path}: {_first(error)}") from None
    if population is not None:
        own = experiment.populations[population]
        changed = own.model_copy(update={"changes": {**own.changes, place: parameter}})
        return _revised(experiment, populations={**experiment.populations, population: changed})
    mechanisms = {key: dict(own) for key, own in experiment.mechanisms.items()}
    mechanisms[mechanism][name] = parameter
    return _revised(experiment, mechanisms=mechanisms)


def scale_parameter(experiment: Experiment, path: str, factor: float, default: Parameter) -> Experiment:
    """Return the experiment with one parameter multiplied in the base and in every arm that sets it.

    An arm stays the same change relative to the base: half the speed is still half the speed.

    Parameters
    ----------
    path
        ``mechanism.parameter``, or a quantity of a pool.
    factor
        For example 0.5 and 2, to see which verdicts hang on an estimate.
    default
        The mechanism's own value, for an experiment that does not state one.

    Raises
    ------
    UnknownIdError
        If the path begins with no mechanism of the experiment.
    """
    if path.startswith("pools."):
        pools = change_pools(experiment.pools, path, _scaled(default, factor))
        return _revised(experiment, pools=pools, arms=_scaled_arms(experiment, path, factor))
    mechanism, name = split_path(path, experiment.mechanisms)
    populations = {
        key: own.model_copy(
            update={"changes": {p: _scaled(v, factor) if p == path else v for p, v in own.changes.items()}}
        )
        for key, own in experiment.populations.items()
    }
    mechanisms = {key: dict(own) for key, own in experiment.mechanisms.items()}
    mechanisms[mechanism][name] = _scaled(mechanisms[mechanism].get(name, default), factor)
    arms = _scaled_arms(experiment, path, factor)
    return _revised(experiment, mechanisms=mechanisms, populations=populations, arms=arms)


def _scaled_arms(experiment: Experiment, path: str, factor: float) -> tuple[Arm, ...]:
    return tuple(
        arm.model_copy(
            update={
                "changes": {
                    place: _scaled(value, factor) if _same(place, path) else value
                    for place, value in arm.changes.items()
                }
            }
        )
        for arm in experiment.arms
    )


def _same(place: str, path: str) -> bool:
    """Whether an arm's change is one of `path`, in the first or in another population."""
    return place == path or (place.startswith("populations.") and place.split(".", 2)[-1] == path)


def _scaled(parameter: Parameter, factor: float) -> Parameter:
    source = Source(key="migralab", locator=f"{parameter} x {factor:g}, to see what hangs on it", tag="E")
    return Parameter(value=parameter.value * factor, unit=parameter.unit, source=source, note=parameter.note)


def _set_dish(experiment: Experiment, field: str, text: str) -> Experiment:
    if field not in Dish.model_fields:
        raise UnknownIdError("field of the dish", field, Dish.model_fields)
    value: object = {"kind": text} if field == "geometry" else text
    try:
        dish = Dish.model_validate({**experiment.dish.model_dump(), field: value})
    except ValidationError as error:
        raise RequestError(f"--set dish.{field}: {_first(error)}") from None
    return _revised(experiment, dish=dish)


def _revised(experiment: Experiment, **changes: object) -> Experiment:
    parts = {name: getattr(experiment, name) for name in Experiment.model_fields if name != "schema_version"}
    try:
        return Experiment.model_validate({"schema": experiment.schema_version, **parts, **changes})
    except ValidationError as error:
        raise SpecError(_first(error)) from None


def _first(error: ValidationError) -> str:
    item = error.errors(include_url=False)[0]
    return str(item.get("ctx", {}).get("error") or f"{item['msg']} (got {item.get('input')!r})")
