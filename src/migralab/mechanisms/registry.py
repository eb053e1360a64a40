"""The list of all mechanisms. Adding one is one file, one line here, and its test."""

from __future__ import annotations

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

MECHANISMS = {
    mechanism.name: mechanism
    for mechanism in (
        Adhesion, Walk, Contact, Displacement, RearWidth, RetractionFibre, Breakage, Nucleation, Growth, Fate,
    )
}  # fmt: skip
