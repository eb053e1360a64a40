"""The network of a model's text: read once, then taken from the cache, so that libsbml need not be loaded again."""

from __future__ import annotations

from migralab.pathways.generate import store
from migralab.pathways.network import Network


def load_network(text: str, name: str) -> Network:
    """Return the network of a model in Antimony or SBML; `name` stands for the file in messages."""
    return store.load(text, name, _read)


def _read(text: str, name: str) -> Network:
    from migralab.pathways.reader import read_model  # it loads libsbml, which takes a quarter of a second

    return read_model(text, name)
