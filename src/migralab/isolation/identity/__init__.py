"""What a vesicle, a fraction or a sample is: class probabilities from marker evidence that is itself data."""
