"""The list of all mechanisms. Adding one is one file, one line here, and its test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from migralab.mechanisms.biogenesis.breakage import Breakage
from migralab.mechanisms.biogenesis.fate import Fate
from migralab.mechanisms.biogenesis.growth import Growth
from migralab.mechanisms.biogenesis.nucleation import Nucleation
from migralab.mechanisms.biogenesis.rear_width import RearWidth
from migralab.mechanisms.biogenesis.retraction_fibre import RetractionFibre
from migralab.mechanisms.biogenesis.shedding import Shedding
from migralab.mechanisms.motility.adhesion import Adhesion
from migralab.mechanisms.motility.alignment import Alignment
from migralab.mechanisms.motility.contact import Contact
from migralab.mechanisms.motility.displacement import Displacement
from migralab.mechanisms.motility.walk import Walk
from migralab.mechanisms.phenotype.barrier import Barrier
from migralab.mechanisms.phenotype.clotting import Clotting
from migralab.mechanisms.phenotype.death import Death
from migralab.mechanisms.phenotype.differentiation import Differentiation
from migralab.mechanisms.phenotype.division import Division
from migralab.mechanisms.phenotype.fusion import Fusion
from migralab.mechanisms.phenotype.lumen import Lumen
from migralab.mechanisms.phenotype.neighbours import Neighbours
from migralab.mechanisms.phenotype.sprouting import Sprouting
from migralab.mechanisms.pools.compartment import Compartment
from migralab.mechanisms.recipients.add_back import AddBack
from migralab.mechanisms.recipients.chemotaxis import Chemotaxis
from migralab.mechanisms.recipients.contact_guidance import ContactGuidance, Trails
from migralab.mechanisms.recipients.endosome import Endosome
from migralab.mechanisms.recipients.phenotype import Phenotype
from migralab.mechanisms.recipients.receptors import Receptors
from migralab.mechanisms.recipients.recruitment import Recruitment
from migralab.mechanisms.recipients.uptake import Uptake
from migralab.mechanisms.signals.bath import Bath
from migralab.mechanisms.signals.bead import Bead
from migralab.mechanisms.signals.cargo import Cargo
from migralab.mechanisms.signals.diffusing import Diffusing
from migralab.mechanisms.signals.matrix_bound import MatrixBound
from migralab.mechanisms.signals.membrane_bound import MembraneBound
from migralab.mechanisms.signals.mitochondria import Mitochondria
from migralab.mechanisms.signals.release import Release
from migralab.mechanisms.signals.secretion import Secretion
from migralab.spec.pathway import ROOM, Pathway

MECHANISMS: dict[str, Any] = {
    mechanism.name: mechanism
    for mechanism in (
        Adhesion, Walk, Contact, Alignment, Displacement, RearWidth, RetractionFibre, Breakage, Nucleation, Growth,
        Fate, Shedding,
        Cargo, Mitochondria, Release, Bead, Secretion, Diffusing, MatrixBound, MembraneBound,
        Bath, Receptors, Chemotaxis, Trails, ContactGuidance,
        Uptake, Endosome, AddBack, Recruitment, Compartment,
        Phenotype, Division, Death, Differentiation, Fusion, Sprouting, Lumen, Barrier, Clotting,
        Neighbours,
    )
}  # fmt: skip

TARGETED = frozenset({Differentiation.name, Fusion.name, Neighbours.name, Recruitment.name})
"""Mechanisms that speak of a population, as ``phenotype.fusion@osteoclast``."""

SEVERAL = TARGETED | frozenset(
    {Diffusing.name, MatrixBound.name, MembraneBound.name, Bath.name, Secretion.name, Receptors.name, Chemotaxis.name}
)
"""Mechanisms of which an experiment may have several, as ``signals.diffusing@vegf``: one for each."""


def kinds_for(names: Iterable[str], pathways: Mapping[str, Pathway]) -> dict[str, Any]:
    """Return the mechanisms that an experiment may have: all of `MECHANISMS`, and the pathways that it names.

    Parameters
    ----------
    names
        Mechanisms of the experiment.
    pathways
        Its own networks.

    Raises
    ------
    PathwayError
        If the model of one of them cannot be read, or does not fit its seams.
    """
    found = dict(MECHANISMS)
    for name in names:
        if name.startswith(ROOM):
            from migralab.mechanisms.pathways.kind import find_kind  # here: it reads models, which takes libsbml

            if (kind := find_kind(name, pathways)) is not None:
                found[name] = kind
    return found
