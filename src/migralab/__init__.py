"""migralab: a virtual laboratory for migrasomes."""

__version__ = "0.1.0"
