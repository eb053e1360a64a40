"""Ways of signalling: which of the claims put to them can hold, as much as a migrasome carries, or could carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from migralab.checks.evaluate import impossible
from migralab.checks.verdict import Outcome, Verdict
from migralab.spec.arms.variant import Way, Ways
from migralab.spec.change import apply_variant, impossible_arms
from migralab.spec.claim import Claim
from migralab.spec.experiment import Experiment

CARRIED, MOST = "carried", "most"
RESULTS = {
    "holds": "holds as carried",
    "most": "holds only at the upper load",
    "never": "does not hold even then",
    "fails": "does not hold",
    "open": "inconclusive",
    "impossible": "impossible",
    "none": "not judged",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WayVerdict:
    """The verdict on one claim under one way of signalling.

    Parameters
    ----------
    way
        diffusing, matrix, contact or delivered.
    load
        ``carried`` or ``most``, the upper end of what a migrasome could carry.
    verdict
        ``impossible`` where an arm of the claim cannot be done under this way; its note says why.
    """

    way: str
    load: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOfEntry:
    """An entry under one way of signalling and one load, and the claims that are put to it.

    Parameters
    ----------
    experiment
        None where nothing is changed: the entry itself, as it was judged.
    claims
        That can be judged.
    impossible
        Verdicts on the claims that cannot.
    """

    way: str
    load: str
    experiment: Experiment | None
    claims: tuple[Claim, ...]
    impossible: tuple[Verdict, ...]

    @property
    def arms(self) -> dict[str, None]:
        """The arms that the claims compare."""
        return {arm: None for claim in self.claims if claim.comparison is not None for arm in claim.comparison.arms}


def ways_of(experiment: Experiment, judged: Iterable[Claim]) -> Iterator[WayOfEntry]:
    """Yield an entry under each way of signalling, with the load as carried and with the most, where one is stated.

    Parameters
    ----------
    judged
        Claims of the entry that are judged in this tier; others are not put to the ways either.
    """
    if experiment.signalling is None:
        return
    put = [claim for claim in judged if claim.id in experiment.signalling.claims]
    for name, way in experiment.signalling.ways.items():
        gone = impossible_arms(experiment, way)
        for load in (CARRIED, MOST) if way.most else (CARRIED,):
            changed = None if load == CARRIED and _is_empty(way) else apply_variant(experiment, way, most=load == MOST)
            possible = {claim.id: claim for claim in (changed or experiment).claims}
            yield WayOfEntry(
                way=name,
                load=load,
                experiment=changed,
                claims=tuple(possible[claim.id] for claim in put if claim.id in possible),
                impossible=tuple(
                    impossible(experiment.id, claim, _why(claim, gone)) for claim in put if claim.id not in possible
                ),
            )


def in_order(ways: Ways, verdicts: Iterable[WayVerdict]) -> tuple[WayVerdict, ...]:
    """Return the verdicts claim by claim, way by way, as the entry lists them."""
    names: list[str] = list(ways.ways)
    return tuple(sorted(verdicts, key=lambda v: (ways.claims.index(v.verdict.id), names.index(v.way), v.load)))


def result_of(verdicts: Sequence[WayVerdict]) -> str:
    """Return in words what became of one claim under one way, from its verdicts at both loads."""
    found: dict[str, Outcome] = {own.load: own.verdict.verdict for own in verdicts}
    carried, most = found[CARRIED], found.get(MOST)
    if "impossible" in found.values():
        key = "impossible"
    elif carried == "none":
        key = "none"
    elif carried == "pass":
        key = "holds"
    elif most == "pass":
        key = "most"
    elif "inconclusive" in found.values():
        key = "open"
    else:
        key = "fails" if most is None else "never"
    return RESULTS[key]


def cells(verdicts: Iterable[WayVerdict]) -> dict[tuple[str, str], list[WayVerdict]]:
    """Return the verdicts by (claim, way): one at each load."""
    found: dict[tuple[str, str], list[WayVerdict]] = {}
    for own in verdicts:
        found.setdefault((own.verdict.id, own.way), []).append(own)
    return found


def _is_empty(way: Way) -> bool:
    return not (way.changes or way.replaces or way.without or way.rules)


def _why(claim: Claim, gone: dict[str, str]) -> str:
    arms = claim.comparison.arms if claim.comparison is not None else ()
    return "; ".join(f"arm {arm}: {gone[arm]}" for arm in arms if arm in gone)
