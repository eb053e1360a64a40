"""Counted molecules obey the laws of single events: closed forms of means, spreads and waits, and conservation.

Random tests have fixed seeds. Where a mean or a variance of n cells is compared, the margin is 4.5 standard errors:
one in 100,000 such comparisons would fail by chance with another seed. A distribution is refused below p = 1e-4.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from migralab.core.errors import PathwayError
from migralab.core.random import draw_child_keys, stream_key
from migralab.pathways.counted import Counted, counted_build
from migralab.pathways.counted.poisson import poisson
from migralab.pathways.generate.compiled import Settings, build
from migralab.pathways.network import Network
from migralab.pathways.reader import read_model

STREAM = stream_key("test.counted")
CELLS = 4000
ERRORS = 4.5

BIRTH_AND_DEATH = """
model births()
  unit substance = item
  compartment cell = 1
  substanceOnly species m in cell
  made = 6; lost = 0.5
  birth: => m; made
  death: m => ; lost * m
  m = 0
end
"""

BURSTS = """
model bursts()
  compartment cell = 1
  substanceOnly species mrna in cell, protein in cell
  transcription = 2; decay = 1; translation = 8; loss = 0.25
  transcribe: => mrna; transcription
  decays: mrna => ; decay * mrna
  translate: mrna => mrna + protein; translation * mrna
  lose: protein => ; loss * protein
  mrna = 0; protein = 0
end
"""

PAIRS = """
model pairs()
  compartment cell = 1
  substanceOnly species single in cell, pair in cell
  meet = 0.0005; part = 0.3
  binds: 2 single => pair; meet * single * (single - 1)
  parts: pair => 2 single; part * pair
  single = 600; pair = 0
