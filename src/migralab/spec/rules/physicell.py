"""Rules files of PhysiCell (CSV, versions 1 to 3): what means the same here becomes a rule, the rest is refused.

Written from the behaviour of PhysiCell 1.14 (github.com/MathCancer/PhysiCell, core/PhysiCell_rules.cpp and
core/PhysiCell_signal_behavior.cpp); no line of it is used. Its times are minutes and its lengths um. Columns::

    versions 2, 3: cell type, signal, direction, behaviour, value at saturation, half-max, Hill power, for dead cells
    version 1:     cell type, signal, direction, behaviour, base value, value at saturation, half-max, ...

Its law for several rules is the one here, so a file whose lines are all accepted gives the same response.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from migralab.core.errors import Place, RequestError, SpecError
from migralab.core.units import from_internal, to_internal
from migralab.spec.parameter import Source
from migralab.spec.rules.rule import Rule, RulesFile
from migralab.spec.rules.sentence import SentenceError, read_sentence

_DIRECTIONS = {"increases": "raises", "increase": "raises", "promotes": "raises",
               "decreases": "lowers", "decrease": "lowers", "inhibits": "lowers"}  # fmt: skip

_LIVE = "as in PhysiCell's cycle of one phase ('live'); in a cycle of several it would be the exit from the first"
_CORPSE = "the rate is the same; PhysiCell leaves a shrinking dead cell behind, here it is gone"

# name there: name here, unit, remark
_BEHAVIOURS = {
    "migration speed": ("migration speed", "um/min", ""),
    "migration persistence time": ("persistence time", "min", "in moving time"),
    "apoptosis": ("death", "1/min", _CORPSE),
    "cycle entry": ("division", "1/min", _LIVE),
    "exit from cycle phase 0": ("division", "1/min", _LIVE),
}

# What begins or ends so means something else: what it is there, and the nearest that is here
_STRANGE_BEHAVIOURS = (
    (r"fuse to .+", "the rate of fusing with a neighbour of that type, which is not the type that results",
     "'fusion to <population>', whose population is the product"),
    (r"chemotactic (?:response|sensitivity) to .+", "a weight among the gradients that set the direction of bias",
     "'chemotactic sensitivity' of recipients.chemotaxis"),
    (r"migration bias", "the share of the direction that follows the bias, 0 to 1",
     "'chemotactic sensitivity' of recipients.chemotaxis"),
    (r".+ secretion(?: target| saturation density)?", "release towards a saturation density",
     "the parameters of signals.release"),
    (r".+ export", "a constant export from the cell", "the parameters of signals.release"),
    (r".+ uptake", "a rate that acts on the density in a whole voxel", "the parameters of recipients.receptors"),
    (r"necrosis", "a second kind of death, with swelling and lysis", "'death' of phenotype.death"),
    (r"exit from cycle phase [1-9]", "a later phase of a cell cycle", "'division' of phenotype.division"),
    (r"(?:phagocyto\w+|attack) .+", "an act on neighbouring cells", "'uptake' of recipients.uptake"),
    (r"asymmetric division to .+", "a probability at division", "'differentiation to <population>'"),
)  # fmt: skip
_STRANGE_SIGNALS = (
    (r"contact with cell type \d+", "a cell type by its number", "'contact with <population>', by name"),
    (r"contact with (?:dead|apoptotic|necrotic|other dead) cells?", "a count of dead neighbours",
     "none: a dead cell is gone here"),
    (r"contact with (?:basement membrane|BM)", "a flag that PhysiCell leaves to the user", "none"),
    (r"(?:intracellular|internalized) .+", "a density inside the cell", "a signal of recipients.receptors"),
    (r"(?:current |global )?time", "the clock", "a population that enters later, or a bath with a start"),
    (r"pressure", "overlap with neighbours in its own unit", "'contact with cell'"),
    (r"volume", "the volume of the cell", "none: cells have no volume of their own here"),
    (r"(?:total )?damage(?: delivered)?|(?:is )?attacking|total attack time|(?:is )?dead|(?:is_)?apoptotic"
     r"|(?:is_)?necrotic|custom.+", "a state that cells do not have here", "none"),
)  # fmt: skip

_GRADIENT = re.compile(r"(.+) gradient|gradient of (.+)|grad\((.+)\)")


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    cell_type: str
    signal: str
    direction: str
    behaviour: str
    base: str | None
    value: str
    half_max: str
    hill: str
    dead: str


class _RefusedError(ValueError):
    """A line whose meaning differs here."""


def name_here(name: str) -> str:
    """Return a cell type of PhysiCell as the name of a population: ``M0 macrophage`` is ``m0_macrophage``."""
    return re.sub(r"\W+", "_", name.strip().lower()).strip("_")


def read_physicell_rules(
    path: str | Path,
    *,
    units: Mapping[str, str] | None = None,
    skip: Sequence[int] = (),
    source: Source | None = None,
) -> dict[str, Rule]:
    """Read a rules file of PhysiCell.

    Parameters
    ----------
    path
        The CSV file.
    units
        Unit of each substrate that is a signal, for example ``{"VEGF": "nM"}``: the file does not say it.
    skip
        Numbers of lines to leave out on purpose.
    source
        Source of every rule; by default the file, as an estimate.

    Returns
    -------
    rules
        By id, ``physicell-<line>``, in the order of the file.

    Raises
    ------
    SpecError
        One message with every line that has another meaning here: what it means there, and what is nearest here.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SpecError("there is no such rules file.", Place(str(path))) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"cannot be read as text: {error}.", Place(str(path))) from None
    origin = source or Source(key="migralab", locator=f"rules of PhysiCell in {file.name}", tag="E")
    rules, problems = {}, []
    for number, words in enumerate(text.splitlines(), start=1):
        if not words.strip() or words.lstrip().startswith("//") or number in skip:
            continue
        try:
            rules[f"physicell-{number}"] = _rule(_split(number, words), units or {}, origin)
        except (_RefusedError, SentenceError) as error:
            problems.append(f"{Place(str(path), number)}: {error}")
    if problems:
        raise SpecError("\n".join([*problems, "Mend these lines, or leave them out on purpose (skip: [line, ...])."]))
    return rules


