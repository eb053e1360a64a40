"""How cells move: speed, persistence, turning, order of directions. Simulated and real tracks alike."""
