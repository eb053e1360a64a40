"""Rules of the catalogue that every entry keeps, read from the files alone; nothing is run."""

from __future__ import annotations

import pytest

from migralab.catalog.catalog import entry_ids, load
from migralab.checks.sweep import estimates_to_sweep
from migralab.core.errors import MigralabError

ISSUE = {
    "migrasome-formation", "zebrafish-laterality", "mitocytosis", "pten-transfer", "stroke-salt", "podocyte-urine",
    "platelet-virus", "endothelium-tnf", "osteoclast-fusion", "retina-pvr", "tumour-pdl1", "tumour-nanoparticle",
    "dendritic-antigen", "neutrophil-tcell", "neutrophil-sepsis", "angiogenesis-cam", "leukaemia-msc",
    "cholesterol-efflux", "neural-crest",
}  # fmt: skip
COMPLETE = True  # set to True when all systems of the issue are in: then the catalogue holds them, no more, no less
UNTESTED = {"stroke-salt", "platelet-virus", "osteoclast-fusion", "dendritic-antigen"}  # systems that are T3
WITH_WAYS = {"zebrafish-laterality", "neutrophil-tcell", "angiogenesis-cam", "leukaemia-msc"}
MANY_ESTIMATES = {"migrasome-formation"}

ENTRIES = entry_ids()


def experiment_of(entry):
    try:
        return load(entry).experiment
    except MigralabError as error:
        pytest.fail(f"{entry} cannot be read: {error}", pytrace=False)


def stated(experiment):
    """Yield every parameter that the file of an entry states, with its place."""
    for mechanism, own in experiment.mechanisms.items():
        yield from ((f"{mechanism}.{name}", parameter) for name, parameter in own.items())
    for name, population in experiment.populations.items():
        yield from ((f"populations.{name}.{path}", parameter) for path, parameter in population.changes.items())
    for arm in experiment.arms:
        yield from ((f"arm {arm.id}: {path}", parameter) for path, parameter in arm.changes.items())
    for name, variant in experiment.explanations.items():
        yield from ((f"explanation {name}: {path}", parameter) for path, parameter in variant.changes.items())


@pytest.mark.skipif(not COMPLETE, reason="entries are still being written")
def test_the_catalogue_holds_the_systems_of_the_literature():
    assert set(ENTRIES) == ISSUE


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_is_called_as_its_file(entry):
    assert experiment_of(entry).id == entry


@pytest.mark.parametrize("entry", ENTRIES)
def test_at_most_one_number_is_calibrated_and_its_claim_says_so(entry):
    experiment = experiment_of(entry)
    fitted = [(place, p.calibrated_on) for place, p in stated(experiment) if p.calibrated_on]
    values = {on for _, on in fitted}
    assert len({place.split(": ")[-1] for place, _ in fitted}) <= 1, fitted
    roles = {claim.id: claim.role for claim in experiment.claims}
    assert all(roles.get(on, "calibrated") == "calibrated" for on in values)


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_sign_has_an_arm_that_could_prove_it_wrong(entry):
    experiment = experiment_of(entry)
    arms = {arm.id for arm in experiment.arms}
    claims = [claim for claim in experiment.claims if claim.grade == "T2"]
    assert [claim.id for claim in claims if claim.discriminating_arm not in arms] == []


@pytest.mark.parametrize("entry", sorted(UNTESTED & set(ENTRIES)))
def test_what_no_published_arm_tests_is_run_and_named_but_not_judged(entry):
    claims = experiment_of(entry).claims
    assert {claim.grade for claim in claims} == {"T3"}
    deciding = [claim for claim in claims if claim.comparison is not None and claim.discriminating_arm is not None]
    assert deciding, "no claim has a comparison and names the arm of the experiment that would decide"
    assert [claim.id for claim in deciding if not claim.note] == [], "say in the note what each explanation expects"


@pytest.mark.parametrize("entry", ENTRIES)
def test_key_estimates_are_few_and_exist(entry):
    experiment = experiment_of(entry)
    count = len(experiment.key_estimates)
    assert 3 <= count <= (99 if entry in MANY_ESTIMATES else 5), experiment.key_estimates
    estimates = estimates_to_sweep(experiment)
    assert [path for path in experiment.key_estimates if path not in estimates] == [], estimates


@pytest.mark.parametrize("entry", ENTRIES)
def test_explanations_are_rivals_and_say_what_they_hold(entry):
    explanations = experiment_of(entry).explanations
    assert len(explanations) != 1
    assert [name for name, own in explanations.items() if not own.statement] == []
    contents = [own.model_dump(exclude={"statement", "note"}) for own in explanations.values()]
    assert all(contents.count(own) == 1 for own in contents), "two explanations change the same"


@pytest.mark.parametrize("entry", sorted(UNTESTED & set(ENTRIES)))
def test_what_cannot_be_decided_has_rival_explanations(entry):
    assert len(experiment_of(entry).explanations) >= 2


@pytest.mark.parametrize("entry", sorted(WITH_WAYS & set(ENTRIES)))
def test_where_the_way_of_the_signal_is_asked_all_four_are_there(entry):
    signalling = experiment_of(entry).signalling
    assert signalling is not None
    assert set(signalling.ways) == {"diffusing", "matrix", "contact", "delivered"}
    assert [name for name, way in signalling.ways.items() if not (way.most or way.note)] == [], "state the most"


def test_no_other_entry_has_ways():
    assert {entry for entry in ENTRIES if experiment_of(entry).signalling is not None} <= WITH_WAYS


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_variant_leaves_an_experiment_that_compiles(entry):
    from migralab.simulation.compile import compile_experiment
    from migralab.spec.arms.variant import Way, variants_of
    from migralab.spec.change import apply_variant

    experiment = experiment_of(entry)
    for variant in variants_of(experiment).values():
        for most in (False, True) if isinstance(variant, Way) else (False,):
            changed = apply_variant(experiment, variant, most=most)
            for arm in changed.arms:
                compile_experiment(changed, arm.id).build()
