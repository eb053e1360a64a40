"""Entries of the catalogue on paper: their causal graphs, a page each with verdicts, and the overview of all."""
