"""The membrane: shapes of a fibre with a stiff domain, diagrams of them, dynamics, junctions, the law of growth."""
