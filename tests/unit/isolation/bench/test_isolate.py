"""A population goes through a protocol: nothing is lost from the books, nothing hangs on order, threads or number."""

from __future__ import annotations

import numba
import numpy as np
import pandas as pd
import pytest

from migralab.core.errors import DataError
from migralab.isolation.bench.column import NOT_KNOWN, follow_liquid
from migralab.isolation.bench.isolate import do_step, isolate
from migralab.isolation.bench.library import rotors, shipped_ids
from migralab.isolation.bench.mixture import shipped_mixture
from migralab.isolation.bench.population import draw_population, read_table
from migralab.isolation.bench.protocol import Protocol, checked, loads, shipped_protocol
from migralab.isolation.bench.steps import start_bench


def shipped(name, particles=7000, seed=1):
    protocol = shipped_protocol(name)
    population = draw_population(shipped_mixture(protocol.mixture), particles, seed)
    return isolate(population, protocol, seed=seed)


def alike(tmp_path, count=4000, **columns):
    """Return a population of equal vesicles."""
    path = tmp_path / "alike.csv"
    pd.DataFrame({name: [value] * count for name, value in columns.items()}).to_csv(path, index=False)
    return read_table(path, shipped_mixture("medium"), seed=1)


def protocol(*steps):
    return checked(Protocol.model_validate({"schema": 1, "steps": list(steps)}))


@pytest.mark.parametrize("name", shipped_ids("protocols"))
def test_every_particle_of_every_kind_is_in_exactly_one_place(name):
    result = shipped(name)
    people, ledger = result.population, result.ledger
    at_start = np.bincount(people.kind, people.number)
    last = ledger["step"].max()
    stayed = ledger[(ledger["place"] != "goes on") | (ledger["step"] == last)]
    in_books = stayed.groupby("kind")["number"].sum().reindex(people.kinds)
    np.testing.assert_allclose(in_books, at_start, rtol=1e-12)  # sums of floats in another order
    before = dict(zip(people.kinds, at_start, strict=True))
    for step in range(1, last + 1):  # what a step gets is what it lets go on and what it leaves behind
        rows = ledger[ledger["step"] == step]
        for kind in people.kinds:
            own = rows[rows["kind"] == kind]
            assert own["number"].sum() == pytest.approx(before[kind], rel=1e-9, abs=1e-6)
            before[kind] = own[own["place"] == "goes on"]["number"].sum()


def test_the_product_is_what_goes_on_after_the_last_step():
    result = shipped("culture")
    product = result.table[result.table["lot"] == "product"].set_index("kind")["number"]
    end = result.ledger[(result.ledger["step"] == 10) & (result.ledger["place"] == "goes on")].set_index("kind")
    np.testing.assert_allclose(product, end["number"].reindex(product.index), rtol=1e-12)


def test_purities_add_up_and_fractions_hold_what_the_product_is_pooled_from():
    result = shipped("culture")
    sums = result.table.groupby("lot")[["purity_by_number", "purity_by_protein"]].sum()
    assert sums.loc["product"].to_numpy() == pytest.approx(1.0)
    number = result.table.pivot_table(index="kind", columns="lot", values="number")
    pooled = number[["fraction 4", "fraction 5", "fraction 6"]].sum(axis=1)
    np.testing.assert_allclose(pooled, number["product"], rtol=1e-9)


def test_standard_errors_are_as_wide_as_seeds_scatter():
    """40 seeds: an SD of 40 values is known to 11 %, so 35 % is three of its errors."""
    rows = [shipped("filter-045", 3000, seed).answer("migrasome") for seed in range(1, 41)]
    for name in ("yield", "purity_by_number", "purity_by_protein"):
        scatter = np.std([row[name] for row in rows], ddof=1)
        said = np.mean([row[f"{name}_se"] for row in rows])
        assert said == pytest.approx(scatter, rel=0.35)


def test_half_of_what_is_followed_is_protein_since_so_little_of_it_passes():
    people = shipped("exosome", 8400).population
    assert dict(zip(people.kinds, np.bincount(people.kind), strict=True))["protein"] == 4200


def test_what_could_be_there_unseen_is_said():
    """With 2,000 of protein each stands for a share that matters; with 100,000 no longer."""
    few, many = (shipped("exosome", count).most_unseen() for count in (4000, 200_000))
    assert few[0] == "protein"
    assert few[1] > 0.2
    assert many[1] < 0.05


def test_a_particle_has_the_same_fate_among_few_and_among_many():
    few, many = shipped("culture", 1400), shipped("culture", 14_000)
    for kind in range(7):
        here = np.flatnonzero(few.population.kind == kind)
        there = np.flatnonzero(many.population.kind == kind)[: len(here)]
        names = [np.array(own.places)[own.place[rows]] for own, rows in ((few, here), (many, there))]
        np.testing.assert_array_equal(*names)


