"""First passages: closed forms, dense linear algebra, many digits, and other programs."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix, diags_array

from lossatlas.analysis import TransitionNetwork
from lossatlas.analysis.kinetics import (
    _abstract_elimination,
    _double_elimination,
    _elimination,
    first_passage,
    rate_network,
)
from networks import chain, dense_generator, exact_times, random_network


AVERAGES = ("rate", "mean_rate", "steady_state_rate", "non_steady_state_rate")


def three_states(kt=0.7):
    """0 - 1 - 2 in a row, with widths and orbit sizes."""
    network = TransitionNetwork(
        [0.0, 0.3, -0.2], [1.0, 1.3], [[0, 1], [2, 1]],
        [2.0, 1.0, 3.0], [1.5, 0.5], np.log([2.0, 4.0, 1.0]), np.log([4.0, 8.0]),
    )  # fmt: skip
    return network, rate_network(network, kt)


def elementary(network, kt, state, ts):
    """The formula of transition state theory as it is written in textbooks."""
    a = network
    orbits = np.exp(a.ts_log_orbit_sizes[ts] - a.log_orbit_sizes[state])
    widths = np.sqrt(np.exp(a.log_products[state] - a.ts_log_products[ts]))
    return orbits * widths / (2 * np.pi) * np.exp(-(a.ts_energies[ts] - a.energies[state]) / kt)


def test_elementary_rates():
    network, rates = three_states()
    k = rates.rates().toarray()
    expected = np.zeros((3, 3))
    for ts, (a, b) in enumerate(network.ts_minima):
        expected[a, b] = elementary(network, 0.7, a, ts)
        expected[b, a] = elementary(network, 0.7, b, ts)
    np.testing.assert_allclose(k, expected, rtol=1e-14)


def test_several_transition_states_add_up_and_loops_do_not_count():
    once = rate_network(TransitionNetwork([0.0, 0.1], [1.0], [[0, 1]]), 0.5)
    more = TransitionNetwork([0.0, 0.1], [1.0, 1.0, 1.2, 0.9], [[0, 1], [1, 0], [0, 1], [1, 1]])
    factor = 2 + np.exp(-0.2 / 0.5)
    np.testing.assert_allclose(
        rate_network(more, 0.5).rates().toarray(), factor * once.rates().toarray(), rtol=1e-14
    )


def test_two_states_in_closed_form():
    rates = rate_network(TransitionNetwork([0.0, 0.4], [1.0], [[0, 1]]), 0.3)
    k = np.exp(-1.0 / 0.3) / (2 * np.pi)
    found = first_passage(rates, [0], [1])
    assert found.mfpt == pytest.approx(1 / k, rel=1e-14)
    for rate in (found.rate, found.mean_rate, found.steady_state_rate, found.non_steady_state_rate):
        assert rate == pytest.approx(k, rel=1e-14)
    np.testing.assert_array_equal(found.committor, [0.0, 1.0])
    np.testing.assert_allclose(found.times, [1 / k, 0.0], rtol=1e-14)
    np.testing.assert_array_equal(found.shares, [1.0])


@pytest.mark.parametrize("kt", [0.02, 0.7, 30.0])
def test_three_states_in_closed_form(kt):
    _, rates = three_states(kt)
    k = rates.rates().toarray()
    found = first_passage(rates, [0], [2])
    committor = k[1, 2] / (k[1, 2] + k[1, 0])
    onwards = (1 + k[1, 0] / k[0, 1]) / k[1, 2]  # from the middle
    np.testing.assert_allclose(found.committor, [0.0, committor, 1.0], rtol=1e-12)
    np.testing.assert_allclose(found.times, [1 / k[0, 1] + onwards, onwards, 0.0], rtol=1e-12)
    assert found.steady_state_rate == pytest.approx(k[0, 1] * committor, rel=1e-12)
    from_two = first_passage(rates, [0, 1], [2])
    p = rates.occupation[:2] / rates.occupation[:2].sum()
    assert from_two.mfpt == pytest.approx(p @ found.times[:2], rel=1e-12)
    assert from_two.mean_rate == pytest.approx(p @ (1 / found.times[:2]), rel=1e-12)
    assert from_two.steady_state_rate == pytest.approx(p[1] * k[1, 2], rel=1e-12)


@pytest.mark.parametrize("n, edges, seed", [(12, 20, 0), (60, 90, 1), (700, 1500, 2)])
def test_against_dense_linear_algebra(n, edges, seed):
    rates = rate_network(random_network(n, edges, seed), 2.0)
    source, target = np.array([0, 3, 7]), np.array([1, 5])
    found = first_passage(rates, source, target)
    q = dense_generator(rates)
    free = np.setdiff1d(np.arange(n), target)
    times = np.linalg.solve(-q[np.ix_(free, free)], np.ones(len(free)))
    np.testing.assert_allclose(found.times[free], times, rtol=1e-9)
    between = np.setdiff1d(free, source)
    block = -q[np.ix_(between, between)]
    committor = np.linalg.solve(block, q[np.ix_(between, target)].sum(axis=1))
    np.testing.assert_allclose(found.committor[between], committor, rtol=1e-9)
    p = rates.equilibrium(source)
    assert found.mfpt == pytest.approx(p[free] @ times, rel=1e-10)
    assert found.rate == pytest.approx(1 / (p[free] @ times), rel=1e-10)
    hits = np.linalg.solve(-q[np.ix_(free, free)], q[np.ix_(free, target)])
    np.testing.assert_allclose(found.shares, p[free] @ hits, rtol=1e-9)
    full = np.zeros(n)
    full[between], full[target] = committor, 1.0
    outside = np.where(np.isin(np.arange(n), source), 0.0, full)
    flux = np.array([q[a] @ outside for a in source])
    assert found.steady_state_rate == pytest.approx(p[source] @ flux, rel=1e-9)
    # From a, the time until the source or the target is visited next.
    away = np.zeros(n)
    away[between] = np.linalg.solve(block, np.ones(len(between)))
    waits = np.array([1 + q[a] @ away for a in source])
    assert found.non_steady_state_rate == pytest.approx(p[source] @ (flux / waits), rel=1e-9)


@pytest.mark.parametrize("network", [random_network(200, 400, 3), chain(200, 4)], ids=["random", "chain"])
@pytest.mark.parametrize(
    "kt, digits", [(0.05, 200), (0.02, 500), pytest.param(0.005, 1600, marks=pytest.mark.slow)]
)
def test_cold_networks_where_doubles_fail(network, kt, digits):
    rates = rate_network(network, kt)
    exact = exact_times(rates, {1}, digits)
    found = first_passage(rates, [0], [1])
    errors = [abs(float(found.log_times[i] - exact[i])) for i in exact]
    assert max(errors) < 1e-11 * max(1.0, np.abs(rates.log_conductances).max())  # rounding of logarithms
    assert max(errors) < 1e-8
    if kt < 0.02:  # beyond the exponents of doubles
        return
    free = np.setdiff1d(np.arange(200), [1])
    with np.errstate(all="ignore"):
        try:
            dense = np.linalg.solve(-dense_generator(rates)[np.ix_(free, free)], np.ones(199))
        except np.linalg.LinAlgError:
            return
        wrong = np.abs(np.log(dense) - [float(exact[i]) for i in free])
    assert not np.nanmax(wrong) < 1e-2 or np.isnan(wrong).any()


def test_numbers_of_any_size_agree_with_doubles(monkeypatch):
    rates = rate_network(random_network(150, 260, 5), 0.3)
    doubles = first_passage(rates, [0, 2], [1, 9])
    monkeypatch.setattr(_elimination, "eliminate_in_doubles", lambda *arguments: None)
    wide = first_passage(rates, [0, 2], [1, 9])
    for name in ("times", "committor", "shares", *AVERAGES):
        np.testing.assert_allclose(getattr(wide, name), getattr(doubles, name), rtol=1e-12)


def test_sparse_and_dense_elimination_agree(monkeypatch):
    rates = rate_network(random_network(900, 1500, 6), 0.3)
    sparse = first_passage(rates, [0, 2], [1, 9])
    monkeypatch.setattr(_double_elimination, "_FEW", 10_000)
    dense = first_passage(rates, [0, 2], [1, 9])
    np.testing.assert_allclose(sparse.times, dense.times, rtol=1e-12)
    np.testing.assert_allclose(sparse.committor, dense.committor, rtol=1e-12)


@pytest.mark.parametrize("kt", [0.2, 1.0])
def test_against_pygt(kt):
    stats = pytest.importorskip("PyGT.stats")
    rates = rate_network(random_network(40, 70, 7), kt)
    k = csr_matrix(rates.rates())
    total = np.asarray(k.sum(axis=1)).ravel()
    branching = csr_matrix((diags_array(1 / total) @ k).T)  # PyGT's columns are where a jump begins
    source, target = np.arange(40) < 3, np.isin(np.arange(40), [10, 11])
    found = first_passage(rates, np.flatnonzero(source), np.flatnonzero(target))
    peer = stats.compute_rates(target, source, branching, 1 / total, rates.occupation, MFPTonly=False)
    assert found.mfpt == pytest.approx(peer["MFPTAB"], rel=1e-9)
    assert found.rate == pytest.approx(peer["k*AB"], rel=1e-9)
    assert found.mean_rate == pytest.approx(peer["kFAB"], rel=1e-9)
    assert found.steady_state_rate == pytest.approx(peer["kSSAB"], rel=1e-9)
    assert found.non_steady_state_rate == pytest.approx(peer["kNSSAB"], rel=1e-9)


def test_networks_in_pieces():
    network = TransitionNetwork([0.0, 0.1, 0.2, 0.3, 0.4, 0.5], [1.0, 1.0, 1.0], [[0, 1], [2, 3], [1, 1]])
    rates = rate_network(network, 0.5)
    found = first_passage(rates, [0, 2, 4], [1])
    np.testing.assert_array_equal(found.unconnected, [2, 4])
    np.testing.assert_array_equal(np.isinf(found.times), [False, False, True, True, True, True])
    np.testing.assert_array_equal(found.committor[[0, 1, 2, 3, 4]], [0.0, 1.0, 0.0, 0.0, 0.0])
    assert np.isnan(found.committor[5])
    assert found.rate == pytest.approx(first_passage(rates, [0], [1]).rate, rel=1e-14)
    nowhere = first_passage(rates, [2], [1])
    assert (nowhere.rate, nowhere.mfpt) == (0.0, np.inf)
    np.testing.assert_array_equal(nowhere.unconnected, [2])


def test_every_state_in_one_of_the_sets():
    rates = rate_network(random_network(10, 15, 8), 0.5)
    found = first_passage(rates, np.arange(6), np.arange(6, 10))
    np.testing.assert_array_equal(found.committor, [0.0] * 6 + [1.0] * 4)
    assert found.shares.sum() == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("source, target, sentence", [
    ([], [1], "`source` must name at least one minimum"),
    ([0], [0], "must not overlap; both name minimum 0"),
    ([0], [3], "`target`: there is no minimum 3; ids are 0 to 2"),
    ([-1], [1], "`source`: there is no minimum -1; ids are 0 to 2"),
    ([0.5], [1], "`source` must hold ids of minima"),
])  # fmt: skip
def test_bad_sets(source, target, sentence):
    with pytest.raises(ValueError, match=sentence):
        first_passage(three_states()[1], source, target)


@pytest.mark.parametrize("kt", [0.0, -1.0, np.nan, np.inf, [0.1]])
def test_bad_temperature(kt):
    with pytest.raises(ValueError, match="`kt` must be a positive number"):
        rate_network(three_states()[0], kt)


def test_no_transition_state_and_degenerate_points():
    with pytest.raises(ValueError, match="No transition state joins two different minima"):
        rate_network(TransitionNetwork([0.0, 1.0], [2.0], [[1, 1]]), 1.0)
    with pytest.raises(ValueError, match="log-product of its eigenvalues is not known"):
        rate_network(TransitionNetwork([0.0, 1.0], [2.0], [[0, 1]], [np.nan, 1.0]), 1.0)


def test_too_dense_for_a_matrix(monkeypatch):
    monkeypatch.setattr(_abstract_elimination, "_MOST_BYTES", 100)
    with pytest.raises(ValueError, match="joined too densely for graph transformation"):
        first_passage(rate_network(random_network(20, 60, 9), 0.5), [0], [1])


def test_table():
    _, rates = three_states()
    frame = first_passage(rates, [0], [2]).to_dataframe()
    assert list(frame.columns) == ["id", "mfpt", "log_mfpt", "committor", "log_committor"]
    assert len(frame) == 3
