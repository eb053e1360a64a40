"""Random networks in Antimony, each from its seed alone: what the reader, the generator and the integrators must share.

Every network has two to eight species, closed cycles and a few open ends, so that it stays bounded; the kind of the
network (seed modulo the number of kinds) says which feature it must contain, other features come by chance.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

KINDS = (
    "mass action",
    "Michaelis-Menten",
    "Hill",
    "reversible",
    "assignment rules",
    "rate rules",
    "stiff",
    "functions",
    "compartments",
    "time",
)
DURATION = 10.0
OUTPUTS = 11


def kind_of(seed: int) -> str:
    return KINDS[seed % len(KINDS)]


@dataclass
class _Writer:
    """Collects the parts of one model; `draw` is its own random numbers."""

    seed: int
    draw: np.random.Generator = field(init=False)
    head: list[str] = field(default_factory=list)
    reactions: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    species: list[str] = field(default_factory=list)
    home: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.draw = np.random.default_rng([20261126, self.seed])

    def between(self, low: float, high: float) -> float:
        """Return a number that is uniform on the logarithmic axis, as it is written: 6 digits."""
        return float(f"{np.exp(self.draw.uniform(np.log(low), np.log(high))):.6g}")

    def constant(self, stem: str, low: float, high: float) -> str:
        name = f"{stem}{len(self.values)}"
        self.values.append(f"{name} = {self.between(low, high)!r}")
        return name

    def pick(self, count: int = 1) -> list[str]:
        return [str(name) for name in self.draw.choice(self.species, count, replace=False)]

    def chance(self, share: float) -> bool:
        return bool(self.draw.random() < share)

    def react(self, left: list[str], right: list[str], law: str) -> None:
        """Add a reaction; the law is per volume, so it is multiplied by the size of a compartment."""
        home = self.home[(left or right)[0]]
        arrow = f"{' + '.join(left)} -> {' + '.join(right)}"
        self.reactions.append(f"J{len(self.reactions)}: {arrow}; {home}*({law})")


def _places(model: _Writer, several: bool) -> None:
    count = int(model.draw.integers(2, 9))
    homes = ["cell"]
    if several or model.chance(0.2):
        homes = ["cell", "nucleus", "medium"][: int(model.draw.integers(2, 4))]
    for home in homes:
        size = model.between(0.05, 20.0) if several or model.chance(0.3) else 1.0
        model.head.append(f"compartment {home} = {size!r}")
    for number in range(count):
        name = f"S{number}"
        home = str(model.draw.choice(homes))
        amounts = "substanceOnly " if several and model.chance(0.25) else ""
        model.head.append(f"{amounts}species {name} in {home}")
        model.species.append(name)
        model.home[name] = home
        start = 0.0 if model.chance(0.25) else model.between(0.1, 10.0)
        model.values.append(f"{name} = {start!r}")


def _cycle(model: _Writer, kind: str) -> None:
    """Add conversions around all species, so that each is made and used."""
    for number, source in enumerate(model.species):
        target = model.species[(number + 1) % len(model.species)]
        chosen = kind if kind in ("Michaelis-Menten", "Hill", "reversible", "functions") else None
        if chosen is None or model.chance(0.3):
            chosen = str(model.draw.choice(["mass action", "mass action", "Michaelis-Menten", "reversible"]))
        model.react([source], [target], _conversion(model, chosen, source, target, fast=kind == "stiff"))


def _conversion(model: _Writer, kind: str, source: str, target: str, *, fast: bool) -> str:
    low, high = (1e-3, 1e3) if fast else (0.05, 3.0)
    if kind == "Michaelis-Menten":
        return f"{model.constant('V', low, high)}*{source}/({model.constant('K', 0.1, 10.0)} + {source})"
    if kind == "Hill":
        helper, power = model.pick()[0], int(model.draw.integers(2, 5))
        half = model.constant("K", 0.5, 5.0)
        return f"{model.constant('k', low, high)}*{source}*{helper}^{power}/({half}^{power} + {helper}^{power})"
    if kind == "reversible":
        return f"{model.constant('kf', low, high)}*{source} - {model.constant('kr', low, high)}*{target}"
    if kind == "functions":
        return f"saturating({model.constant('V', low, high)}, {source}, {model.constant('K', 0.1, 10.0)})"
    return f"{model.constant('k', low, high)}*{source}"


def _bindings(model: _Writer, kind: str) -> None:
    """Add second-order binding and its reverse, in stiff models over six decades."""
    for _ in range(int(model.draw.integers(0, 3))):
        if len(model.species) < 3:
            return
        first, second, both = model.pick(3)
        if kind == "stiff":
            on, off = model.constant("on", 1.0, 1e3), model.constant("off", 1e-3, 1e2)
        else:
            on, off = model.constant("on", 0.02, 1.0), model.constant("off", 0.05, 1.0)
        model.react([first, second], [both], f"{on}*{first}*{second} - {off}*{both}")


def _ends(model: _Writer, kind: str) -> None:
    """Add synthesis and loss, and a stoichiometry of two."""
    if model.chance(0.6):
        made = model.pick()[0]
        wave = f"*(1 + 0.5*sin({model.constant('w', 0.3, 3.0)}*time))" if kind == "time" else ""
        model.react([], [made], f"{model.constant('make', 0.05, 1.0)}{wave}")
    for name in model.pick(min(2, len(model.species))):
        law = f"{model.constant('loss', 0.05, 1.0)}*{name}"
        if kind == "time":
            law += f"*exp(-{model.constant('slow', 0.02, 0.5)}*time)"
        model.react([name], [], law)
    if model.chance(0.3) and len(model.species) >= 2:
        one, two = model.pick(2)
        home = model.home[one]
        model.reactions.append(
            f"J{len(model.reactions)}: 2 {one} -> {two}; {home}*{model.constant('pair', 0.02, 0.5)}*{one}^2"
        )


def _rules(model: _Writer, kind: str) -> None:
    if kind == "assignment rules" or model.chance(0.15):
        parts = model.pick(min(3, len(model.species)))
        most, half = model.constant("most", 0.5, 3.0), model.constant("half", 0.5, 5.0)
        model.rules += [f"total := {' + '.join(parts)}", f"brake := {most}/(1 + (total/{half})^2)"]
        model.react([], model.pick(), "0.3*brake")
    if kind == "rate rules" or model.chance(0.15):
        seen, used = model.pick(2)
        gain, fade = model.constant("gain", 0.05, 1.0), model.constant("fade", 0.05, 1.0)
        model.values.append(f"memory = {model.between(0.1, 2.0)!r}")
        model.rules.append(f"memory' = {gain}*{seen}/(1 + {seen}) - {fade}*memory")
        model.react([used], [], f"0.2*memory*{used}/(1 + memory)")


def random_network(seed: int) -> str:
    """Return the model of a seed as Antimony text."""
    model, kind = _Writer(seed), kind_of(seed)
    _places(model, several=kind == "compartments")
    _cycle(model, kind)
    _bindings(model, kind)
    _ends(model, kind)
    _rules(model, kind)
    functions = ["function saturating(v, s, k)", "  v*s/(k + s)", "end"] if kind == "functions" else []
    body = [f"  {line};" for line in (*model.head, *model.rules, *model.reactions, *model.values)]
    return "\n".join([*functions, f"model network_{seed}()", *body, "end", ""])
