"""A rule of an experiment: one sentence, for whom it holds, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pydantic import Field, field_validator

from migralab.core.errors import UnknownIdError
from migralab.spec.claim import Id
from migralab.spec.parameter import Frozen, Source
from migralab.spec.rules.sentence import EXAMPLE, Sentence, SentenceError, read_sentence


class Rule(Frozen):
    """What a signal does to a behaviour of cells, as a biologist would say it."""

    text: str = Field(min_length=1, description=f"for example: {EXAMPLE}")
    population: Id | None = Field(default=None, description="whose rule it is; by default that of all cells")
    source: Source
    calibrated_on: str = Field(default="", description="published result that set one of its numbers, if any did")
    note: str = ""

    @field_validator("text")
    @classmethod
    def _reads_as_a_rule(cls, text: str) -> str:
        read_sentence(text)
        return text

    @field_validator("source")
    @classmethod
    def _not_recalled(cls, source: Source) -> Source:
        if source.tag == "R":
            raise ValueError(
                "a recalled rule (tag R) is never data. Find the source, "
                "or call it an estimate (tag E) and give the reason."
            )
        return source

    @property
    def sentence(self) -> Sentence:
        """The sentence taken apart."""
        return read_sentence(self.text)

    def __str__(self) -> str:
        whose = f"{self.population}: " if self.population else ""
        return f"{whose}{self.sentence}"


class RulesFile(Frozen):
    """A rules file of PhysiCell, read as rules with the ids ``physicell-<line>``."""

    file: str = Field(min_length=1, description="path; relative paths start at the current folder")
    source: Source
    units: dict[str, str] = Field(
        default_factory=dict, description="unit of each substrate that is a signal in it; the file does not say"
    )
    skip: tuple[int, ...] = Field(default=(), description="lines that are left out on purpose")


Changes = Mapping[str, str | None]
"""What an arm does to rules, by id: another sentence, or None to switch the rule off."""


def changed_rules(rules: Mapping[str, Rule], changes: Changes, arm: str) -> dict[str, Rule]:
    """Return the rules of an arm; a sentence that it replaces keeps its population and is marked as the arm's."""
    found = dict(rules)
    for name, text in changes.items():
        if text is None:
            del found[name]
        else:
            source = Source(key="migralab", locator=f"arm {arm}, instead of: {found[name].text}", tag="E")
            found[name] = Rule(text=text, population=found[name].population, source=source)
    return found


def find_rule_problems(rules: Mapping[str, Rule], populations: Iterable[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield (place, problem) of rules for populations that do not exist."""
    known = list(populations)
    for name, rule in rules.items():
        if rule.population is not None and rule.population not in known:
            yield ("rules", name, "population"), str(UnknownIdError("population", rule.population, known))


def find_change_problems(changes: Changes, rules: Iterable[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield (place, problem) of an arm's changes of rules."""
    known = list(rules)
    for name, text in changes.items():
        if name not in known:
            yield ("rules", name), str(UnknownIdError("rule", name, known))
            continue
        try:
            if text is not None:
                read_sentence(text)
        except SentenceError as error:
            yield ("rules", name), str(error)
