"""What cells leave behind: counts, fibres, sizes, growth, lifetimes, order along the trail."""
