"""Networks inside the cells as mechanisms, one for each pathway."""
