"""Vesicles in a centrifuge: what a medium is like, how a particle moves in it, how a gradient changes. SI units."""
