"""What a dose of purified migrasomes is in natural doses, said beside every arm that gives one. docs/theory/dose.md."""

from __future__ import annotations

from migralab.core import units
from migralab.mechanisms.motility.contact import Contact
from migralab.mechanisms.motility.walk import Walk
from migralab.mechanisms.recipients.add_back import AddBack
from migralab.physics.recipients.dose import Dose, Range, convert_mass, natural_meetings
from migralab.simulation.compile import Model, compile_experiment
from migralab.spec.experiment import Experiment
from migralab.spec.loader import ExperimentFile
from migralab.spec.parameter import Parameter

# Of a natural neighbour where the experiment says nothing else
RADIUS = 10.0  # um (E: a cell of 20 um)
SPEED = Range(0.5, 0.2, 1.0)  # um/min (E: systems.md 3)
PER_PRODUCER = Range(3.5, 1.0, 7.0)  # migrasomes a producer has around it: 3.5 (Chen 2019 fig 1g), 7.0 NRK, D; 1 (E)


def dose_of(model: Model) -> Dose | None:
    """Return what the added migrasomes of an arm are in numbers; None where it adds none.

    The natural dose is what one recipient would meet in the time that is left, walking as it does here among as many
    producers as this dish has cells.
    """
    if AddBack.name not in model.parameters:
        return None
    given = model.experiment.mechanisms[AddBack.name]
    dish = model.experiment.dish
    time = (dish.duration_s - given["start"].internal) / 60
    mass = 1e3 * given["mass"].internal  # mg inside
    if mass == 0.0 or time <= 0.0:
        return None
    reach = (_of_recipients(model, Contact.name, "diameter") or 2 * RADIUS) / 2 + given["diameter"].internal / 2
    around = PER_PRODUCER.times(dish.density_per_um2)
    natural = natural_meetings(reach, _speed(model), around, time)
    sizes = given["diameter"].internal, given["diameter_sd"].internal
    return convert_mass(
        mass, sizes, _range(given["protein_density"], "mg/ml"), _range(given["recipients_in_culture"], ""), natural
    )


def _range(parameter: Parameter, unit: str) -> Range:
    def read(value: float | None) -> float:
        number = parameter.value if value is None else value
        return units.to_internal(number, parameter.unit, like=unit) / units.to_internal(1.0, unit)

    return Range(read(parameter.value), read(parameter.low), read(parameter.high))


def _of_recipients(model: Model, mechanism: str, name: str) -> float | None:
    """Return a parameter of the last population, in internal units; None where there is no such mechanism."""
    if mechanism not in model.parameters:
        return None
    return float(model.parameters[mechanism].varied(name)[-1])


def _speed(model: Model) -> Range:
    """Return the mean speed of the recipients, um/min: pauses count."""
    if Walk.name not in model.parameters:
        return SPEED
    speed, start, stop = (
        _of_recipients(model, Walk.name, name) or 0.0 for name in ("speed", "start_rate", "stop_rate")
    )
    moving = start / (start + stop) if start + stop > 0 else 1.0
    written = model.experiment.mechanisms[Walk.name]["speed"]
    width = _range(written, "um/min")
    factor = 60 * speed * moving / width.value if width.value > 0 else 0.0
    return width.times(factor)


def dose_note(model: Model) -> str | None:
    """Return the dose of an arm in one sentence; None where nothing is added."""
    dose = dose_of(model)
    if dose is None:
        return None
    mass = model.experiment.mechanisms[AddBack.name]["mass"]
    if dose.natural.high <= 0:
        return f"{mass} of migrasomes are {_words(dose.per_recipient)} for each recipient; one that rests meets none"
    return (
        f"{mass} of migrasomes are {_words(dose.per_recipient)} for each recipient, where a neighbour meets "
        f"{_words(dose.natural)} in the time: {_words(dose.equivalents)} natural doses. "
        f"{what_it_can_say(dose.equivalents)}"
    )


def dose_notes(source: ExperimentFile | Experiment) -> dict[str, str]:
    """Return the sentence of every arm that adds migrasomes, by arm."""
    experiment = source.experiment if isinstance(source, ExperimentFile) else source
    named = {AddBack.name} & {
        *experiment.mechanisms,
        *(new for arm in experiment.arms for new in arm.replaces.values()),
    }
    if not named:
        return {}
    notes = {arm.id: dose_note(compile_experiment(source, arm.id)) for arm in experiment.arms}
    return {arm: note for arm, note in notes.items() if note is not None}


def what_it_can_say(equivalents: Range) -> str:
    """Say what a dose of so many natural ones can tell about physiology."""
    if equivalents.low > 10:
        return "Far above anything a neighbour meets: it shows what migrasomes can do, not that they do."
    if equivalents.high < 0.1:
        return "Far below what a neighbour meets: no effect would say little."
    if equivalents.low >= 0.1 and equivalents.high <= 10:
        return "About what a neighbour meets."
    if equivalents.low > 1:
        return "More than a neighbour meets, by how much is open: it shows what migrasomes can do, not that they do."
    return "The range is too wide to tell it from the natural dose."


def _words(found: Range) -> str:
    return f"{_number(found.value)} ({_number(found.low)} to {_number(found.high)})"


def _number(value: float) -> str:
    digits = f"{value:.2g}"
    return f"{float(digits):,.0f}" if 100 <= float(digits) < 1e7 else digits