def test_one_thread_and_two_give_the_same_places():
    one = shipped("embryo", 14_000)
    numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
    two = shipped("embryo", 14_000)
    np.testing.assert_array_equal(one.place, two.place)
    np.testing.assert_array_equal(one.fraction, two.fraction)


def test_another_seed_is_another_dish():
    assert (shipped("culture", seed=1).place != shipped("culture", seed=2).place).mean() > 0.1


def test_the_pelleted_share_of_equal_vesicles_is_the_swept_part_of_the_tube(tmp_path):
    """Uniform in a swing-out tube: pelleted is what starts beyond R exp(-s w2 t), worked out with Stokes by hand."""
    people = alike(tmp_path, diameter_um=0.5, density_g_per_ml=1.08, leaky="false")
    spin = {"rotor": "a-4-62", "force": "2000 g", "time": "10 min", "temperature": "20 C", "volume": "40 ml",
            "keep": "pellet"}  # fmt: skip
    result = isolate(people, protocol({"spin": spin}))
    speed2 = 2000 * 9.80665 / 0.180
    rate = (0.5e-6) ** 2 * (1080 - 1005) * speed2 / (18 * 1.02 * 1.002e-3)
    inner = 0.180 - 0.040 / 0.050 * 0.100  # 40 of 50 ml fill four fifths of the 100 mm
    expected = (0.180 - 0.180 * np.exp(-rate * 600)) / (0.180 - inner)
    assert 0.05 < expected < 0.95
    share = result.answer("migrasome")["yield"]
    assert share == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 4000))  # 1 in 16,000


def test_recovery_loses_its_share_and_the_ledger_says_so(tmp_path):
    people = alike(tmp_path, diameter_um=2.0)
    spin = {"rotor": "fa-45-24-11", "force": "20000 g", "time": "30 min", "volume": "1 ml", "keep": "pellet"}
    result = isolate(people, protocol({"spin": spin | {"recovery": 0.8}}))
    lost = result.ledger[result.ledger["place"] == "lost in handling"]["share_of_start"].sum()
    assert lost == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / 4000))
    assert result.answer("migrasome")["yield"] == pytest.approx(1 - lost)


def test_leaky_and_intact_vesicles_of_one_kind_band_elsewhere(tmp_path):
    """Same matter: the leaky one bands at its density, the intact one, mostly lumen, floats higher."""
    gradient = next(step for step in shipped_protocol("culture").steps if step.gradient is not None)
    plan = shipped_protocol("culture").model_copy(update={"steps": [gradient]})
    mean = {}
    for leaks in ("true", "false"):
        people = alike(tmp_path, count=500, diameter_um=0.8, density_g_per_ml=1.08, leaky="true")
        people.leaky[:] = leaks == "true"
        result = isolate(people, plan)
        mean[leaks] = (np.arange(1, 10) * result.profile("migrasome")).sum()
    assert mean["true"] > 4.5
    assert mean["false"] < 1.5


def test_what_was_put_aside_before_a_second_gradient_is_in_none_of_its_fractions():
    """The culture gradient twice; the second one counts, and holds what the first one's pool let go on."""
    steps = list(shipped_protocol("culture").steps)
    twice = shipped_protocol("culture").model_copy(update={"steps": [*steps, *steps[5:]]})
    people = draw_population(shipped_mixture("culture"), 7000, 1)
    result = isolate(people, twice)
    last = sum(result.table[result.table["lot"].str.startswith("fraction")].groupby("lot")["followed"].sum())
    let_go = result.ledger[(result.ledger["step"] == 10) & (result.ledger["place"] == "goes on")]["number"].sum()
    assert last > 50
    in_fractions = result.table[result.table["lot"].str.startswith("fraction")]["number"].sum()
    assert in_fractions < let_go


def test_an_intact_vesicle_in_a_fraction_of_sucrose_is_shrunken_when_it_is_spun(tmp_path):
    """1 M sucrose: 1.127 g/ml. Shrunken to a fifth of its lumen an exosome of 1.145 g/ml sinks there; unshrunken, at
    1.07 g/ml, it would float."""
    people = alike(tmp_path, count=300, diameter_um=0.15, kind="exosome", leaky="false")
    spin = {"rotor": "tla-100.3", "force": "400000 g", "time": "4 h", "volume": "1 ml", "keep": "pellet"}
    layers = [{"medium": "sucrose", "concentration": "1.0 M", "volume": "4 ml", "sample": True}]
    gradient = {"rotor": "mls-50", "force": "10 g", "time": "1 min", "layers": layers,
                "fractions": {"volume": "4 ml", "number": 1}}  # fmt: skip
    result = isolate(people, protocol({"gradient": gradient}, {"spin": spin}))
    assert result.answer("exosome")["yield"] > 0.6  # those above 1.127 g/ml: 1.145 with an SD of 0.0225


