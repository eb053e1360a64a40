"""Claims judged from virtual micrographs: simulate, image, measure, judge. Theory: docs/theory/imaging-recovery.md."""
