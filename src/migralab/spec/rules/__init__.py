"""Rules of cells as sentences: read, written, and taken over from PhysiCell."""
