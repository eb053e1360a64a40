"""What a second reader answered, as it stands in ``tests/qc/readings/ID.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

READINGS = Path(__file__).with_name("readings")
Direction = Literal["increase", "decrease", "alike", "before", "after"]


class Reading(BaseModel):
    """One answer; all empty where the row was not read."""

    model_config = ConfigDict(extra="forbid")

    value: float | None = None
    low: float | None = None
    high: float | None = None
    direction: Direction | None = None
    unit: str = ""
    tag: Literal["FTE", "FT", "FIG", "D", "ABS", "REV", "2ND", "C", "E"] | None = None
    locator: str = ""
    confidence: Literal["high", "medium", "low"] | None = None
    note: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.low is None) != (self.high is None):
            raise ValueError("a range needs low and high")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low = {self.low:g} is above high = {self.high:g}")
        if self.answered and (self.tag is None or not self.locator or self.confidence is None):
            raise ValueError("an answer needs tag, locator and confidence")
        return self

    @property
    def answered(self) -> bool:
        """Whether the row was read."""
        return any(part is not None for part in (self.value, self.low, self.direction))

    @property
    def found(self) -> bool:
        """Whether a source was found."""
        return self.tag != "E"


class ReadingFile(BaseModel):
    """All answers of one reader about one entry, by the id of the row."""

    model_config = ConfigDict(extra="forbid")

    entry: str
    reader: str = Field(min_length=1)
    date: str = ""
    readings: dict[str, Reading]

    @model_validator(mode="before")
    @classmethod
    def _dates_are_text(cls, data: object) -> object:
        return {**data, "date": str(data.get("date") or "")} if isinstance(data, dict) else data


def read_reading(entry: str, folder: Path = READINGS) -> ReadingFile | None:
    """Return the reading of an entry, None if nobody has read it yet."""
    path = folder / f"{entry}.yaml"
    if not path.is_file():
        return None
    return ReadingFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
