"""Both stages of formation in time: what is simulated, the steps, the course, and what is told of it."""
