"""Networks inside a cell: Antimony or SBML text -> one compiled right-hand side for all cells at once."""
