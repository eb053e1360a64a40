"""What a run leaves behind, readable without the simulator."""
