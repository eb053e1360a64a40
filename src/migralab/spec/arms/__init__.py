"""Conditions of an experiment: its arms, and what changes in every arm at once."""
