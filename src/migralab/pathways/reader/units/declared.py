"""What unit each thing in a model has, as the model declares it."""

from __future__ import annotations

from typing import Any

from migralab.pathways.reader.units.unit import NUMBER, Unit, of_definition, of_kind

# Levels 1 and 2 have these without being asked (SBML Level 2 Version 5, table 2)
_PREDEFINED = {"substance": "mole", "volume": "litre", "area": "", "length": "metre", "time": "second"}
_BY_DIMENSIONS = {3.0: "volume", 2.0: "area", 1.0: "length"}


class DeclaredUnits:
    """Answers which unit something has; None is: not declared.

    Parameters
    ----------
    model
        libsbml's model.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.level = model.getLevel()
        self._defined = {own.getIdAttribute(): of_definition(own) for own in model.getListOfUnitDefinitions()}

    def by_name(self, name: str) -> Unit | None:
        """Return the unit that a name means."""
        if not name:
            return None
        if name in self._defined:
            return self._defined[name]
        if self.level < 3 and name in _PREDEFINED:
            metre = of_kind("metre")
            return metre.to_power(2.0) if name == "area" and metre else of_kind(_PREDEFINED[name])
        return of_kind(name)

    def _default(self, what: str) -> Unit | None:
        """Return the unit of a model as a whole: ``"substance"``, ``"time"``, ``"volume"``, ``"extent"``, ..."""
        if self.level < 3:
            return self.by_name("substance" if what == "extent" else what)
        return self.by_name(getattr(self.model, f"get{what.capitalize()}Units")())

    @property
    def time(self) -> Unit | None:
        """Unit of time."""
        return self._default("time")

    @property
    def time_unit_s(self) -> float | None:
        """Seconds in the unit of time."""
        time = self.time
        return time.factor if time is not None and time.powers == (("second", 1.0),) else None

    @property
    def extent(self) -> Unit | None:
        """Unit in which reactions are counted."""
        return self._default("extent")

    def law(self, law: Any) -> Unit | None:
        """Return the unit that a kinetic law must have."""
        substance = self.by_name(law.getSubstanceUnits()) if law.isSetSubstanceUnits() else self.extent
        time = self.by_name(law.getTimeUnits()) if law.isSetTimeUnits() else self.time
        return None if substance is None or time is None else substance / time

    def size(self, compartment: Any) -> Unit | None:
        """Return the unit of a compartment's size."""
        if compartment.isSetUnits():
            return self.by_name(compartment.getUnits())
        dimensions = compartment.getSpatialDimensionsAsDouble()
        if dimensions == 0.0:
            return NUMBER
        return self._default(_BY_DIMENSIONS[dimensions]) if dimensions in _BY_DIMENSIONS else None

    def amount(self, species: Any) -> Unit | None:
        """Return the unit of a species' amount."""
        return (
            self.by_name(species.getSubstanceUnits()) if species.isSetSubstanceUnits() else self._default("substance")
        )

    def concentration(self, species: Any) -> Unit | None:
        """Return the unit of a species' concentration."""
        amount = self.amount(species)
        if species.isSetSpatialSizeUnits():
            size = self.by_name(species.getSpatialSizeUnits())
        else:
            compartment = self.model.getCompartment(species.getCompartment())
            size = self.size(compartment) if compartment is not None else None
        return None if amount is None or size is None else amount / size

    def of(self, element: Any, what: str = "own", *, counts_amount: bool = False) -> Unit | None:
        """Return the unit of a compartment, species, parameter or species reference.

        Parameters
        ----------
        what
            ``"own"``, ``"amount"`` or ``"concentration"``.
        counts_amount
            Of a species: whether its name means its amount.
        """
        kind = element.getElementName()
        if kind == "species":
            is_amount = counts_amount if what == "own" else what == "amount"
            return self.amount(element) if is_amount else self.concentration(element)
        if kind == "compartment":
            return self.size(element)
        if kind in {"parameter", "localParameter"}:
            return self.by_name(element.getUnits())
        return NUMBER
