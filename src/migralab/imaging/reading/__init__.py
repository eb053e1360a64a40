"""Image files in, micrographs and lazily read series out; what a file does not say is asked for."""

from migralab.imaging.reading.micrograph import Micrograph, MicrographLike
from migralab.imaging.reading.series import Series, open_series, read_micrograph

__all__ = ["Micrograph", "MicrographLike", "Series", "open_series", "read_micrograph"]
