"""Experiment -> Model: defaults filled in, bounds checked, units turned into floats; here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from migralab.core.errors import RequestError, SpecError, UnknownIdError
from migralab.core.keys import content_key
from migralab.core.random import dish_key, stream_key, uniform_pair_array
from migralab.core.version import VERSION
from migralab.engine.engine import BASE_COLUMNS, Engine, Founders, PlanError
from migralab.engine.mechanism import Mechanism, State, founder_keys
from migralab.mechanisms.biogenesis.fate import Fate
from migralab.mechanisms.motility.replay import Replay
from migralab.mechanisms.pools.compartment import Compartment
from migralab.mechanisms.recipients.phenotype import Phenotype
from migralab.mechanisms.registry import MECHANISMS, SEVERAL, kinds_for
from migralab.pathways.shipped import pathway_ids
from migralab.physics.field.grid import PERIODIC
from migralab.physics.space import Space
from migralab.results.tracks import Tracks, read_tracks
from migralab.simulation.ground import space_of
from migralab.simulation.pathways import make_pathways, place_of
from migralab.simulation.pools import make_compartment, make_fate, refuse_misfit
from migralab.simulation.populations import parameters_of_population, population_changes, refuse_crowd
from migralab.simulation.rules import refuse_strange_targets, resolve_rules
from migralab.spec.change import apply_arm
from migralab.spec.dump import dump_yaml
from migralab.spec.experiment import Experiment
from migralab.spec.loader import ExperimentFile
from migralab.spec.parameter import MechanismParameters
from migralab.spec.pathway import ROOM

_SPECIES = re.compile(r"[a-z][a-z0-9_]*")

# A measured track says where the cell is: nothing else may move it
_REPLACED_BY_TRACKS = ("motility.walk", "motility.contact", "motility.displacement")


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One arm of an experiment, ready to run with any seed.

    Parameters
    ----------
    experiment
        Resolved: every parameter of every mechanism stands in it, defaults included.
    arm
        Its id.
    parameters
        By mechanism.
    tracks
        Measured tracks that the cells follow, or None.
    """

    experiment: Experiment
    arm: str
    parameters: dict[str, MechanismParameters]
    tracks: Tracks | None = None

    @property
    def ticks(self) -> int:
        """Number of ticks."""
        return round(self.experiment.dish.duration_s / self.experiment.dish.step_s)

    @property
    def ticks_per_frame(self) -> int:
        """Ticks between output frames."""
        return round(self.experiment.dish.output_every_s / self.experiment.dish.step_s)

    @property
    def field_area_um2(self) -> float:
        """Area over which the cells are seeded, um2."""
        return self.experiment.dish.cells / self.experiment.dish.density_per_um2

    @property
    def all_cells(self) -> int:
        """Number of founders of a dish, of all populations."""
        return self.experiment.dish.cells + sum(own.cells for own in self.experiment.populations.values())

    @property
    def space(self) -> Space:
        """Walls of the dish and of its fields."""
        return space_of(self.experiment.dish)

    def keys(self, seeds: Sequence[int]) -> list[str]:
        """Return the hash of resolved experiment, seed and model version of each run: its identity."""
        content: dict[str, object] = {"experiment": dump_yaml(self.experiment), "version": VERSION}
        if self.tracks is not None:
            content["tracks"] = [a.tolist() for a in (self.tracks.track, self.tracks.time_min, self.tracks.x_um)]
        common = content_key(content)
        return [content_key({"model": common, "seed": seed}) for seed in seeds]

    def build(self) -> Engine:
        """Return a fresh engine.

        Raises
        ------
        RequestError
            If two mechanisms clash.
        """
        mechanisms = self._make_all()
        self._refuse_missing(mechanisms)
        try:
            return Engine(mechanisms, self.experiment.dish.step_s)
        except PlanError as error:
            raise RequestError(f"The mechanisms of '{self.experiment.id}' do not fit together: {error}") from None

    def _make_all(self, file: ExperimentFile | None = None) -> list[Mechanism]:
        dt, later = self.experiment.dish.step_s, (Compartment.name, Phenotype.name)
        pathways = [name for name in self.parameters if name.startswith(ROOM)]
        made = [self._make(name, own, dt) for name, own in self.parameters.items() if name not in (*later, *pathways)]
        made += make_pathways(self.experiment, self.parameters, made, file)
        if pools := self.parameters.get(Compartment.name):
            made.append(make_compartment(self.experiment, pools, dt, made))
        if responds := self.parameters.get(Phenotype.name):
            kind: Any = MECHANISMS[Phenotype.name]
            made.append(kind(responds, dt, resolve_rules(self.experiment, made, self.parameters, file)))
        return made

    def _refuse_missing(self, mechanisms: Sequence[Mechanism]) -> None:
        brought = {c.path for m in mechanisms for c in m.columns} | {c.path for c in BASE_COLUMNS}
        for m in mechanisms:
            # What stands behind a colon is a part of a column that a mechanism uses where there is one
            needed = {path for path in m.reads | m.writes if not path.startswith("fields.") and ":" not in path}
            wanted = needed - brought
            lacking = sorted(path for path in wanted if path.split(".")[1] not in ("id", "key", "alive"))
            if lacking:
                makers = sorted(
                    kind.name
                    for kind in MECHANISMS.values()
                    for c in getattr(kind, "columns", ())
                    if c.path == lacking[0]
                )
                hint = f" Add {' or '.join(makers)} to its mechanisms." if makers else ""
                raise RequestError(
                    f"'{self.experiment.id}': {m.name} needs {lacking[0]}, which no mechanism of it brings.{hint}"
                )

    def _make(self, name: str, parameters: Any, dt: float) -> Mechanism:
        if name == Replay.name:
            if self.tracks is None:
                raise RequestError("motility.replay needs measured tracks: write dish: {tracks: {file: ...}}.")
            return Replay(parameters, dt, self.tracks)
        if name == Fate.name:
            fate: Mechanism = make_fate(self.experiment, parameters, dt)
            return fate
        kind, _, species = name.partition("@")
        mechanism: Mechanism = MECHANISMS[kind](parameters, dt, *([species] if species else []))
        return mechanism

    def found(self, engine: Engine, seeds: Sequence[int]) -> State:
        """Return the dishes of these seeds before their first tick, side by side in one state."""
        dishes = [int(dish_key(seed)) for seed in seeds]
        dish, others = self.experiment.dish, self.experiment.populations
        founders = [Founders(dish.population, dish.cells)]
        founders += [Founders(name, own.cells, own.enters_s) for name, own in others.items()]
        return engine.found([self._positions(dish) for dish in dishes], dishes, self.space, founders)

    def _positions(self, dish: int) -> NDArray[np.float64]:
        if self.tracks is not None:
            return Replay.starts(self.tracks)
        first, others = self.experiment.dish.cells, self.experiment.populations.values()
        keys = founder_keys(dish, self.all_cells)
        x, y = uniform_pair_array(stream_key("seeding"), keys, 0, 0)
        counts = [first, *(own.cells for own in others)]
        low, high = np.repeat([(0.0, 1.0), *(own.along_x for own in others)], counts, axis=0).T
        return self.space.place(low + x * (high - low), y)


