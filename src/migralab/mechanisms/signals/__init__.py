"""Mechanisms of this room; the list of all is in `migralab.mechanisms.registry`."""
