"""The bench half of the field: what leaves a centrifuge, what a vesicle is, and what a count in urine can tell."""
