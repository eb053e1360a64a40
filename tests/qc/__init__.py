"""A second, independent reading of every entry's numbers from the evidence, compared with the first."""
