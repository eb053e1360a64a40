"""How a network inside the cell is joined to the rest of it: what it reads, what arrives in it, what it shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from migralab.spec.parameter import Frozen, Parameter, Source

ROOM = "pathways."
"""What the name of a mechanism begins with that is a pathway: ``pathways.pten-akt``."""

FILES = (".ant", ".txt", ".xml", ".sbml")
LONGEST = 2_000_000  # characters of a model; the largest of BioModels that are read in practice are smaller

Cargo = Literal["soluble_protein", "membrane_protein", "mrna", "mirna", "small_vesicles"]
Symbol = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
PathwayId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=40)]


class PathwayInput(Frozen):
    """A number of the model that comes from the rest of the cell."""

    signal: str = Field(default="", description="signal as rules name it; empty: the number stays a parameter")
    description: str = ""


class PathwayTake(Frozen):
    """A variable into which molecules go that vesicles deliver."""

    cargo: Cargo
    share: Parameter | None = Field(default=None, description="share of what arrives that is this; by default all")
    description: str = ""


class PathwayOutput(Frozen):
    """A number of the model that is recorded, and that rules can name."""

    name: str = Field(default="", description="as a signal of rules; by default the symbol itself")
    description: str = ""


class PathwayNumber(Frozen):
    """Where a constant of the model comes from; its value and unit stand in the model's text."""

    source: Source
    low: float | None = None
    high: float | None = None
    calibrated_on: str = ""
    description: str = ""


class Pathway(Frozen):
    """A model and its seams."""

    model: str = Field(default="", description="id of a pathway that ships, or a file: " + ", ".join(FILES))
    text: str = Field(default="", max_length=LONGEST, description="the model itself, Antimony or SBML")
    time: Literal["", "s", "min", "h"] = Field(default="", description="unit of time, where the model states none")
    method: Literal["auto", "explicit", "stiff"] = "auto"
    inputs: dict[Symbol, PathwayInput | None] = Field(default_factory=dict)
    takes: dict[Symbol, PathwayTake | None] = Field(default_factory=dict)
    outputs: dict[Symbol, PathwayOutput | None] = Field(default_factory=dict)
    counted: tuple[Symbol, ...] = Field(default=(), description="variables that may be whole molecules")
    parameters: dict[Symbol, PathwayNumber] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _read_file(cls, data: object) -> object:
        """Take the text of the file over: a run is described by what it read, not by where that lay."""
        if not isinstance(data, Mapping) or data.get("text") or not is_file(str(data.get("model") or "")):
            return data
        path = Path(str(data["model"]))
        try:
            if path.stat().st_size > LONGEST:
                raise ValueError(f"'{path}' is larger than {LONGEST:,} characters; no pathway needs that")
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise ValueError(f"'{path}' does not exist; relative paths start at the current folder") from None
        except (OSError, UnicodeDecodeError):
            raise ValueError(f"'{path}' cannot be read as text; give Antimony or SBML") from None
        if not text.strip():
            raise ValueError(f"'{path}' is empty; give Antimony or SBML")
        return {**data, "text": text}

    @field_validator("inputs", "outputs", "takes", mode="before")
    @classmethod
    def _short_form(cls, value: object, info: ValidationInfo) -> object:
        """Read a bare text as the field that matters: ``{stimulus: cue occupancy}``, ``{mrna: mrna}``."""
        field = {"inputs": "signal", "takes": "cargo", "outputs": "name"}[str(info.field_name)]
        if not isinstance(value, Mapping):
            return value
        return {key: {field: own} if isinstance(own, str) else own for key, own in value.items()}

    @model_validator(mode="after")
    def _something_to_read(self) -> Self:
        if not (self.model or self.text):
            raise ValueError("give 'model': the id of a pathway that ships, or a file of Antimony or SBML")
        return self

    @property
    def shipped(self) -> str:
        """Id of the pathway that ships on which this one rests; empty for a model of the user."""
        return "" if self.text else self.model


def is_file(model: str) -> bool:
    """Whether what stands under ``model`` is a path and no id."""
    return model.lower().endswith(FILES)


def find_pathway_problems(
    pathways: Mapping[str, Pathway], mechanisms: Mapping[str, object]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield (place, problem) of pathways that no mechanism runs."""
    for name in pathways:
        if f"{ROOM}{name}" not in mechanisms:
            yield ("pathways", name), f"no mechanism runs it; add '{ROOM}{name}: {{}}' to the mechanisms"
