"""People and the program: hand counts, blinded re-counts, agreement, and what a count misses."""
