"""Statistics that the observables share: intervals, counts with more spread than Poisson, lifetimes."""
