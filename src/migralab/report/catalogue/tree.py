"""The causal graph of an entry as text: a tree in which branches, joins and loops can be followed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from migralab.report.catalogue.layers import Layered, components, in_layers
from migralab.spec.arms.arm import Edge
from migralab.spec.experiment import Experiment

LINES = {"perturbed": "━━", "associated": "╌╌", "asserted": "··"}
"""How an arrow looks by class of evidence."""

ENDS = {"+": "▶", "-": "┤", "?": "?"}
COLOURS = {"perturbed": "\x1b[34m", "associated": "\x1b[33m", "asserted": "\x1b[2m"}
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_ASCII = str.maketrans({"━": "=", "╌": "-", "·": ".", "▶": ">", "┤": "|", "│": "|", "├": "+", "╰": "`", "↺": "@"})

_LEGEND = (
    "━━ perturbed: somebody changed the cause", "╌╌ associated: seen together", "·· asserted: nobody has shown it",
    "▶ raises", "┤ lowers", "? sign not known or asked", "↺ closes a loop", "[arms that touch the arrow]",
    "* proposed arm",
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class _Tree:
    """What has been drawn so far of one part of the graph."""

    edges: Sequence[Edge]
    layered: Layered
    arms: Mapping[str, list[str]]
    width: int
    colour: bool
    drawn: set[str] = field(default_factory=set)


def draw_tree(experiment: Experiment, arms: Mapping[str, list[str]], *, width: int, colour: bool) -> list[str]:
    """Return the graph as lines, none longer than `width` (without the codes of colours).

    A node stands once with what follows from it, below the last arrow that leads to it; where other arrows lead to
    the same node it is only named, as a join or as the end of a loop.

    Parameters
    ----------
    arms
        Arms by the name of the edge that they touch.
    colour
        Whether to colour arrows by their evidence, for a terminal.
    """
    lines: list[str] = []
    pairs = {(edge.source, edge.target): edge for edge in experiment.graph}
    loops = [pair for pair in pairs if pair[0] == pair[1]]
    for group in components([pair for pair in pairs if pair not in loops]):
        layered = in_layers(group)
        own = [pairs[pair] for pair in (*group, *(loop for loop in loops if loop[0] in layered.nodes))]
        tree = _Tree(edges=own, layered=layered, arms=arms, width=width, colour=colour)
        acted_on = {target for source, target in group if (source, target) not in tree.layered.feedback}
        for root in tree.layered.nodes:
            if root not in acted_on:
                lines.append(_bold(root[:width], colour))
                lines += _branches(tree, root, "")
    return [line for line in lines if line]


def draw_legend(width: int) -> list[str]:
    """Return what the marks mean, as lines that keep within `width`."""
    lines = [""]
    for words in _LEGEND:
        joined = f"{lines[-1]}   {words}" if lines[-1] else words
        if len(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(words[:width])
    return lines


def plain(lines: Iterator[str] | Sequence[str]) -> list[str]:
    """Return lines in ASCII, for a terminal that knows no other letters."""
    return [line.translate(_ASCII) for line in lines]


def _branches(tree: _Tree, name: str, indent: str) -> Iterator[str]:
    tree.drawn.add(name)
    out = [edge for edge in tree.edges if edge.source == name]
    for place, edge in enumerate(out):
        last = place == len(out) - 1
        further = _is_drawn_here(tree, edge)
        yield _arrow(tree, edge, indent + ("╰" if last else "├"), further=further)
        if further:
            yield from _branches(tree, edge.target, indent + ("    " if last else "│   "))


def _is_drawn_here(tree: _Tree, edge: Edge) -> bool:
    """Whether what follows from the target of `edge` is drawn below this arrow: the deepest, else the last one."""
    if (edge.source, edge.target) in tree.layered.feedback or edge.source == edge.target:
        return False
    if edge.target in tree.drawn:
        return False
    into = [e for e in tree.edges if e.target == edge.target and (e.source, e.target) not in tree.layered.feedback]
    deepest = max(tree.layered.depth[e.source] for e in into)
    return next(e for e in into if tree.layered.depth[e.source] == deepest) is edge


def _arrow(tree: _Tree, edge: Edge, indent: str, *, further: bool) -> str:
    loop = (edge.source, edge.target) in tree.layered.feedback or edge.source == edge.target
    head = f"{LINES[edge.evidence]}{ENDS[edge.sign]} "
    count = sum(e.target == edge.target for e in tree.edges)
    if loop:
        name = f"↺ {edge.target}"
    elif further:
        name = edge.target + (f" ({count} arrows lead here)" if count > 1 else "")
    else:
        name = f"{edge.target} (joins, see {'above' if edge.target in tree.drawn else 'below'})"
    room = tree.width - len(indent) - len(head)
    name = name if len(name) <= room else name[: max(1, room - 1)] + "~"
    after = _fitting(tree.arms.get(edge.name, []), room - len(name) - 1)
    if not tree.colour:
        return f"{indent}{head}{name}{after}"
    return f"{indent}{COLOURS[edge.evidence]}{head}{_PLAIN}{_bold(name, further)}{COLOURS['asserted']}{after}{_PLAIN}"


def _fitting(arms: Sequence[str], room: int) -> str:
    """Return as many arms as fit in brackets, and how many are left."""
    for kept in range(len(arms), -1, -1):
        more = len(arms) - kept
        words = [*arms[:kept], *([f"{more} more" if kept else f"{more} arms"] if more else [])]
        text = f"  [{', '.join(words)}]"
        if words and len(text) <= room:
            return text
    return ""


def _bold(text: str, wanted: bool) -> str:  # noqa: FBT001  # one word says it
    return f"{_BOLD}{text}{_PLAIN}" if wanted else text
