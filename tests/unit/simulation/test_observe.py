import numpy as np
import pytest

from migralab.catalog.catalog import load
from migralab.core.errors import RequestError
from migralab.simulation.batch import run_batch
from migralab.simulation.compile import compile_experiment
from migralab.simulation.observe import observe
from migralab.simulation.simulate import simulate
from migralab.spec.change import apply_setting


@pytest.fixture(scope="module")
def model():
    experiment = load("migrasome-formation").experiment
    for setting in ("dish.cells=10", "dish.output_every=120 min"):
        experiment = apply_setting(experiment, setting)
    return compile_experiment(experiment)


@pytest.fixture(scope="module")
def seen(model):
    return observe(simulate(model, 4), frames=range(7))


def test_stretches_add_up_to_the_edges_of_the_network(seen):
    nodes = seen["nodes"].set_index("node_id")
    has = nodes[nodes["parent_id"] >= 0]
    up = nodes.loc[has["parent_id"]]
    length = np.hypot(has["x_um"].to_numpy() - up["x_um"].to_numpy(), has["y_um"].to_numpy() - up["y_um"].to_numpy())
    fibres = seen.at("fibres")
    assert fibres["length_um"].sum() == pytest.approx(length.sum(), rel=1e-6)
    broken = length[(has["breaks_min"] <= 720).to_numpy()].sum()
    assert fibres.loc[fibres["broken"], "length_um"].sum() == pytest.approx(broken, rel=1e-6)
    assert (fibres["chord_um"] <= fibres["length_um"] * (1 + 1e-6)).all()


def test_laid_length_never_falls(seen):
    laid = [seen.at("fibres", frame)["length_um"].sum() for frame in range(7)]
    assert laid[0] == 0
    assert (np.diff(laid) >= -1e-9).all()


def test_every_tip_starts_a_stretch_and_ends_are_what_they_may_be(seen):
    fibres, nodes = seen.at("fibres"), seen["nodes"]
    heads = nodes["parent_id"] < 0
    tips = ((nodes["kind"] == "tip") & ~heads).sum()
    assert (fibres["start"] == "tip").sum() == tips
    assert set(fibres["start"]) <= {"tip", "junction", "break"}
    assert set(fibres["end"]) <= {"junction", "cell", "break"}
    assert not (fibres["attached"] & fibres["broken"]).any()


def test_each_migrasome_sits_on_a_stretch_of_its_own_cell(seen):
    migrasomes, fibres = seen.at("migrasomes"), seen.at("fibres").set_index("fibre_id")
    on = migrasomes[migrasomes["fibre_id"] >= 0]
    assert len(on) > 3
    own = fibres.loc[on["fibre_id"]]
    np.testing.assert_array_equal(own["cell_id"].to_numpy(), on["cell_id"].to_numpy())
    assert (on["along_um"].to_numpy() <= own["length_um"].to_numpy() + 1e-6).all()


def test_a_frame_that_does_not_exist_is_refused(model):
    with pytest.raises(RequestError, match="frames 0 to"):
        observe(simulate(model, 1), frames=[99])


def test_workers_do_not_change_a_batch(model):
    models = {"a": model, "b": model}
    one = run_batch(models, [1, 2], ["count.per_cell", "junction.per_100um"]).values()
    two = run_batch(models, [1, 2], ["count.per_cell", "junction.per_100um"], workers=2).values()
    for arm, readouts in one.items():
        for name, values in readouts.items():
            np.testing.assert_array_equal(values, two[arm][name])
    np.testing.assert_array_equal(one["a"]["count.per_cell"], one["b"]["count.per_cell"])
