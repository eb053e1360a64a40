"""From a table to calls: what each vesicle, fraction or sample is, on which evidence, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from migralab.core.errors import RequestError
from migralab.isolation.identity.belief import DENSITIES, Feature, evidence_for
from migralab.isolation.identity.card import Line, fill_card
from migralab.isolation.identity.classify import TEMPER, Classified, Readings, Watch, classify, read_prior
from migralab.isolation.identity.columns import read_vesicles
from migralab.isolation.identity.document import AboutDocument
from migralab.isolation.identity.fractions import Fractions, Mixture, read_fractions, unmix
from migralab.isolation.identity.measured import is_measurement, read_measurement
from migralab.isolation.identity.panel import Panel
from migralab.isolation.identity.proteomics import NAMES, Count, count_proteins, proteome_readings, read_proteins
from migralab.isolation.identity.read import read_about, read_panel, shipped_panel
from migralab.isolation.identity.rules import Call, call_rows
from migralab.isolation.table import read_rows

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["vesicles", "fractions", "proteomics"]
KINDS: tuple[Kind, ...] = ("vesicles", "fractions", "proteomics")
ODDS = 4.0
"""By how much the prior odds of the called class are lowered and raised to show what hangs on the prior."""
CONTRADICTED = 0.75
"""Below this weight left, statements are shown as contradicting each other."""


@dataclass(frozen=True)
class Question:
    """How a table is to be read; every field may be left out.

    Parameters
    ----------
    kind
        ``vesicles``, ``fractions`` or ``proteomics``; None to tell from the columns.
    prior
        Probability of each class before anything is seen, summing to 1; None for equal ones.
    leave_out
        Sources whose statements must not count, such as the one that the table is from.
    ignore_unknown
        Go on without markers that the panel does not have.
    channels
        For images: which channel shows which marker.
    sample, reference
        For proteomics: the columns of the sample and of the cell body.
    """

    kind: Kind | None = None
    prior: Mapping[str, float] | None = None
    leave_out: Sequence[str] = ()
    ignore_unknown: bool = False
    channels: Mapping[str, str] = field(default_factory=dict)
    sample: str | None = None
    reference: str | None = None


@dataclass(frozen=True)
class Identification:
    """What was found.

    Parameters
    ----------
    kind, source, panel
        What was read, and judged by which panel.
    prior
        By class.
    readings, classified, calls
        Rows with probabilities and calls; for fractions None and empty.
    fractions, mixture
        The profile and what it holds; None for other kinds.
    counts
        Of proteins by class; empty for other kinds.
    card
        The report card.
    notes
        What a reader must know of how the table was read.
    """

    kind: Kind
    source: str
    panel: Panel
    prior: dict[str, float]
    readings: Readings
    card: tuple[Line, ...]
    notes: tuple[str, ...]
    classified: Classified | None = None
    calls: tuple[Call, ...] = ()
    fractions: Fractions | None = None
    mixture: Mixture | None = None
    counts: tuple[Count, ...] = ()


def identify(
    table: str | Path | pd.DataFrame, panel: str | Path | Panel | None = None, question: Question | None = None, *,
    about: str | Path | None = None, watch: Watch | None = None,
) -> Identification:  # fmt: skip
    """Say what the vesicles, fractions or the sample of a table are.

    Parameters
    ----------
    table
        CSV, TSV or Parquet, or rows, or the folder of `migralab measure`. Columns: `isolation.identity.columns`.
    panel
        A panel file, a panel, or None for the one that ships.
    question
        How to read it, and with which prior.
    about
        A YAML file with facts of the method, for the report card.
    watch
        Told how many rows are done, of how many.

    Raises
    ------
    RequestError
        If table, panel, prior or file cannot be used; the message says what, where and what to do.
    """
    asked = question or Question()
    judge = panel if isinstance(panel, Panel) else read_panel(panel) if panel is not None else shipped_panel()
    judge = judge.leave_out(asked.leave_out) if asked.leave_out else judge
    prior = read_prior(asked.prior, judge)
    facts = read_about(about) if about is not None else None
    imaged = isinstance(table, str | Path) and is_measurement(table)
    source = str(table) if isinstance(table, str | Path) else "the table"
    notes: list[str] = []
    if asked.channels and not imaged:
        raise RequestError(f"{source}: --channel is for the folder of a measurement, and this is none.")
    if not isinstance(table, str | Path):
        rows = table
    elif imaged:
        rows, notes = read_measurement(table, asked.channels, judge)
    else:
        rows = read_rows(table)
    kind = asked.kind or tell_kind(rows, judge, source)
    common: dict[str, Any] = {
        "kind": kind,
        "source": source,
        "panel": judge,
        "prior": dict(zip(judge.classes, prior.tolist(), strict=True)),
    }
    if kind != "proteomics" and (asked.sample or asked.reference):
        raise RequestError(f"{source}: --sample and --reference are for proteomics, and this table holds {kind}.")
    if kind == "fractions":
        return _of_fractions(rows, asked, facts, common)
    counts: tuple[Count, ...] = ()
    if kind == "proteomics":
        proteome = read_proteins(rows, source, sample=asked.sample, reference=asked.reference)
        counts, readings = tuple(count_proteins(proteome, judge)), proteome_readings(proteome, judge)
    else:
        readings = read_vesicles(rows, judge, source, ignore_unknown=asked.ignore_unknown)
    classified = classify(readings, judge, prior, watch=watch)
    return Identification(
        **common, readings=readings, classified=classified, counts=counts,
        calls=tuple(call_rows(readings, classified, judge, prior)), notes=(*notes, *readings.notes),
        card=tuple(fill_card(readings, judge, facts, imaged=imaged)),
    )  # fmt: skip


def _of_fractions(
    rows: pd.DataFrame, asked: Question, facts: AboutDocument | None, common: dict[str, Any]
) -> Identification:
    judge: Panel = common["panel"]
    if asked.prior is not None:
        raise RequestError(
            "--prior is for vesicles and samples: a fraction is a mixture, and its shares have no prior."
        )
    fractions = read_fractions(rows, judge, common["source"], ignore_unknown=asked.ignore_unknown)
    readings = fractions.readings()
    return Identification(
        **common, readings=readings, fractions=fractions, mixture=unmix(fractions, judge), notes=fractions.notes,
        card=tuple(fill_card(readings, judge, facts)),
    )  # fmt: skip


def tell_kind(rows: pd.DataFrame, panel: Panel, source: str) -> Kind:
    """Return what kind of table it is, from its columns.

    Raises
    ------
    RequestError
        If they fit none of the three, or two.
    """
    columns = [str(column) for column in rows.columns]
    endings = ("_to_cell", "_to_body", "_to_fibre", "_to_fiber", "_intensity", "_present")
    vesicles = any(
        column.endswith(endings) or column.startswith(("diameter_", "density_")) or panel.find(column)
        for column in columns
    )
    fits = {
        "fractions": "fraction" in columns,
        "vesicles": vesicles and "fraction" not in columns,
        "proteomics": any(column.casefold() in NAMES and column != "id" for column in columns) and not vesicles,
    }
    found = [kind for kind in KINDS if fits[kind]]
    if len(found) != 1:
        raise RequestError(
            f"{source}: cannot tell what kind of table this is. Say --kind vesicles (markers named as CPQ_to_cell), "
            f"fractions (a column fraction) or proteomics (a column gene). Columns: {', '.join(columns[:8])}."
        )
    return found[0]


def list_calls(found: Identification) -> pd.DataFrame:
    """Return one row per vesicle, sample or fraction: call, basis, reason, probabilities with their intervals."""
    import pandas as pd

    if found.mixture is not None and found.fractions is not None:
        own = found.mixture
        rows = pd.DataFrame({"fraction": found.fractions.names, "call": own.calls, "reason": own.reasons})
        parts = {
            "share": (own.share, own.share_low, own.share_high),
            "of_class": (own.profile, own.profile_low, own.profile_high),
        }
        for k, name in enumerate(own.classes):
            for word, (middle, low, high) in parts.items():
                rows[f"{name}_{word}"] = middle[:, k]
                rows[f"{name}_{word}_low"], rows[f"{name}_{word}_high"] = low[:, k], high[:, k]
        return rows
    made = found.classified
    assert made is not None  # noqa: S101  # of every kind but fractions
    best = [made.classes[k] for k in made.best]
    counted = (made.used & ~np.isnan(found.readings.values)).sum(axis=1)
    rows = pd.DataFrame({
        "id": found.readings.ids, "call": [one.call for one in found.calls],
        "basis": [one.basis for one in found.calls], "most_probable": best,
        "evidence_bits": [one.bits for one in found.calls], "support": made.support, "markers_used": counted,
    })  # fmt: skip
    for k, name in enumerate(made.classes):
        rows[f"{name}_probability"] = made.probability[:, k]
        rows[f"{name}_low"], rows[f"{name}_high"] = made.low[:, k], made.high[:, k]
    lower, higher = (_with_odds(made, factor) for factor in (1 / ODDS, ODDS))
    rows["probability_at_quarter_odds"], rows["probability_at_four_times_odds"] = lower, higher
    rows["reason"] = [one.reason for one in found.calls]
    return rows


def _with_odds(made: Classified, factor: float) -> np.ndarray[Any, Any]:
    """Return the probability of each row's best class if its prior odds are multiplied."""
    own = made.probability[np.arange(len(made.best)), made.best]
    return np.asarray(own * factor / (own * factor + 1 - own))


