"""Whether a count of migrasomes in urine could diagnose anything, and how many patients it takes to show it."""
