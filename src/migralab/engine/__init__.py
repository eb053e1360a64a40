"""The time loop and the arrays it works on; knows no mechanism by name."""
