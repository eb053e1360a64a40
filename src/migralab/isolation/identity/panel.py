"""A panel of markers: what is stated of each, found under any of its names."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass

from migralab.core.errors import UnknownIdError
from migralab.isolation.identity.document import Marker, PanelDocument, PanelSource, VesicleClass


@dataclass(frozen=True)
class Panel:
    """The markers with their statements.

    Parameters
    ----------
    document
        As it stands in the file.
    name
        What messages and pages call it.
    without
        Keys of sources whose statements do not count.
    """

    document: PanelDocument
    name: str
    without: tuple[str, ...] = ()

    @property
    def classes(self) -> dict[str, VesicleClass]:
        """The classes by key, in the order of the file."""
        return self.document.classes

    @property
    def markers(self) -> dict[str, Marker]:
        """The markers by key."""
        return self.document.markers

    @property
    def sources(self) -> dict[str, PanelSource]:
        """The sources by key."""
        return self.document.sources

    @functools.cached_property
    def _names(self) -> dict[str, str]:
        return {
            plain_name(name): key for key, marker in self.markers.items() for name in (key, *marker.aliases)
        }  # fmt: skip

    def find(self, name: str) -> str | None:
        """Return the key of the marker of this name, None where there is none; case, spaces and dashes do not count."""
        return self._names.get(plain_name(name))

    def group(self, marker: str) -> str:
        """Return what a marker counts together with: itself where nothing is said; an empty text stays so."""
        return (self.markers[marker].together or marker) if marker else ""

    def known_names(self) -> list[str]:
        """Return every name under which a marker is known."""
        return [name for key, marker in self.markers.items() for name in (key, *marker.aliases)]

    def leave_out(self, keys: Iterable[str]) -> Panel:
        """Return the panel without the statements of some sources.

        Raises
        ------
        UnknownIdError
            If it has no such source.
        """
        keys = tuple(keys)
        for key in keys:
            if key not in self.sources:
                raise UnknownIdError("source", key, self.sources)
        document, dropped = self.document, {*self.without, *keys}
        markers = {
            key: marker.model_copy(
                update={"statements": tuple(one for one in marker.statements if one.source not in dropped)}
            )
            for key, marker in document.markers.items()
        }
        kept = document.model_copy(
            update={
                "markers": markers,
                "diameter": tuple(one for one in document.diameter if one.source not in dropped),
                "density": tuple(one for one in document.density if one.source not in dropped),
            }
        )
        return Panel(document=kept, name=self.name, without=tuple(sorted(dropped)))


def plain_name(name: str) -> str:
    """Return a name of a marker without case, spaces, dashes and the prefix of human microRNAs."""
    bare = "".join(letter for letter in name.casefold() if letter.isalnum())
    return bare.removeprefix("hsa") if bare.startswith("hsamir") else bare
