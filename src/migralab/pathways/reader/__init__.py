"""Antimony or SBML text -> `Network`: everything that is supported is interpreted here, the rest is refused."""

from migralab.pathways.reader.read import read_model, read_model_file

__all__ = ["read_model", "read_model_file"]