def list_evidence(found: Identification) -> pd.DataFrame:
    """Return one row per value that counted: how far it moved the best class from the runner-up, in bits."""
    import pandas as pd

    made = found.classified
    rows = []
    if made is not None:
        bits, used = made.bits(), made.used & ~np.isnan(found.readings.values)
        for row, place in zip(*np.nonzero(used), strict=True):
            feature = found.readings.features[place]
            best, second = made.best[row], made.second[row]
            value = _shown(feature, found.readings.values[row, place])
            left = float(made.belief.agreement[place, [best, second]].min())
            name, bit = found.readings.ids[row], bits[row, place]
            rows.append((name, str(feature), value, bit, made.classes[best], made.classes[second], left))
    return pd.DataFrame(rows, columns=["id", "evidence", "value", "bits", "for", "against", "weight_left"])


def _shown(feature: Feature, value: float) -> float:
    return float(value if feature.quantity in ("present", *DENSITIES) else np.exp2(value))


def list_contradictions(found: Identification) -> pd.DataFrame:
    """Return every statement of the features of the table that others contradict, side by side with them."""
    import pandas as pd

    from migralab.isolation.identity.belief import believe

    features = [
        Feature(own.marker, "intensity") if own.quantity == "present" else own for own in found.readings.features
    ]
    features = list(dict.fromkeys(features))
    belief = believe(found.panel, features)
    rows = []
    for place, feature in enumerate(features):
        for k, name in enumerate(belief.classes):
            if belief.agreement[place, k] >= CONTRADICTED:
                continue
            left = float(belief.agreement[place, k])
            rows += [
                (str(feature), name, one.said, one.source, one.where, one.tag, left)
                for one in evidence_for(found.panel, feature, name)
            ]
    return pd.DataFrame(rows, columns=["evidence", "class", "says", "source", "where", "tag", "weight_left"])


def describe(found: Identification) -> dict[str, Any]:
    """Return everything as plain data, for JSON."""
    content: dict[str, Any] = {
        "kind": found.kind, "table": found.source, "panel": found.panel.name, "left_out": list(found.panel.without),
        "prior": found.prior, "temper": TEMPER, "notes": list(found.notes),
        "calls": list_calls(found).to_dict("records"),
        "evidence": list_evidence(found).to_dict("records"),
        "contradictions": list_contradictions(found).to_dict("records"),
        "proteins": [{name: getattr(one, name) for name in one.__slots__} for one in found.counts],
        "report_card": [{"asked": one.asked, "status": one.status, "said": one.said} for one in found.card],
    }  # fmt: skip
    plain: dict[str, Any] = _plain(content)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(own) for own in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return round(value, 6) if np.isfinite(value) else None
    return value