def test_a_leak_opens_the_share_that_it_says(tmp_path):
    people = alike(tmp_path, diameter_um=1.0, leaky="false")
    result = isolate(people, protocol({"leak": {"share": 0.3}}))
    assert result.leaky.mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / 4000))


@pytest.mark.parametrize(("speed", "force"), [("4000 rpm", 3220.0), ("1000 rpm", 201.3)])
def test_revolutions_are_turned_into_g_at_the_stated_radius(speed, force):
    """1.118e-5 r_cm rpm^2 for 18 cm."""
    spin = {"rotor": "a-4-62", "speed": speed, "time": "1 min", "volume": "1 ml", "keep": "pellet"}
    step = protocol({"spin": spin}).steps[0].spin
    assert step.g == pytest.approx(force, rel=1e-3)


@pytest.mark.parametrize("name", [name for name, rotor in rotors().items() if rotor.k_printed])
def test_radii_and_speed_give_the_printed_k(name):
    assert rotors()[name].clearing_factor == pytest.approx(rotors()[name].k_printed, rel=0.02)  # printed to 2-3 figures


GRADIENT = {
    "rotor": "mls-50", "force": "100000 g", "time": "1 h",
    "layers": [
        {"medium": "iodixanol", "concentration": "5 %", "volume": "1 ml"},
        {"medium": "iodixanol", "concentration": "20 %", "volume": "500 ul", "sample": True},
        {"medium": "iodixanol", "concentration": "40 %", "volume": "1 ml"},
    ],
    "fractions": {"volume": "500 ul", "number": 5},
}  # fmt: skip


def liquids(plan):
    """Return the liquid in hand after every step."""
    found = [NOT_KNOWN]
    for step in plan.steps:
        found.append(follow_liquid(found[-1], step))
    return found[1:]


def test_no_liquid_is_lost_or_made():
    """1.2 ml on layers of 500 ul: three tubes of 2.5 ml, all of it taken in fractions; then by hand."""
    sup = {"rotor": "fa-45-24-11", "force": "100 g", "time": "1 min", "volume": "1 ml", "keep": "supernatant"}
    plan = protocol({"resuspend": {"medium": "pbs", "volume": "1.2 ml"}}, {"gradient": GRADIENT},
                    {"dilute": {"medium": "pbs", "volume": "100 ul"}}, {"pool": {"fractions": [2, 3, 3]}},
                    {"dilute": {"medium": "pbs", "volume": "480 ul"}}, {"spin": sup},
                    {"filter": {"pore": "0.8 um", "keep": "filtrate"}},
                    {"spin": sup | {"keep": "pellet"}})  # fmt: skip
    after = liquids(plan)
    ml = [1e6 * own.total for own in after]
    assert [own.tubes for own in after] == [1, 3, 3, 1, 1, 1, 1, 1]
    # 3 x 5 x 0.5; 0.1 to each of 15; two of five go on; 0.48 once, to one liquid
    assert ml == pytest.approx([1.2, 7.5, 9.0, 3.6, 4.08, 4.08, 4.08, 0.0])
    assert loads(plan)[2].tubes == 3


def test_pooled_fractions_are_one_liquid_of_their_mean_density(tmp_path):
    """Solute is kept: the mean of the pooled, thinned by what is added once to all of it."""
    people = alike(tmp_path, count=10, diameter_um=0.5)
    bench = start_bench(people)
    plan = protocol({"gradient": GRADIENT}, {"pool": {"fractions": [2, 4, 5]}},
                    {"dilute": {"medium": "pbs", "volume": "1.5 ml"}})  # fmt: skip
    for number, step in enumerate(plan.steps, start=1):
        do_step(bench, step, number)
        if number == 1:
            fractions = bench.held
    assert len(fractions) == 5
    assert fractions.sum() * 0.5 == pytest.approx(50 * 1 + 200 * 0.5 + 400 * 1)  # g/l x ml: as it was poured
    assert bench.held == pytest.approx([fractions[[1, 3, 4]].mean() / 2])


def test_a_sample_larger_than_its_layer_needs_more_tubes():
    """790 ul on 500 ul, as published: two tubes alike."""
    assert {step: (own.tubes, own.runs) for step, own in loads(shipped_protocol("culture")).items()} == {6: (2, 1)}
    assert all(own.tubes == 1 for name in ("embryo", "exosome") for own in loads(shipped_protocol(name)).values())


def test_an_empty_population_is_refused(tmp_path):
    people = alike(tmp_path, count=1, diameter_um=1.0)
    nobody = type(people)(**{name: getattr(people, name)[:0] if isinstance(getattr(people, name), np.ndarray)
                             else getattr(people, name) for name in people.__slots__})  # fmt: skip
    with pytest.raises(DataError, match="empty"):
        isolate(nobody, shipped_protocol("culture"))
