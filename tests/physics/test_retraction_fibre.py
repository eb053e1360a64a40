import numpy as np
import pytest

from migralab.physics.attachments import stationary_density
from tests.dish import ALWAYS_MOVING, found_dish

FIBRES = (
    "motility.adhesion",
    "motility.walk",
    "motility.displacement",
    "biogenesis.rear-width",
    "biogenesis.retraction-fibre",
)
STRAIGHT = {"motility.walk": ALWAYS_MOVING["motility.walk"] | {"persistence": "1e9 min"}}
WIDE = {"biogenesis.rear-width": {"straight_width": "60 um"}}


def lay(cells=120, hours=8.0, dt=60.0, speed="0.5 um/min", **fibre):
    changes = STRAIGHT | WIDE | {"biogenesis.retraction-fibre": {"convergence": "1e9 um"} | fibre}
    changes["motility.walk"] = changes["motility.walk"] | {"speed": speed}
    engine, state = found_dish(cells=cells, dt=dt, changes=changes, names=FIBRES)
    engine.run(state, round(hours * 3600 / dt))
    return state


def densities(state, after=60.0):
    """Return (attachments per um of rear, tips per area, junctions per tip) on ground past `after` um."""
    cells, fibres = state["cells"], state["fibres"]
    kind = fibres["kind"][fibres["path"] > after]
    area = ((cells["path"] - after) * cells["rear_width"]).sum()
    return (
        state["rears"]["attachments"].sum() / cells["rear_width"].sum(),
        (kind == 1).sum() / area,
        (kind == 2).sum() / (kind == 1).sum(),
    )


@pytest.mark.parametrize(("anchors", "wander"), [(0.11, 0.10), (0.05, 0.20)])
def test_density_follows_the_exact_law_of_coalescence(anchors, wander):
    state = lay(anchor_density=f"{anchors} 1/um^2", wander=f"{wander} um^2/um", quantum="0.05 um")
    rho, laid, ratio = densities(state)
    # 120 rears of 60 um: 2 % of counting noise; the edges of the rear and the grain add up to 2 %
    assert rho == pytest.approx(stationary_density(anchors, wander), rel=0.04)
    assert laid == pytest.approx(anchors, rel=0.03)
    assert ratio == pytest.approx(1.0, abs=0.02)  # in the steady state each tip ends in a junction


def test_mean_field_would_be_seen_to_be_wrong():
    rho, _, _ = densities(lay(quantum="0.05 um"))
    assert abs(rho - 0.683 * (0.11 / 0.10) ** (1 / 3)) / rho > 0.08


def test_density_does_not_depend_on_speed_or_tick():
    slow, fast = (densities(lay(speed=v, hours=h))[0] for v, h in (("0.4 um/min", 8.0), ("1.6 um/min", 2.0)))
    assert slow == pytest.approx(fast, rel=0.04)
    coarse, fine = (lay(cells=40, dt=dt, hours=4.0) for dt in (120.0, 30.0))
    # The cells run straight, so the same anchors are laid at the same places whatever the tick
    assert abs(coarse["fibres"].n - fine["fibres"].n) <= 0.002 * fine["fibres"].n
    np.testing.assert_allclose(coarse["cells"]["fibre_laid"], fine["cells"]["fibre_laid"], rtol=0.01)


def test_a_finer_grain_changes_little():
    coarse, fine = (densities(lay(quantum=q))[0] for q in ("0.125 um", "0.03125 um"))
    assert coarse == pytest.approx(fine, rel=0.04)


def test_the_network_is_a_forest_that_ends_at_the_rear():
    engine, state = found_dish(cells=20, names=FIBRES)
    engine.run(state, 400)
    fibres = state["fibres"]
    parent, kind = fibres["parent"], fibres["kind"]
    rows = np.arange(fibres.n)
    assert (parent[parent >= 0] > rows[parent >= 0]).all(), "a parent is laid after its children"
    children = np.bincount(parent[parent >= 0], minlength=fibres.n)
    assert (children[kind == 1] == 0).all()
    assert (children[kind == 2] == 2).all()
    assert (children[kind == 0] == 1).all()
    assert (parent < 0).sum() == state["rears"]["attachments"].sum()
    same_cell = fibres["cell"][rows[parent >= 0]] == fibres["cell"][parent[parent >= 0]]
    assert same_cell.all()


def test_laid_length_is_the_length_of_the_edges():
    engine, state = found_dish(cells=20, names=FIBRES)
    engine.run(state, 400)
    fibres = state["fibres"]
    has = fibres["parent"] >= 0
    up = fibres["parent"][has]
    length = np.hypot(*(fibres[c][has].astype(float) - fibres[c][up] for c in "xy"))
    by_cell = np.bincount(fibres["cell"][has], length, minlength=20)
    np.testing.assert_allclose(by_cell, state["cells"]["fibre_laid"], rtol=1e-4, atol=1e-3)  # float32 positions


def test_a_cell_pushed_backwards_lays_nothing():
    engine, state = found_dish(
        cells=2, names=("motility.adhesion", "biogenesis.rear-width", "biogenesis.retraction-fibre")
    )
    cells = state["cells"]
    for _ in range(20):
        cells["position"][:] -= 0.5 * cells["heading"]
        engine.run(state, 1)
    assert state["fibres"].n == 0
    assert (cells["path"] == 0).all()


def test_turning_narrows_the_rear_and_a_straight_cell_keeps_it():
    wide, narrow = [], []
    for persistence, widths in (("1e9 min", wide), ("15 min", narrow)):
        changes = {"motility.walk": ALWAYS_MOVING["motility.walk"] | {"persistence": persistence}}
        engine, state = found_dish(cells=200, changes=changes, names=FIBRES)
        engine.run(state, 200)
        widths.append(state["cells"]["rear_width"].mean())
    assert wide[0] == pytest.approx(12.0, rel=1e-3)
    # mean |d theta|/sqrt(dt) of a Brownian heading is sqrt(2/pi) sqrt(2/P)
    omega = np.sqrt(2 / np.pi) * np.sqrt(2 / 15)
    assert narrow[0] == pytest.approx(12 / (1 + (omega / 0.4) ** 2), rel=0.05)


def test_too_many_attachments_end_the_run_with_advice():
    from migralab.core.errors import BreakdownError

    with pytest.raises(BreakdownError, match="anchor_density"):
        lay(cells=5, hours=4, anchor_density="3 1/um^2")
