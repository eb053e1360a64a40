"""Models of the size that people publish, written here: what a user may bring, beside the small ones of the library.

Their numbers have the magnitudes of such models but are made up; only the agreement of two programs is judged.
"""

from __future__ import annotations


def mapk_cascade() -> str:
    """Return a three-tier kinase cascade in elementary steps: 22 species, 30 reactions, rates over several decades.

    The scheme is that of Huang & Ferrell (1996, doi 10.1073/pnas.93.19.10078): each tier is activated by the one above
    and undone by a phosphatase, two phosphates each on the lower two.
    """
    steps = [  # enzyme, substrate, product
        ("E1", "KKK", "KKKp"),
        ("E2", "KKKp", "KKK"),
        ("KKKp", "KK", "KKp"),
        ("KKPase", "KKp", "KK"),
        ("KKKp", "KKp", "KKpp"),
        ("KKPase", "KKpp", "KKp"),
        ("KKpp", "K", "Kp"),
        ("KPase", "Kp", "K"),
        ("KKpp", "Kp", "Kpp"),
        ("KPase", "Kpp", "Kp"),
    ]
    lines = ["model mapk_cascade()", "  compartment cell = 1;"]
    species = dict.fromkeys(name for step in steps for name in step)
    lines += [f"  species {name} in cell;" for name in species]
    for enzyme, substrate, product in steps:
        bound = f"{enzyme}_{substrate}"
        lines += [
            f"  species {bound} in cell; {bound} = 0;",
            f"  {enzyme} + {substrate} -> {bound}; cell*bind*{enzyme}*{substrate};",
            f"  {bound} -> {enzyme} + {substrate}; cell*part*{bound};",
            f"  {bound} -> {enzyme} + {product}; cell*turn*{bound};",
        ]
    start = {"E1": 3e-5, "E2": 3e-4, "KKK": 3e-3, "KK": 1.2, "KKPase": 3e-4, "K": 1.2, "KPase": 0.12}
    lines += [f"  {name} = {start.get(name, 0.0)};" for name in species]
    return "\n".join([*lines, "  bind = 1000; part = 150; turn = 150;", "end", ""])


def signalling_network(tiers: int = 24) -> str:
    """Return tiers of a kinase with two phosphates and an inhibitor each: four species and five reactions a tier.

    Every tier drives the next, every third one brakes the first; rates differ from tier to tier, up to a thousandfold.
    """
    lines = ["model signalling_network()", "  compartment cell = 1.5;", "  drive := 1 + 0.5*sin(0.4*time);"]
    for n in range(tiers):
        pace = 10.0 ** (n % 4 - 2)
        above = "drive" if n == 0 else f"(0.05 + B{n - 1})"
        brake = f"/(1 + (I{tiers - 1}/0.5)^2)" if n % 3 == 0 else ""
        lines += [f"  species {stem}{n} in cell; {stem}{n} = {value};" for stem, value in _TIER]
        lines += [
            f"  A{n} -> P{n}; cell*{pace}*{above}*A{n}/(0.3 + A{n}){brake};",
            f"  P{n} -> A{n}; cell*{pace * 0.4}*P{n}/(0.2 + P{n});",
            f"  P{n} -> B{n}; cell*{pace}*{above}*P{n}/(0.4 + P{n});",
            f"  B{n} -> P{n}; cell*{pace * 0.6}*B{n}*(1 + I{n})/(0.2 + B{n});",
            f"  -> I{n}; cell*(0.1*B{n}^2/(0.25 + B{n}^2) - 0.2*I{n});",
        ]
    return "\n".join([*lines, "end", ""])


_TIER = (("A", 1.0), ("P", 0.0), ("B", 0.0), ("I", 0.0))
