"""The page of an identification as one HTML file, and the same in words for the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from migralab.core.version import VERSION
from migralab.isolation.identity.card import MISSING, NOT_APPLICABLE, SHOWN
from migralab.isolation.identity.classify import TEMPER
from migralab.isolation.identity.identify import Identification, list_calls, list_contradictions
from migralab.isolation.identity.rules import LEAST_BITS, LEAST_PROBABILITY, LEAST_SUPPORT, NO_CALL
from migralab.report.figures.figure import Figure
from migralab.report.template import fill_template
from migralab.report.wording import number

ROWS_SHOWN = 200
ROWS_SAID = 40
_BADGES = {SHOWN: "pass", MISSING: "fail", NOT_APPLICABLE: "none"}
_THINGS = {"vesicles": "rows", "fractions": "fractions", "proteomics": "sample"}


def render_identification(found: Identification, figures: Mapping[str, Figure]) -> str:
    """Return the page as the text of an HTML file."""
    rows = list_rows(found)
    return fill_template(
        "identify.html",
            source=found.source, things=_THINGS[found.kind], notes=found.notes, cards=_list_cards(found, rows),
            prior=say_prior(found), figures=list(figures.values()), columns=list(rows[0]),
            rows=[list(row.values()) for row in rows[:ROWS_SHOWN]], total=len(rows),
            contradictions=list_contradictions(found).to_dict("records"), card=found.card, badges=_BADGES,
            facts=_list_facts(found),
    )  # fmt: skip


def say_identification(found: Identification) -> list[str]:
    """Return the answer as lines for a terminal."""
    rows = list_rows(found)
    width = max(len(str(row["row"])) for row in rows[:ROWS_SAID])
    lines = []
    for row in rows[:ROWS_SAID]:
        lines.append(f"{row['row']:<{width}}  {row['call']:<15} {row['probability']}")
        if row["why not"]:
            lines.append(f"{'':<{width}}  {row['why not']}")
    if len(rows) > ROWS_SAID:
        lines.append(f"... and {len(rows) - ROWS_SAID} more rows; -o DIR writes all.")
        lines += [f"{count} rows: {call}" for call, count in Counter(row["call"] for row in rows).most_common()]
    for one in found.counts:
        chance = f"chance {one.chance:.0%}, p {number(one.p, 2)}" if one.seen else "none of them is in the sample"
        share = f"{one.share:.0%} ({one.low:.0%} to {one.high:.0%}); " if one.seen else ""
        lines.append(f"proteins of {one.vesicle_class}: {one.enriched} of {one.seen} enriched, {share}{chance}")
    lines += ["", say_prior(found)]
    lines += _say_contradictions(found)
    lines.append("")
    lines += [f"{line.status:<15} {line.asked}: {line.said}" for line in found.card]
    return lines


def list_rows(found: Identification) -> list[dict[str, str]]:
    """Return row, call, probability with interval and reason, in words."""
    table = list_calls(found)
    said = []
    for row in table.to_dict("records"):
        if found.mixture is not None:
            parts = sorted(found.mixture.classes, key=lambda name: -float(row[f"{name}_share"]))[:2]
            shares = [f"{name} {_percent(row, f'{name}_share', f'{name}_share')}" for name in parts]
            probability, name = ", ".join(shares), row["fraction"]
        else:
            best = row["most_probable"]
            probability = f"{best} {_percent(row, f'{best}_probability', best)}, {row['evidence_bits']:.1f} bits"
            name = row["id"]
        said.append(
            {"row": str(name), "call": str(row["call"]), "probability": probability, "why not": str(row["reason"])}
        )
    return said


def _percent(row: Mapping[Any, Any], middle: str, ends: str) -> str:
    low, high = row[f"{ends}_low"], row[f"{ends}_high"]
    return f"{row[middle]:.0%} ({low:.0%} to {high:.0%})"


def say_prior(found: Identification) -> str:
    """Return which prior was used, and what hangs on it."""
    if found.mixture is not None:
        return "Shares of a mixture have no prior. Intervals are 95 %."
    values = set(found.prior.values())
    used = "the same for all classes" if len(values) == 1 else ", ".join(f"{k} {v:g}" for k, v in found.prior.items())
    table = list_calls(found)
    called = table[table["call"] != NO_CALL]
    lost = int((called["probability_at_quarter_odds"] < LEAST_PROBABILITY).sum())
    hangs = f" At a quarter of the prior odds {lost} of {len(called)} calls would be lost." if len(called) else ""
    return (
        f"Prior: {used}.{hangs} Intervals are 95 %, over what is not known of the panel, widened where needed to hold "
        "the probability itself."
    )


def _say_contradictions(found: Identification) -> list[str]:
    table = list_contradictions(found)
    lines = []
    for (evidence, name), own in table.groupby(["evidence", "class"], sort=False):
        said = "; ".join(f"{one.says} ({one.source}, {one.where})" for one in own.itertuples())
        lines.append(f"Papers disagree on {evidence} in {name}, weight left {own['weight_left'].iloc[0]:.2f}: {said}")
    return lines


def _list_cards(found: Identification, rows: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    calls = Counter(row["call"] for row in rows)
    cards = [(call.replace("_", " "), str(count), f"of {len(rows)}") for call, count in calls.most_common()]
    status = Counter(line.status for line in found.card)
    asked = len(found.card) - status[NOT_APPLICABLE]
    return [*cards, ("report card", f"{status[SHOWN]} of {asked}", "lines shown")]


def _list_facts(found: Identification) -> list[tuple[str, str]]:
    sources = found.panel.sources
    return [
        ("panel", f"{found.panel.name}: {len(found.panel.markers)} markers, {len(sources)} sources"),
        ("left out", ", ".join(found.panel.without) or "no source"),
        (
            "a call needs",
            f"probability {LEAST_PROBABILITY:g}, {LEAST_BITS:g} bits, first in {LEAST_SUPPORT:.0%} of panels",
        ),
        ("exponent on the evidence", f"{TEMPER:g}"),
        ("migralab", VERSION),
        *((key, f"{own.title} {own.address}".strip()) for key, own in sources.items()),
    ]