def take_over_rules(data: Mapping[str, object]) -> dict[str, object]:
    """Return the data of an experiment with the rules of its ``rules_file`` among its rules.

    Raises
    ------
    SpecError
        If lines are refused.
    RequestError
        If a rule of the experiment has the id of one from the file.
    """
    file = RulesFile.model_validate(data["rules_file"])
    read = read_physicell_rules(file.file, units=file.units, skip=file.skip, source=file.source)
    own = data.get("rules") or {}
    if not isinstance(own, Mapping):
        return dict(data)
    if twice := sorted(set(own) & set(read)):
        raise RequestError(f"'{twice[0]}' names a rule of {file.file}; give yours another id.")
    return {**data, "rules": {**own, **read}, "rules_file": None}


def _split(number: int, words: str) -> _Line:
    parts = [part.strip() for part in words.split("," if "," in words else "\t")]
    if len(parts) == 8:
        parts.insert(4, "")
    if len(parts) != 9:
        was = " (10 columns are the prototype, version 0)" if len(parts) == 10 else ""
        raise _RefusedError(f"{len(parts)} columns{was}; versions 2 and 3 have 8, version 1 has 9.")
    if not all(part for place, part in enumerate(parts) if place != 4):
        raise _RefusedError("a column is empty.")
    cell_type, signal, direction, behaviour, base, *rest = parts
    return _Line(number, cell_type, signal, direction, behaviour, base or None, *rest)


