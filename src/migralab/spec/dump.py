"""An experiment back to YAML, so that reading it gives the same experiment; and the file's JSON schema."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import BaseModel

from migralab.spec.document import resolve_core_scalars
from migralab.spec.experiment import Dish, Experiment
from migralab.spec.geometry import GroundPlan
from migralab.spec.parameter import Parameter, Source


class _Inline(dict[str, Any]):
    """A mapping that is written on one line."""


class _Dumper(yaml.SafeDumper):
    """Writes short things on one line and never an alias."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # the signature is PyYAML's
        return True


# On top of the rules of YAML 1.1, so that older readers of the file see the same text
resolve_core_scalars(_Dumper)
_Dumper.add_representer(
    _Inline,
    lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=True),
)


def dump_yaml(experiment: Experiment) -> str:
    """Return an experiment as YAML; fields at their default are left out, except those of the dish."""
    return yaml.dump(_plain(experiment), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def experiment_schema() -> dict[str, Any]:
    """Return the JSON schema of an experiment file, for editors that check while one types."""
    schema = Experiment.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "migralab experiment",
        **schema,
    }


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return _mapping(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _mapping(model: BaseModel) -> dict[str, Any]:
    if isinstance(model, Dish | GroundPlan):
        return {name: _plain(value) for name, value in model if value is not None}
    fields = _fields(model)
    if isinstance(model, Parameter):
        unit = fields.pop("unit", "")
        return _Inline({**fields, "value": f"{model.value!r} {unit}" if unit else model.value})
    return _Inline(fields) if isinstance(model, Source) else fields


def _fields(model: BaseModel) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if name == "dish" or field.is_required() or value != field.get_default(call_default_factory=True):
            result[field.alias or name] = _plain(value)
    return result
