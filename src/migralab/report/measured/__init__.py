"""The page of one measurement: what was found, how sure it is, what was edited, and every threshold."""