def _rule(line: _Line, units: Mapping[str, str], source: Source) -> Rule:
    for name in ("base", "value", "half_max", "hill", "dead"):
        text = getattr(line, name)
        if text is not None and not re.fullmatch(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", text):
            raise _RefusedError(f"'{text}' is no number ({name.replace('_', '-')}).")
    if float(line.dead) != 0:
        raise _RefusedError("it applies to dead cells, and a dead cell is gone here. Nearest: 0 in the last column.")
    verb = _DIRECTIONS.get(line.direction.lower())
    if verb is None:
        raise _RefusedError(f"'{line.direction}' is no direction; increases or decreases.")
    behaviour, unit, remark = _behaviour(line.behaviour)
    signal, half_unit = _signal(line.signal, units)
    start = "" if line.base is None else f" from {line.base}"
    half = f"{line.half_max} {half_unit}".rstrip()
    text = f"{signal} {verb} {behaviour}{start} to {line.value} {unit}, half-max {half}, Hill {line.hill}"
    read_sentence(text)  # says what is wrong in plain words
    return Rule(text=text, population=name_here(line.cell_type), source=source, note=remark)


def _behaviour(name: str) -> tuple[str, str, str]:
    if name in _BEHAVIOURS:
        return _BEHAVIOURS[name]
    if found := re.fullmatch(r"(?:transform|transition) to (?!cell type \d)(.+)", name):
        return f"differentiation to {name_here(found[1])}", "1/min", ""
    for pattern, there, here in _STRANGE_BEHAVIOURS:
        if re.fullmatch(pattern, name):
            raise _RefusedError(f"the behaviour '{name}' is there {there}. Nearest here: {here}.")
    known = ", ".join([*_BEHAVIOURS, "transform to <cell type>"])
    raise _RefusedError(f"the behaviour '{name}' has no equal here. Those that have one: {known}.")


def _signal(name: str, units: Mapping[str, str]) -> tuple[str, str]:
    if name in units:
        return f"{name_here(name)} concentration", units[name]
    slope = _GRADIENT.fullmatch(name)
    if slope and (substrate := slope[1] or slope[2] or slope[3]) in units:
        return f"{name_here(substrate)} gradient", f"{units[substrate]}/um"
    for pattern, there, here in _STRANGE_SIGNALS:
        if re.fullmatch(pattern, name):
            raise _RefusedError(f"the signal '{name}' is there {there}. Nearest here: {here}.")
    if found := re.fullmatch(r"contact with (.+)", name):
        kind = name_here(found[1])
        return f"contact with {'cell' if kind in ('live_cell', 'live_cells') else kind}", ""
    substrate = next(filter(None, slope.groups())) if slope else name
    raise _RefusedError(
        f"the signal '{name}' has no equal here unless '{substrate}' is a substrate. Then give its unit, for example "
        f"units: {{{substrate}: nM}}; cells sense it by recipients.receptors@{name_here(substrate)}."
    )


def write_physicell_rules(rules: Mapping[str, Rule]) -> str:
    """Return rules as a rules file of PhysiCell, version 3.

    Names of substrates and cell types are those here; values are in um and min, half-maxima in their own unit.

    Raises
    ------
    RequestError
        If a rule has no population, gives a factor, or speaks of what PhysiCell does not have.
    """
    return "".join(f"{_csv(name, rule)}\n" for name, rule in rules.items())


def _csv(name: str, rule: Rule) -> str:
    sentence = rule.sentence
    behaviours = {here: (there, unit) for there, (here, unit, _) in reversed(_BEHAVIOURS.items())}
    behaviour, unit = behaviours.get(sentence.behaviour, ("", "1/min"))
    if found := re.fullmatch(r"differentiation to (.+)", sentence.behaviour):
        behaviour = f"transform to {found[1]}"
    signal = re.sub(r" concentration$", "", sentence.signal)
    gradient = sentence.signal.endswith(" gradient")
    known = (
        gradient
        or signal != sentence.signal
        or (signal.startswith("contact with ") and signal != "contact with migrasome")
    )
    if rule.population is None or sentence.fold or sentence.sets or not behaviour or not known:
        raise RequestError(
            f"Rule '{name}' ({rule}) cannot be written for PhysiCell: it needs a population, a value instead of a "
            "factor, and a signal and a behaviour that PhysiCell has."
        )
    value = from_internal(to_internal(sentence.value, sentence.unit, like=unit), unit)
    direction = "increases" if sentence.raises else "decreases"
    signal = signal.replace("contact with cell", "contact with live cell") if signal == "contact with cell" else signal
    numbers = f"{value:.12g},{sentence.half_max:.12g},{sentence.hill:.12g},0"
    return f"{rule.population},{signal},{direction},{behaviour},{numbers}"
