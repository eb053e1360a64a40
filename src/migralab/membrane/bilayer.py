"""Numbers of a lipid bilayer that the whole room shares, in um, s and pN."""

KT = 4.28e-3
"""pN um at 310 K."""
BENDING = 20.0 * KT
"""pN um; a bilayer has 10 to 25 kT (S, evidence/biogenesis.md 1.6)."""
LYSIS = 5000.0
"""pN/um, the lower end of 5 to 10 mN/m at which a bilayer tears (S, evidence/biogenesis.md 1.6)."""
THICKNESS = 0.005
"""um; of a bilayer with its proteins (E)."""
