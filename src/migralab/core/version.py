"""The version of migralab; part of the key of every run."""

VERSION = "0.1.0"