def compile_experiment(source: Experiment | ExperimentFile, arm: str | None = None) -> Model:
    """Resolve one arm of an experiment (its control by default).

    Raises
    ------
    SpecError
        If a parameter is unknown, has the wrong dimension or an impossible value; with file and line where the
        experiment comes from a file.
    UnknownIdError
        If there is no such arm or mechanism.
    """
    file = source if isinstance(source, ExperimentFile) else None
    experiment = source.experiment if isinstance(source, ExperimentFile) else source
    arm_id = experiment.control.id if arm is None else arm
    alone = apply_arm(experiment, arm_id)
    tracks = None
    mechanisms = dict(alone.mechanisms)
    if alone.dish.tracks is not None:
        tracks = read_tracks(
            alone.dish.tracks.file,
            pixel_size_um=alone.dish.tracks.pixel_size_um,
            frame_interval_min=alone.dish.tracks.frame_interval_min,
        )
        mechanisms = {name: own for name, own in mechanisms.items() if name not in _REPLACED_BY_TRACKS}
        mechanisms.setdefault(Replay.name, {})
        alone = alone.model_copy(update={"dish": alone.dish.model_copy(update={"cells": len(tracks.ids)})})
    if alone.pools:
        mechanisms.setdefault(Compartment.name, {})
    refuse_misfit(alone.model_copy(update={"mechanisms": mechanisms}), file)
    refuse_strange_targets(alone, file)
    if alone.rules:
        mechanisms.setdefault(Phenotype.name, {})
    kinds = _kinds(mechanisms, alone, file)
    parameters = {name: _parameters(name, own, kinds, file, arm_id) for name, own in mechanisms.items()}
    if alone.populations and tracks is not None:
        raise RequestError(f"'{alone.id}': measured tracks are one population; take populations out, or dish.tracks.")
    for name, kind in parameters.items():
        changes = population_changes(name, type(kind), alone, file)
        others = [
            kind
            if not own
            else parameters_of_population(population, name, type(kind), {**mechanisms[name], **own}, file)
            for population, own in zip(alone.populations, changes, strict=True)
        ]
        parameters[name] = kind.beside(others)
    resolved = {name: {key: getattr(p, key) for key in type(p).model_fields} for name, p in parameters.items()}
    model = Model(
        experiment=alone.model_copy(update={"mechanisms": resolved}), arm=arm_id, parameters=parameters, tracks=tracks
    )
    if alone.rules or any(name.startswith(ROOM) for name in parameters):
        model._make_all(file)  # names the line of a rule, or of a seam of a pathway, that does not fit
    if "motility.contact" in parameters:
        bounded = model.space.confining or PERIODIC in model.space.walls
        refuse_crowd(alone, parameters["motility.contact"].varied("diameter"), model.field_area_um2, bounded=bounded)
    return model


