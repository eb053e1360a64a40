"""What is done with a specimen over time: stacks, series that bleach and drift, FRAP, the load of a reporter."""
