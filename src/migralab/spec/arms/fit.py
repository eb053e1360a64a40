"""An arm where the whole experiment was changed: what is left for it to do, or why it cannot be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from migralab.core.errors import UnknownIdError
from migralab.spec.arms.arm import Arm, split_path, split_population
from migralab.spec.arms.variant import Variant


def fit_arm(
    arm: Arm, variant: Variant, *, mechanisms: Iterable[str], rules: Mapping[str, object], populations: Iterable[str]
) -> Arm | str:
    """Return what is left of an arm under a variant, or the reason why it cannot be done.

    What an arm takes away, and the variant has taken away already, is dropped: the arm is kept, since to change
    nothing is then what it predicts. What it takes out, and the variant has replaced, it takes out in its new form.

    Parameters
    ----------
    mechanisms, rules
        Those of the experiment under the variant.
    """
    known = set(mechanisms)
    without = tuple(dict.fromkeys(new for name in arm.without if (new := variant.replaces.get(name, name)) in known))
    replaces = {old: new for old, new in arm.replaces.items() if old in known or new not in known}
    for old, new in replaces.items():
        if old not in known:
            return f"there is no {old} that {new} could replace"
        if new in known:
            return f"{new} is there already and cannot take the place of {old}"
    changed = {name: text for name, text in arm.rules.items() if name in rules or text is not None}
    if gone := [name for name in changed if name not in rules]:
        return f"there is no rule '{gone[0]}' to be changed"
    left = {replaces.get(name, name) for name in known if name not in without}
    for path in arm.changes:
        if path.startswith("pools."):
            continue
        try:
            split_path(split_population(path, populations)[1], left)
        except UnknownIdError:
            return f"there is no {path} to be changed"
    return arm.model_copy(update={"without": without, "replaces": replaces, "rules": changed})


def is_empty(arm: Arm) -> bool:
    """Return whether an arm changes nothing."""
    return not (arm.changes or arm.replaces or arm.without or arm.rules)


def refer_to_what_is_left(arms: Iterable[Arm], all_arms: Iterable[Arm]) -> tuple[Arm, ...]:
    """Return the arms; one whose reference is gone is compared with that arm's reference, in the end the control."""
    arms, against = tuple(arms), {arm.id: arm.against for arm in all_arms}
    left = {arm.id for arm in arms}
    found = []
    for arm in arms:
        reference, seen = arm.against, {arm.id}
        while reference is not None and reference not in left and reference not in seen:
            seen.add(reference)
            reference = against[reference]
        reference = None if reference in seen else reference
        found.append(arm if reference == arm.against else arm.model_copy(update={"against": reference}))
    return tuple(found)