def _kinds(names: Iterable[str], experiment: Experiment, file: ExperimentFile | None) -> dict[str, Any]:
    """Return the mechanisms that there are for this experiment; a model that cannot be read is told with its line."""
    found: dict[str, Any] = {Replay.name: Replay}
    for name in names:
        try:
            found |= kinds_for([name], experiment.pathways)
        except RequestError as error:
            raise file.error(place_of(name, experiment), str(error)) if file else error from None
    return found


def _parameters(
    name: str, own: dict[str, Any], known: Mapping[str, Any], file: ExperimentFile | None, arm: str
) -> MechanismParameters:
    base, at, species = name.partition("@")
    if base not in known:
        pathways = [f"{ROOM}{pathway}" for pathway in pathway_ids()] if base.startswith(ROOM) else ()
        unknown = UnknownIdError("mechanism", base, pathways or known)
        raise file.error(("mechanisms", name), str(unknown)) if file else unknown
    kind: type[MechanismParameters] = known[base].parameters
    if at and (base not in SEVERAL or not _SPECIES.fullmatch(species)):
        problem = (
            f"'{name}': only {' and '.join(sorted(SEVERAL))} may stand several times, each with a name of small "
            "letters, digits and _ after the @, for example signals.diffusing@vegf."
        )
        raise file.error(("mechanisms", name), problem) if file else RequestError(problem)
    if strange := sorted(set(own) - set(kind.model_fields)):
        message = str(UnknownIdError(f"parameter of {name}", strange[0], kind.model_fields))
        raise file.error(("mechanisms", name, strange[0]), message) if file else RequestError(message)
    try:
        return kind(**own)
    except ValidationError as error:
        if file is not None and arm == file.experiment.control.id:
            raise file.validation_error(error, kind, ("mechanisms", name)) from None
        problems = [str(item.get("ctx", {}).get("error") or item["msg"]) for item in error.errors(include_url=False)]
        message = f"{name}: {' '.join(problems)} (arm '{arm}')"
        raise (file.error(("arms", _arm_index(file, arm)), message) if file else SpecError(message)) from None


def _arm_index(file: ExperimentFile, arm: str) -> int:
    return [own.id for own in file.experiment.arms].index(arm)
