"""The causal graph of an entry: its layers, its places on paper, its text on a terminal, and the file it goes to."""

from __future__ import annotations

import functools
import itertools
import re

import numpy as np
import pytest

from migralab.catalog.catalog import entry_ids, load_entry
from migralab.core.errors import RequestError
from migralab.report.catalogue.graph import arms_by_edge, draw_graph, write_graph
from migralab.report.catalogue.layers import components, crossings, in_layers, order_layers
from migralab.report.catalogue.layout import GAP, lay_out
from migralab.report.catalogue.tree import draw_legend, draw_tree, plain

LOOP = [("x", "a"), ("a", "b"), ("b", "c"), ("c", "d"), ("c", "a"), ("y", "c")]  # a -> b -> c -> a, and c is a join


@functools.cache
def experiment(name):
    return load_entry(name).experiment


def test_layers_are_longest_paths_and_the_edge_back_is_the_loop():
    layered = in_layers(LOOP)
    assert layered.feedback == {("c", "a")}
    assert layered.depth == {"x": 0, "a": 1, "b": 2, "c": 3, "d": 4, "y": 2}  # y stands above what it acts on


def test_parts_that_do_not_hang_together_are_apart():
    assert components([("a", "b"), ("x", "y"), ("b", "c"), ("y", "a")]) == [
        [("a", "b"), ("b", "c"), ("x", "y"), ("y", "a")]
    ]
    assert components([("a", "b"), ("x", "y")]) == [[("a", "b")], [("x", "y")]]


def test_crossings_are_counted_and_taken_away():
    layers, links = [[0, 1, 2], [3, 4, 5]], [(0, 5), (1, 4), (2, 3)]
    assert crossings(layers, links) == 3  # each pair of the three
    assert crossings(order_layers(layers, links), links) == 0


def boxes(places, sizes):
    return {
        name: (x - sizes[name][0] / 2, y - sizes[name][1] / 2, x + sizes[name][0] / 2, y + sizes[name][1] / 2)
        for name, (x, y) in places.items()
    }


def overlap(a, b):
    return min(a[2], b[2]) - max(a[0], b[0]) > 1e-9 and min(a[3], b[3]) - max(a[1], b[1]) > 1e-9


@pytest.mark.parametrize("entry", entry_ids())
def test_nothing_stands_over_anything_else(entry):
    """With sizes larger than those drawn, so that it holds for any font: 1 in for a node, 1.3 in for a label."""
    e = experiment(entry)
    edges = [(edge.source, edge.target) for edge in e.graph]
    nodes = {name: (1.0, 0.4) for edge in edges for name in edge}
    labels = {edge: (1.3, 0.5) for edge in edges if " -> ".join(edge) in arms_by_edge(e)}
    layout = lay_out(edges, nodes, labels, width=9.0)
    there = [*boxes(layout.nodes, nodes).values(), *boxes(layout.labels, labels).values()]
    assert len(there) == len(nodes) + len(labels)
    assert not [pair for pair in itertools.combinations(there, 2) if overlap(*pair)]
    assert min(box[0] for box in there) > -1e-9
    assert max(box[2] for box in there) < layout.size[0] + 1e-9
    for edge, route in layout.routes.items():
        ys = np.array([y for _, y in route])
        assert (np.diff(ys) < 0).all() if edge in layout.feedback else (np.diff(ys) > 0).all()
        for other, box in boxes(layout.labels, labels).items():
            if other != edge:  # no edge passes closer to a label than half a gap
                crossing = [x for x, y in route[1:-1] if box[1] < y < box[3]]
                assert not [x for x in crossing if box[0] - GAP / 2 < x < box[2] + GAP / 2]


@pytest.mark.parametrize("entry", entry_ids())
@pytest.mark.parametrize("width", [40, 100])
def test_tree_names_every_node_and_keeps_to_the_width(entry, width):
    e = experiment(entry)
    lines = draw_tree(e, arms_by_edge(e), width=width, colour=False)
    assert max(map(len, [*lines, *draw_legend(width)])) <= width
    assert "\x1b" not in "".join(lines)
    assert sum(bool(re.search("[▶┤?] ", line)) for line in lines) == len(e.graph)  # one line an arrow
    if width == 100:
        assert all(name in "\n".join(lines) for edge in e.graph for name in (edge.source, edge.target))
    assert all(line.isascii() for line in plain(lines) if line.isascii() or "β" not in line)


def test_tree_shows_the_loop_of_the_retina_and_the_join_before_it():
    e = experiment("retina-pvr")
    lines = draw_tree(e, arms_by_edge(e), width=100, colour=False)
    assert lines[0] == "TGF-b1"
    assert "        ╰━━▶ migrasomes (2 arrows lead here)  [tgfb-tspan4-loss]" in lines
    assert any(line.endswith("╰━━▶ ↺ migrasomes") for line in lines)
    coloured = draw_tree(e, arms_by_edge(e), width=100, colour=True)
    assert [re.sub("\x1b\\[[0-9]*m", "", line) for line in coloured] == lines


def test_svg_is_the_same_each_time_and_holds_its_text_as_text():
    e = experiment("retina-pvr")
    first, second = draw_graph(e), draw_graph(e)
    assert first == second
    text = first.decode("utf-8")
    for word in ("TGF-b1", "Smad2/3", "tgfb-open", "closes a loop", "perturbed"):
        assert f">{word}" in text or f"{word}" in re.sub("<[^>]+>", " ", text)
    assert "<dc:date>" not in text


def test_graph_goes_to_svg_or_png_and_nowhere_else(tmp_path):
    e = experiment("mitocytosis")
    write_graph(e, tmp_path / "graph.png")
    assert (tmp_path / "graph.png").read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(RequestError, match=r"ends in \.svg or \.png"):
        write_graph(e, tmp_path / "graph.pdf")
    with pytest.raises(RequestError, match="there is no folder"):
        write_graph(e, tmp_path / "no" / "graph.svg")
    with pytest.raises(RequestError, match="no causal graph"):
        write_graph(e.model_copy(update={"graph": ()}), tmp_path / "graph.svg")