end
"""


def keys_of(n: int, seed: int = 1) -> np.ndarray:
    return draw_child_keys(np.full(n, seed, np.uint64), STREAM, np.arange(n, dtype=np.uint64))


def network_of(text: str) -> Network:
    return read_model(text, "test")


def run(made: Counted, x: np.ndarray, steps: int, dt: float, seed: int = 1, first: int = 0) -> np.ndarray:
    """Move molecules in place and return the mean of each exchange, (steps, S, n)."""
    p = np.array([constant.value for constant in made.network.constants])
    u = np.zeros((len(made.network.inputs), x.shape[1]))
    keys = keys_of(x.shape[1], seed)
    return np.array([made.advance(x, u, p, dt, keys, STREAM, first + step) for step in range(steps)])


def started(made: Counted, n: int = CELLS) -> np.ndarray:
    return made.start(np.array([constant.value for constant in made.network.constants]), np.zeros((0, n)))


def assert_moments(values: np.ndarray, mean: float, variance: float) -> None:
    """Compare with a law of known mean and variance; its fourth moment is taken from the sample."""
    n = values.size
    assert abs(values.mean() - mean) < ERRORS * math.sqrt(variance / n)
    fourth = ((values - values.mean()) ** 4).mean()
    assert abs(values.var() - variance) < ERRORS * math.sqrt((fourth - values.var() ** 2) / n)


def assert_follows(values: np.ndarray, law: stats.rv_discrete) -> None:
    """Compare a distribution of whole numbers by chi-squared, tails pooled so that every class expects 10."""
    edges = np.unique(law.ppf(np.linspace(0, 1, max(5, values.size // 200))[1:-1]))
    bounds = np.r_[-1, edges, np.inf]
    expected = np.diff(np.r_[0.0, law.cdf(edges), 1.0]) * values.size
    found, _ = np.histogram(values, bounds + 0.5)
    kept = expected >= 10
    found = np.r_[found[kept], found[~kept].sum()]
    expected = np.r_[expected[kept], expected[~kept].sum()]
    some = expected > 0
    assert stats.chisquare(found[some], expected[some]).pvalue > 1e-4


# --- Closed forms ---


@pytest.mark.parametrize("exchange", [0.25, 4.0])
def test_birth_and_death_from_none_is_poisson_at_every_time(exchange):
    """From 0 molecules the number is Poisson with the mean of the ODE, made/lost (1 - exp(-lost t))."""
    made = counted_build(network_of(BIRTH_AND_DEATH), ("m",))
    x = started(made)
    for until in (4.0, 8.0):
        run(made, x, round(4.0 / exchange), exchange, first=round((until - 4.0) / exchange))
        mean = 12 * (1 - math.exp(-0.5 * until))
        assert_moments(x[0], mean, mean)
        assert_follows(x[0], stats.poisson(mean))


def test_decay_of_a_known_number_is_binomial():
    text = BIRTH_AND_DEATH.replace("made = 6", "made = 0").replace("m = 0\n", "m = 20\n")
    made = counted_build(network_of(text), ("m",), plain=True)
    x = started(made)
    assert (x == 20).all()
    run(made, x, 3, 0.7)
    share = math.exp(-0.5 * 2.1)
    assert_moments(x[0], 20 * share, 20 * share * (1 - share))
    assert_follows(x[0], stats.binom(20, share))


def test_translation_in_bursts_has_the_known_fano_factor():
    """1 + b/(1 + eta), b proteins in the life of an mRNA, eta the ratio of losses (Thattai, van Oudenaarden 2001).

    Derived from the moment equations; b = 8, eta = 0.25, so 7.4. Mean 2 x 8/0.25 = 64. After 24 = six lives of the
    protein the mean is within 0.4 % of it, so that the moments of the transient are used: solved below.
    """
    made = counted_build(network_of(BURSTS), ("mrna", "protein"), plain=True, leap_above=math.inf)
    x = started(made, 600)
    run(made, x, 3, 8.0)
    # d<m>, d<p>, d Var m, d Cov, d Var p of the linear noise, exact for a linear network
    m = p = vm = cov = vp = 0.0
    h = 1e-3
    for _ in range(24_000):
        m, p, vm, cov, vp = (
            m + h * (2 - m),
            p + h * (8 * m - 0.25 * p),
            vm + h * (2 + m - 2 * vm),
            cov + h * (8 * vm - 1.25 * cov),
            vp + h * (8 * m + 0.25 * p + 16 * cov - 0.5 * vp),
        )
    assert vp / p == pytest.approx(7.4, rel=0.01)
    assert_moments(x[1], p, vp)
    assert x[1].var() / x[1].mean() > 4  # a Poisson number would have 1


def test_the_wait_of_one_molecule_is_exponential():
    """A molecule that decays in an exchange was there for its mean over it: the mean is the time of decay."""
    text = BIRTH_AND_DEATH.replace("made = 6", "made = 0").replace("m = 0\n", "m = 1\n")
    made = counted_build(network_of(text), ("m",), plain=True)
    x = started(made)
    lived = run(made, x, 40, 0.5).sum(axis=0)[0] * 0.5
    assert stats.kstest(lived[x[0] == 0], stats.truncexpon(20 * 0.5, scale=2.0).cdf).pvalue > 1e-4


def test_half_the_exchange_gives_the_same_distribution():
    made = counted_build(network_of(PAIRS), ("single", "pair"), plain=True, leap_above=math.inf)
    ends = []
    for steps, seed in ((2, 3), (4, 4)):
        x = started(made, 300)
        run(made, x, steps, 1.0 / steps, seed)
        ends.append(x[1])
    assert stats.ks_2samp(*ends).pvalue > 1e-4


def test_the_mean_over_an_exchange_is_the_integral_of_the_ode():
    made = counted_build(network_of(BIRTH_AND_DEATH), ("m",), plain=True)
    x = started(made)
    mean = run(made, x, 1, 2.0)[0, 0]
    expected = 12 * (1 - (1 - math.exp(-1.0)) / 1.0)  # of 12 (1 - exp(-t/2)) over 0 to 2
    assert abs(mean.mean() - expected) < ERRORS * mean.std() / math.sqrt(mean.size)


# --- The rest of the network ---

RECIPIENT = """
model recipient()
  compartment cell = 1
  substanceOnly species endosomal in cell, mrna in cell, protein in cell
  escape = 0.2; degradation = 0.1; decay = 0.12; translation = 50; loss = 0.05
  out: endosomal => mrna; escape * endosomal
  degraded: endosomal => ; degradation * endosomal
  decays: mrna => ; decay * mrna
  translate: => protein; translation * mrna
  lose: protein => ; loss * protein
  endosomal = 2; mrna = 0; protein = 0
