"""Four pathways give what follows from their equations on paper, and the directions that were published.

Run with libroadrunner, so that what is tested is the model in the library and not our own integrator.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from migralab.catalog.bibliography import bibliography
from migralab.pathways.generate.compiled import Settings, build
from migralab.pathways.reader import read_model
from migralab.pathways.shipped import shipped_pathway

roadrunner = pytest.importorskip("roadrunner", reason="libroadrunner is an extra of the tests")
antimony = pytest.importorskip("antimony")

OURS = ("pdl1-rhoa", "mito-potential", "ros-coagulation", "cholesterol-efflux")
LEVEL = "contractility"


@pytest.fixture(scope="module")
def models() -> dict[str, Any]:
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
    found = {}
    for name in OURS:
        antimony.clearPreviousLoads()
        assert antimony.loadAntimonyString(shipped_pathway(name).text) >= 0, antimony.getLastError()
        found[name] = roadrunner.RoadRunner(antimony.getSBMLString(antimony.getMainModuleName()))
        found[name].integrator.relative_tolerance = 1e-10
        found[name].integrator.absolute_tolerance = 1e-12
    return found


def restart(model: Any, **changed: float) -> None:
    """Put a model to its start with some numbers changed; starts that follow from them follow."""
    model.resetToOrigin()
    for name, value in changed.items():
        model[name] = value
    model.reset()  # works out the start anew from constants
    for name, value in changed.items():  # what was named as a start is set over it
        model[name] = value


def course(model: Any, until: float, wanted: list[str], points: int = 2, **changed: float) -> np.ndarray:
    """Return a time course, (points, wanted), from a fresh start with some numbers changed."""
    restart(model, **changed)
    return np.array(model.simulate(0, until, points, ["time", *wanted]))[:, 1:]


def settled(model: Any, wanted: str, until: float = 2000.0, **changed: float) -> float:
    return float(course(model, until, [wanted], **changed)[-1, 0])


def rates_at_start(model: Any, **changed: float) -> np.ndarray:
    restart(model, **changed)
    return np.array(model.getRatesOfChange(), float)


@pytest.mark.parametrize("name", OURS)
def test_every_number_has_a_source_that_can_be_cited(name):
    pathway = shipped_pathway(name)
    assert {number.source.key for number in pathway.parameters.values()} <= set(bibliography())
    assert all(number.description for number in pathway.parameters.values())


# --- PD-L1 ---


@pytest.mark.parametrize(("s_p", "s_k", "h", "n"), [(0.5, 0.5, 0.65, 4), (0.1, 2.0, 0.9, 2), (2.0, 0.0, 0.5, 8)])
def test_the_wild_type_of_the_rear_is_at_rest_whatever_its_numbers(models, s_p, s_k, h, n):
    model, numbers = models["pdl1-rhoa"], {"slack_by_pdl1": s_p, "slack_by_contractility": s_k}
    rates = rates_at_start(model, **numbers, tension_of_half_caveolae=h, caveolae_steepness=n)
    assert np.max(np.abs(rates)) < 1e-12
    assert model["tension_difference"] == pytest.approx(1 - 1 / (1 + s_p + s_k), rel=1e-12)


def test_without_pdl1_and_without_the_loop_the_rear_has_a_closed_form(models):
    """T = 1, C from the law of caveolae, R = r/(r + 1) with r = 0.05 + 0.15 C: eq-pdl1-tension to eq-pdl1-rhoa."""
    caveolae = (1 + ((1 / 1.5) / 0.65) ** 4) / (1 + (1 / 0.65) ** 4)
    rate = 0.05 + 0.15 * caveolae
    expected = (rate / (1 + rate)) / (0.5 / 1.5)
    found = settled(models["pdl1-rhoa"], LEVEL, pdl1_level=0.0, slack_by_contractility=0.0)
    assert found == pytest.approx(expected, rel=1e-6)


def test_loss_of_pdl1_or_of_beta4_lowers_what_was_published(models):
    """Wang 2022, abstract: rear retraction by contractility needs both; PD-L1 keeps tension at the rear low."""
    model = models["pdl1-rhoa"]
    assert settled(model, LEVEL, pdl1_level=0.0) < 0.8
    assert settled(model, LEVEL, beta4_level=0.0) < 0.8
    assert settled(model, "tension_difference", pdl1_level=0.0) < 0.8 * settled(model, "tension_difference")


def test_rhoa_at_the_rear_rescues_contractility_without_pdl1(models):
    model, arm = models["pdl1-rhoa"], {"pdl1_level": 0.0, "restored_activation": 0.3}
    assert settled(model, LEVEL, **arm) > 0.8  # the margin of a claim: within a fifth of the wild type
    assert settled(model, "rear_pdl1", **arm) == 0.0
    assert settled(model, "tension_difference", **arm) < settled(model, "tension_difference")


def test_beta4_acts_through_pdl1_alone(models):
    both = settled(models["pdl1-rhoa"], LEVEL, pdl1_level=0.0, beta4_level=0.0)
    assert both == pytest.approx(settled(models["pdl1-rhoa"], LEVEL, pdl1_level=0.0), rel=1e-9)


# --- Mitochondria ---


def test_a_cell_with_its_mitochondria_at_rest_is_at_rest(models):
    model = models["mito-potential"]
    assert np.max(np.abs(rates_at_start(model))) < 1e-9  # mV/min, of fluxes of 600
    assert model["respiration"] == pytest.approx(1.0, rel=1e-12)
    assert model["leak"] * 140.0 / 600.0 == pytest.approx(0.3, rel=1e-12)  # Brand 1990


def test_a_damaged_mitochondrion_reads_what_it_was_set_to(models):
    model = models["mito-potential"]
    model.resetToOrigin()
    dye = math.exp((model["damaged_potential"] - 140.0) / 26.73)
    assert dye == pytest.approx(0.3, rel=0.01)  # two digits of damaged_leak


def test_damage_lowers_potential_and_respiration_and_an_uncoupler_raises_respiration(models):
    """Jiao 2021, abstract: without mitocytosis both are lost. Uncoupling frees respiration of the potential."""
    model, damage = models["mito-potential"], {"healthy": 150.0, "damaged": 107.0}
    for name in ("membrane_potential", "dye", "respiration", "atp_level"):
        assert settled(model, name, 600.0, **damage) < settled(model, name, 600.0)
    assert settled(model, "membrane_potential", 600.0, uncoupler=1.0) < settled(model, "membrane_potential", 600.0)
    assert settled(model, "respiration", 600.0, uncoupler=1.0) > 1.5


def test_an_uncoupler_alone_lowers_reactive_oxygen(models):
    """Korshunov 1997, abstract: peroxide is inhibited by uncouplers, in proportion to the fall of potential."""
    values = [settled(models["mito-potential"], "ros", 600.0, uncoupler=dose) for dose in (0.0, 0.1, 0.3, 1.0)]
    assert all(later < earlier for earlier, later in pairwise(values))


def test_a_fully_uncoupled_mitochondrion_has_a_closed_form(models):
    """With so large a conductance g that the leak does not count: v (1 - p/180) = g p, v = 600/(1 - 140/180).

    The synthase in reverse adds at most 0.05 x 42 per minute x 130 mV.
    """
    pump, reverse = 600 / (1 - 140 / 180), 0.05 * 0.7 * 600 / 10 * 130
    found = settled(models["mito-potential"], "healthy_potential", 600.0, uncoupler=1000.0) * (pump / 180 + 10 * 1000)
    assert 0.999 * pump < found < pump + reverse


def test_the_healthy_carry_the_damaged(models):
    assert settled(models["mito-potential"], "healthy_potential", 600.0, healthy=100.0, damaged=157.0) < 135.0


# --- Sod2 ---


def test_delivered_sod2_follows_two_exponentials(models):
    """From 1,000 in the endosome: a chain with rates 0.105 + 0.0417 and 0.0231 per hour (eq-ros-sod)."""
    away, loss, times = 0.105 + 0.0417, 0.0231, np.linspace(0, 48, 7)
    expected = 1000 * 0.105 / (loss - away) * (np.exp(-away * times) - np.exp(-loss * times))
    found = course(models["ros-coagulation"], 48.0, ["[delivered_sod2]"], 7, endosomal_sod2=1000.0)[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_tissue_factor_is_absent_without_lps_and_one_under_much_of_it(models):
    model = models["ros-coagulation"]
    assert settled(model, "tissue_factor", 100.0) == pytest.approx(0.0, abs=1e-9)
    assert settled(model, "tissue_factor", 500.0, lps=1e9) == pytest.approx(1.0, rel=1e-6)


@pytest.mark.parametrize(("sigma", "other"), [(0.9, 0.1), (0.5, 0.0), (0.7, 0.3)])
def test_sod2_protects_below_a_weight_of_peroxide_and_harms_above(models, sigma, other):
    """eq-ros-sign: derived on paper; it knows neither dose nor LPS."""
    ratio = (0.5 * sigma + other * (1 - sigma)) / ((1 - sigma) * (0.5 - other))
    limit = ratio / (1 + ratio)
    model, numbers = models["ros-coagulation"], {"sod_share": sigma, "other_peroxide_yield": other, "lps": 100.0}
    for weight, sign in ((limit - 0.03, -1), (limit + 0.03, 1)):
        arm = {**numbers, "peroxide_weight": weight}
        change = settled(model, "tissue_factor", 24.0, **arm, endosomal_sod2=1e6) - settled(
            model, "tissue_factor", 24.0, **arm
        )
        assert np.sign(change) == sign


def test_catalase_protects_and_its_loss_harms(models):
    """It takes peroxide away and touches nothing else, so tissue factor falls with it; the unit is a cell as it is."""
    numbers = {"lps": 100.0, "peroxide_weight": 0.9}
    found = [
        settled(models["ros-coagulation"], "tissue_factor", 48.0, **numbers, catalase_level=level)
        for level in (0.5, 1.0, 10.0)
    ]
    assert found[0] > 1.05 * found[1] > 1.05 * 1.05 * found[2]


def test_sod2_takes_superoxide_for_peroxide_two_for_one(models):
    """Without any other way out, the peroxide made does not change: half of the superoxide, whatever the Sod2."""
    numbers = {"sod_share": 1.0, "other_peroxide_yield": 0.0, "lps": 100.0}
    model = models["ros-coagulation"]
    with_it = course(model, 12.0, ["superoxide", "peroxide"], 2, **numbers, endosomal_sod2=1e6)[-1]
    without = course(model, 12.0, ["superoxide", "peroxide"], 2, **numbers)[-1]
    assert with_it[0] < 0.7 * without[0]
    assert with_it[1] == pytest.approx(without[1], rel=1e-6)


# --- Cholesterol ---


def loaded(model: Any, wanted: list[str], hours: float = 0.0, load: float = 5.0, **arm: float) -> np.ndarray:
    """Return what a cell shows after a day of loading without acceptors and `hours` of what the arm gives."""
    acceptors = {key: arm.pop(key) for key in ("apoa1", "hdl") if key in arm}
    course(model, 24.0, wanted, 2, loading=load, **arm)
    model["loading"] = 0.0
    for name, value in acceptors.items():
        model[name] = value
    if hours:
        model.simulate(24.0, 24.0 + hours, 2)
    return np.array([model[name] for name in wanted])


ACCEPTORS = {"apoa1": 10.0, "hdl": 25.0}


def test_an_unloaded_cell_makes_what_it_sheds(models):
    model = models["cholesterol-efflux"]
    restart(model)
    assert model["left_in_particles'"] == pytest.approx(0.02 * 5, rel=1e-12)
    assert max(abs(model[f"{pool}'"]) for pool in ("membrane", "er", "ester", "abc", "left_to_hdl")) < 1e-12


def test_accessible_cholesterol_obeys_the_law_of_binding(models):
    model = models["cholesterol-efflux"]
    model.resetToOrigin()
    for membrane in (10.0, 67.5, 90.0, 112.5, 200.0):
        model["membrane"] = membrane
        free, sites = model["accessible"], model["sequestering_sites"]
        assert free + sites * free / (0.9 + free) == pytest.approx(membrane, rel=1e-9)


def test_the_er_answers_tenfold_as_measured(models):
    """Lange 1999, abstract: more than tenfold as cell cholesterol rises by half across its normal value."""
    model = models["cholesterol-efflux"]
    model.resetToOrigin()
    found = []
    for membrane in (0.75 * 90, 1.25 * 90):
        model["membrane"] = membrane
        found.append(model["accessible"])
    assert found[1] / found[0] == pytest.approx(10.0, rel=0.05)  # calibrated


def test_cholesterol_is_conserved(models):
    model = models["cholesterol-efflux"]
    pools = ["membrane", "er", "ester", "left_by_abca1", "left_to_hdl", "left_in_particles"]
    restart(model, loading=5.0, **ACCEPTORS, delivered_membrane=5000.0)
    # Rate of the sum: loading, synthesis and what was delivered are all that comes in
    for _ in range(3):
        income = 5.0 + model["synthesis"] + model["join"]
        assert sum(model[f"{pool}'"] for pool in pools) == pytest.approx(income, rel=1e-10)
        model.simulate(0.0, 6.0, 2)


def test_the_shares_of_the_transporters_are_those_of_loaded_macrophages(models):
    """Adorni 2007, abstract: without ABCA1 -50 % loaded, no effect unloaded; ABCG1 20 % of what loading adds."""
    model, efflux = models["cholesterol-efflux"], ["labelled_efflux"]
    rows = {
        (gene, load): loaded(model, efflux, load=load, **ACCEPTORS, **({gene: 0.0} if gene else {}))[0]
        for gene in ("", "abca1_level", "abcg1_level")
        for load in (0.0, 5.0)
    }
    assert rows["abca1_level", 5.0] / rows["", 5.0] == pytest.approx(0.5, abs=0.1)  # calibrated
    assert rows["abca1_level", 0.0] / rows["", 0.0] > 0.85
    added = rows["", 5.0] - rows["", 0.0]
    assert (rows["", 5.0] - rows["abcg1_level", 5.0]) / added == pytest.approx(0.2, abs=0.05)  # calibrated
    assert 1.5 < rows["", 5.0] / rows["", 0.0] < 2.5  # "a doubling": predicted


def test_particles_fill_with_loading_and_empty_with_hdl_and_need_no_transporter(models):
    """He 2018, abstract: up with loading, depleted by HDL. He 2020: transfer without HDL."""
    model, wanted = models["cholesterol-efflux"], ["particle_cholesterol", "left_in_particles"]
    assert loaded(model, wanted)[0] > 2
    assert loaded(model, wanted, 4.0, **ACCEPTORS)[0] < loaded(model, wanted, 4.0)[0]
    none = {"abca1_level": 0.0, "abcg1_level": 0.0}
    assert loaded(model, wanted, 24.0, **none)[1] > loaded(model, wanted, **none)[1] + 1.0


def test_a_recipient_takes_up_what_was_delivered(models):
    """Delivered membrane leaves at 0.5 per hour, and what it brings is accessible: the sequestering sites are full."""
    model = models["cholesterol-efflux"]
    model.resetToOrigin()
    model["motility"], model["delivered_membrane"] = 0.0, 1000.0
    model.simulate(0.0, 0.5, 2)
    assert model["delivered_membrane"] == pytest.approx(1000 * math.exp(-0.25), rel=1e-8)
    assert model["relative_accessible"] > 1.0


# --- Our own code on the same models ---

ARMS: dict[str, tuple[float, dict[str, float], dict[str, float]]] = {
    "pdl1-rhoa": (120.0, {}, {"pdl1_level": 0.2, "restored_activation": 0.1}),
    "mito-potential": (30.0, {"healthy": 150.0, "damaged": 107.0, "uncoupler": 0.2}, {}),
    "ros-coagulation": (24.0, {"lps": 30.0}, {"endosomal_sod2": 1e5}),
    "cholesterol-efflux": (24.0, {"loading": 5.0, "apoa1": 3.0, "hdl": 40.0}, {"delivered_membrane": 2000.0}),
}
"""Time, inputs, and constants or starts, far from rest."""


@pytest.mark.parametrize("name", OURS)
def test_our_own_integrator_gives_the_same_course(models, name):
    until, inputs, others = ARMS[name]
    pathway = shipped_pathway(name)
    wanted = list(pathway.outputs)
    expected = course(models[name], until, wanted, **inputs, **others)[-1]

    network = read_model(pathway.text, name)
    values = {constant.name: constant.value for constant in network.constants} | inputs
    for key, value in others.items():
        values[key if key in values else f"start_of_{key}"] = value
    assert set(pathway.parameters) == {constant.name for constant in network.constants}
    network = network.with_inputs(pathway.inputs)
    made = build(network, plain=True)
    p = np.array([values[constant.name] for constant in network.constants])
    u = np.array([values[symbol] for symbol in network.inputs]).reshape(-1, 1)
    y = made.start(p, u)
    failed = made.advance(y, u, p, 0.0, until, np.zeros(1), Settings(rtol=1e-8))
    assert not failed.any()
    found = made.show(until, y, u, p, wanted).ravel()
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)  # the accuracy that the issue asks for
