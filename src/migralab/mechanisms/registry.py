"""The list of all mechanisms. Adding one is one file, one line here, and its test."""

from __future__ import annotations

from typing import Any

from migralab.mechanisms.biogenesis.breakage import Breakage
from migralab.mechanisms.biogenesis.fate import Fate
from migralab.mechanisms.biogenesis.growth import Growth
from migralab.mechanisms.biogenesis.nucleation import Nucleation
from migralab.mechanisms.biogenesis.rear_width import RearWidth
from migralab.mechanisms.biogenesis.retraction_fibre import RetractionFibre
from migralab.mechanisms.motility.adhesion import Adhesion
from migralab.mechanisms.motility.contact import Contact
from migralab.mechanisms.motility.displacement import Displacement
from migralab.mechanisms.motility.walk import Walk
from migralab.mechanisms.signals.bead import Bead
from migralab.mechanisms.signals.cargo import Cargo
from migralab.mechanisms.signals.delivered_dose import DeliveredDose
from migralab.mechanisms.signals.diffusing import Diffusing
from migralab.mechanisms.signals.matrix_bound import MatrixBound
from migralab.mechanisms.signals.membrane_bound import MembraneBound
from migralab.mechanisms.signals.mitochondria import Mitochondria
from migralab.mechanisms.signals.release import Release

MECHANISMS: dict[str, Any] = {
    mechanism.name: mechanism
    for mechanism in (
        Adhesion, Walk, Contact, Displacement, RearWidth, RetractionFibre, Breakage, Nucleation, Growth, Fate,
        Cargo, Mitochondria, Release, Bead, Diffusing, MatrixBound, MembraneBound,
        DeliveredDose,
    )
}  # fmt: skip

SEVERAL = frozenset({Diffusing.name, MatrixBound.name})
"""Mechanisms of which an experiment may have several, as ``signals.diffusing@vegf``: one for each substance."""