end
"""


def test_what_flows_has_the_mean_of_the_ode():
    """Two delivered mRNA: each cell differs, their mean is the deterministic course of the whole network."""
    network = network_of(RECIPIENT)
    whole = build(network, plain=True)
    p = np.array([constant.value for constant in network.constants])
    y = whole.start(p, np.zeros((0, 1)))
    whole.advance(y, np.zeros((0, 1)), p, 0.0, 12.0, np.zeros(1), Settings(rtol=1e-9))

    made = counted_build(network, ("endosomal", "mrna"), plain=True)
    assert [variable.name for variable in made.rest.variables] == ["protein"]
    assert made.rest.inputs == ("endosomal", "mrna")
    rest = build(made.rest, plain=True)
    n = 1500
    x = started(made, n)
    flowing, h, keys = rest.start(p, np.vstack([x])), np.zeros(n), keys_of(n)
    for step in range(24):
        mean = made.advance(x, np.zeros((0, n)), p, 0.5, keys, STREAM, step)
        failed = rest.advance(flowing, mean, p, step * 0.5, 0.5, h, Settings())
        assert not failed.any()
    assert (x == np.floor(x)).all()
    # Making is exact; what is made in an exchange is lost as if it were made evenly in it: 0.05 x 0.5 / 2 at most
    for found, expected, late in ((x[0], y[0, 0], 0.0), (x[1], y[1, 0], 0.0), (flowing[0], y[2, 0], 0.0125)):
        assert abs(found.mean() - expected) < ERRORS * found.std() / math.sqrt(n) + late * expected
    assert flowing[0].std() > 0.3 * flowing[0].mean()


# --- Conservation and limits ---


@pytest.mark.parametrize("leap_above", [100.0, math.inf])
def test_molecules_are_conserved_exactly(leap_above):
    made = counted_build(network_of(PAIRS), ("single", "pair"), plain=True, leap_above=leap_above)
    x = started(made, 50)
    for step in range(5):
        run(made, x, 1, 1.0, first=step)
        assert (x[0] + 2 * x[1] == 600).all()
        assert (x >= 0).all()


def test_a_reaction_that_lacks_molecules_does_not_happen():
    """Loss at a constant rate: from 3 molecules, n events in a time are Poisson, and no more than 3 happen."""
    text = """
    model drain()
      compartment cell = 1
      substanceOnly species m in cell
      away: m => ; 1.5
      m = 3
    end
    """
    made = counted_build(network_of(text), ("m",), plain=True)
    x = started(made)
    run(made, x, 2, 1.0)
    assert x.min() == 0
    expected = sum(max(3 - k, 0) * stats.poisson(3.0).pmf(k) for k in range(4))
    assert abs(x.mean() - expected) < ERRORS * x.std() / math.sqrt(x.size)


def test_nothing_happens_without_molecules_or_time():
    made = counted_build(network_of(RECIPIENT), ("endosomal", "mrna"), plain=True)
    x = np.zeros((2, 5))
    assert (run(made, x, 1, 10.0) == 0).all()
    assert (x == 0).all()
    x[0] = 3
    assert (run(made, x, 1, 0.0) == x).all()


def test_what_is_no_number_of_molecules_breaks_its_own_cell_down():
    made = counted_build(network_of(BIRTH_AND_DEATH), ("m",), plain=True)
    x = np.array([[3.0, 2.5, -1.0, np.nan, 4.0]])
    mean = run(made, x, 1, 1.0)[0, 0]
    assert np.isnan(mean[1:4]).all()
    assert np.isfinite(mean[[0, 4]]).all()
    np.testing.assert_array_equal(x[0, 1:4], [2.5, -1.0, np.nan])


def test_a_negative_rate_breaks_the_cell_down():
    text = BIRTH_AND_DEATH.replace("=> m; made", "=> m; made - 2 * m").replace("m = 0\n", "m = 5\n")
    made = counted_build(network_of(text), ("m",), plain=True)
    x = started(made, 3)
    assert np.isnan(run(made, x, 1, 1.0)).all()
    assert (x == 5).all()


# --- Many events at once ---


@pytest.mark.parametrize("mean", [0.3, 9.9, 10.1])
def test_poisson_numbers_are_poisson(mean):
    draw, found = 0, []
    for _ in range(8000):
        number, draw = poisson(mean, np.array([STREAM, 7, 0], np.uint64), draw)
        found.append(number)
    assert_moments(np.array(found), mean, mean)
    assert_follows(np.array(found), stats.poisson(mean))


@pytest.mark.parametrize("mean", [10.1, 60.0, 3000.0])
def test_one_leap_of_production_is_one_poisson_number(mean):
    """No rate depends on what is made, so a leap is as long as the exchange; 400,000 show a shift of 0.02 sd."""
    text = "model makes()\n  compartment cell = 1\n  substanceOnly species m in cell\n  make: => m; 1\n  m = 0\nend\n"
    made = counted_build(network_of(text), ("m",), leap_above=5.0)
    x = started(made, 400_000)
    run(made, x, 1, mean)
    assert_moments(x[0], mean, mean)
    assert_follows(x[0], stats.poisson(mean))


def test_leaps_keep_mean_and_spread_of_birth_and_death():
    """Poisson with 20,000 (1 - exp(-1.5)) molecules; a leap may change a propensity by 3 %, its bias is below 1 %."""
    text = BIRTH_AND_DEATH.replace("made = 6", "made = 10000")
    made = counted_build(network_of(text), ("m",))
    x = started(made, 5000)
    mean = run(made, x, 3, 1.0)
    expected = 20_000 * (1 - math.exp(-1.5))
    assert x.mean() == pytest.approx(expected, rel=0.01)
    assert x.var() / x.mean() == pytest.approx(1.0, abs=ERRORS * math.sqrt(2 / 5000) + 0.03)
    last = 20_000 * (1 - (math.exp(-1.0) - math.exp(-1.5)) / 0.5)  # mean over the last exchange
    assert mean[-1].mean() == pytest.approx(last, rel=0.01)


@pytest.mark.parametrize("rate", [1.0, 5.0])
def test_leaps_keep_the_spread_at_rest(rate):
    """At rest the drift vanishes, and leaps must still be short beside the life of a molecule: Poisson, Fano 1."""
    text = BIRTH_AND_DEATH.replace("made = 6", "made = 20000").replace("m = 0\n", "m = 40000\n")
    made = counted_build(network_of(text), ("m",))
    x = started(made, 2000)
    run(made, x, 6, rate)
    assert x.mean() == pytest.approx(40_000, rel=0.002)
    assert x.var() / x.mean() == pytest.approx(1.0, abs=ERRORS * math.sqrt(2 / 2000) + 0.03)


def test_the_mean_over_leaps_is_that_of_their_ends():
    """A million molecules lose 0.5 each in a unit of time, in leaps of a hundredth of them.

    On paper: the numbers after leaps are those of Euler steps of h = 0.01, and the trapezoids under them differ from
    the integral by h/2 x e^-1/2 / 2 / (1 - e^-1/2) - h/2, -0.11 %; one-sided sums would differ by 0.39 %.
    """
    text = BIRTH_AND_DEATH.replace("made = 6", "made = 0").replace("m = 0\n", "m = 1000000\n")
    made = counted_build(network_of(text), ("m",))
    mean = run(made, started(made, 200), 1, 1.0)[0, 0]
    integral = 1e6 * (1 - math.exp(-0.5)) / 0.5
    assert mean.mean() == pytest.approx(integral * (1 - 0.0011), rel=0.0005)


def test_leaps_agree_with_single_events_where_the_rate_is_no_line():
    ends = {}
    for leap_above in (100.0, math.inf):
        made = counted_build(network_of(PAIRS), ("single", "pair"), plain=True, leap_above=leap_above)
        x = started(made, 250)
        run(made, x, 2, 2.0, seed=5 if leap_above == 100.0 else 6)
        ends[leap_above] = x[1]
    few, many = ends[math.inf], ends[100.0]
    error = ERRORS * math.sqrt((few.var() + many.var()) / 250)
    assert abs(few.mean() - many.mean()) < error + 0.01 * few.mean()
    ratio = math.exp(ERRORS * math.sqrt(2 / 250 + 2 / 250)) * 1.06
    assert 1 / ratio < many.var() / few.var() < ratio


# --- What is refused ---


@pytest.mark.parametrize(
    ("text", "counted", "said"),
    [
        (BIRTH_AND_DEATH, ("n",), "no variable of the model; variables are m"),
        (RECIPIENT.replace("translate: =>", "translate: mrna =>"), ("mrna", "endosomal"), "which flows, at once"),
        (RECIPIENT, ("mrna",), "'endosomal', which flows, at once"),
        (RECIPIENT, ("protein",), "depends on 'mrna', which flows"),
        (BIRTH_AND_DEATH.replace("; made\n", "; made * (1 + sin(time))\n"), ("m",), "depends on time"),
        (BIRTH_AND_DEATH.replace("=> m; made", "-> m; made - lost * m"), ("m",), "difference"),
        (BIRTH_AND_DEATH.replace("=> m;", "=> 0.5 m;"), ("m",), "whole number of molecules"),
        (
            BIRTH_AND_DEATH.replace("substanceOnly species m", "species m").replace("cell = 1", "cell = 2"),
            ("m",),
            "whole",
        ),
        ("model r()\n  m = 3\n  m' = -0.1 * m\nend\n", ("m",), "follows a rate rule"),
        (BIRTH_AND_DEATH.replace("m = 0\n", "m = 0\n  at time > 5: m = 3\n"), ("m",), "sets 'm'"),
    ],
)
def test_what_cannot_be_counted_is_refused_with_the_reason(text, counted, said):
    with pytest.raises(PathwayError) as caught:
        counted_build(network_of(text), counted, plain=True)
    assert said in str(caught.value)
    assert str(caught.value).startswith(("births (", "recipient (", "r ("))
