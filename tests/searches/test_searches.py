"""Problems with known answers x methods: minima, saddles, bands, pathways, basin-hopping."""

import functools

import jax
import numpy as np
import pytest

import helpers
from helpers import PROBLEMS, nearest_gap, rows, shaped, starts_for
from lossatlas._results import RESULTS
from lossatlas.landscapes import MuellerBrown
from lossatlas.searches import (
    BFGS,
    LBFGS,
    NEWTON,
    EigenvectorFollowing,
    HybridEigenvectorFollowing,
    PushedDescent,
    QuasiNewton,
    StationaryPoints,
    SteepestDescent,
    basin_hopping,
    find_bands,
    find_pathways,
    find_saddles,
    minimise,
    toolkit_for,
)


RMS = 1e-10  # searches/curvature/_spectrum.py: GRADIENT_TOLERANCE
# The census has such a search: one compiled program for the searches here and its own.
EXACT = EigenvectorFollowing(150)
PATHWAYS = {
    "steepest": SteepestDescent(),
    "pushed": PushedDescent(toolkit_for(MuellerBrown()).descent),
}
SADDLE_SEARCHES = {"exact": EXACT, "hybrid": HybridEigenvectorFollowing()}


SLOPE = shaped(1, 0, 0, 1, 0)
QUARTIC_VALLEY = shaped(0, 1, 0, 1, 0)
FLAT_VALLEY = shaped(0, 0, 0, 0, 1)
QUARTIC = shaped(0, 1, 1, 0, 0)
BOWL = shaped(0, 0, 0, 1, 1)


METHODS = {
    "BFGS": QuasiNewton(BFGS()),
    "LBFGS(5)": QuasiNewton(LBFGS(5)),
    "LBFGS(50)": QuasiNewton(LBFGS(50)),
}
MINIMISED = [
    *(("xor 2", method) for method in METHODS),
    ("Mueller-Brown", "BFGS"),
    ("Mueller-Brown", "LBFGS(50)"),
    ("double wells", "BFGS"),
    ("spin glass p=2", "LBFGS(5)"),
]
MUELLER_BROWN = PROBLEMS["Mueller-Brown"]


def check_converged(found: StationaryPoints, landscape, order: int):
    """Every row that claims success, against derivatives taken anew."""
    for row in np.flatnonzero(found.converged):
        x = found.x[row]
        energy, gradient, hessian = map(np.asarray, helpers.derivatives(landscape, x))
        modes = np.asarray(landscape.zero_modes(x))
        values, vectors = np.linalg.eigh(hessian + 1e6 * modes.T @ modes)
        values = values[: len(x) - len(modes)]
        scale = np.abs(values).max()
        assert np.linalg.norm(gradient) / np.sqrt(len(x)) <= RMS
        # Rounding level is not the same number in two compiled programs.
        assert found.rms_gradient[row] <= RMS
        assert float(energy) == pytest.approx(found.energy[row], rel=1e-13, abs=1e-14)
        assert (values < 0).sum() == order == found.index[row]
        assert found.zeros[row] == 0
        # The shift of 1e6 costs digits: 1e6 eps = 2e-10.
        assert found.lowest[row] == pytest.approx(values[0], abs=1e-9 * scale)
        if len(values) > 1:
            assert found.second[row] == pytest.approx(values[1], abs=1e-9 * scale)
        positive = values[values > 0]
        assert found.log_product[row] == pytest.approx(np.log(positive).sum(), abs=1e-6)
        direction = found.direction[row]
        assert np.linalg.norm(direction) == pytest.approx(1, rel=1e-12)
        turned = hessian @ direction - found.lowest[row] * direction
        turned -= modes.T @ (modes @ turned)
        assert np.linalg.norm(turned) <= 1e-9 * scale


@functools.cache
def minimised(problem, method):
    landscape = PROBLEMS[problem].landscape()
    return landscape, minimise(landscape, starts_for(landscape, 12), method=METHODS[method])


@pytest.mark.parametrize(("problem", "method"), MINIMISED)
def test_minimise_finds_known_minima(problem, method):
    known = PROBLEMS[problem]
    landscape, found = minimised(problem, method)
    assert found.outcomes() == {"converged": 12}
    check_converged(found, landscape, 0)
    assert nearest_gap(found.energy, known.energies[0]).max() <= known.tolerance
    if len(known.energies[0]) > 1 and problem != "double wells":
        assert len(np.unique(found.energy.round(6))) > 1
    assert (found.gradients >= found.hessians).all() and (found.hessians > 0).all()


def test_minimise_gives_exact_spectra_and_log_products():
    _, wells = minimised("double wells", "BFGS")
    # At every minimum the eigenvalues are 2 k = 2, 4, 8.
    np.testing.assert_allclose(wells.log_product, np.log(64), rtol=1e-14)
    np.testing.assert_allclose(wells.lowest, 2, rtol=1e-13)
    np.testing.assert_allclose(wells.second, 4, rtol=1e-13)
    np.testing.assert_allclose(np.abs(wells.x), 1, rtol=1e-14)
    _, spins = minimised("spin glass p=2", "LBFGS(5)")
    known = helpers.spin_spectrum(0)
    np.testing.assert_allclose(spins.log_product, np.log(known).sum(), rtol=1e-12)
    np.testing.assert_allclose(spins.lowest, known[0], rtol=1e-12)


def test_a_start_on_a_saddle_or_a_maximum_leaves_it():
    known = PROBLEMS["double wells"]
    points, curvatures, _ = helpers.double_well_points()
    saddles = points[(curvatures < 0).any(axis=1)]
    found = minimise(known.landscape(), saddles, method=QuasiNewton(BFGS()))
    assert found.converged.all() and (found.index == 0).all()
    np.testing.assert_allclose(np.abs(found.x), 1, rtol=1e-14)


@functools.cache
def failing():
    """Searches that must not succeed."""
    start = np.array([[1.0, 0.5], [0.3, 0.1]])
    return {
        # 150 steps of at most one length scale do not reach the end of the region, 1000 away.
        "max_steps": find_saddles(SLOPE, start, order=0, method=EXACT),
        "left_region": minimise(SLOPE, start),
        "nonfinite": minimise(MuellerBrown(), np.array([[np.nan, 0.0], [np.inf, 1.0]])),
        "degenerate": minimise(QUARTIC_VALLEY, start),
    }


@pytest.mark.parametrize("outcome", ["max_steps", "left_region", "nonfinite", "degenerate"])
def test_failures_are_named(outcome):
    found = failing()[outcome]
    assert found.outcomes() == {outcome: 2}
    assert not found.converged.any()
    assert len(RESULTS[outcome].sentence) > 20


@pytest.mark.parametrize(
    ("landscape", "zeros"),
    rows(
        {
            "quartic along one direction": (QUARTIC_VALLEY, 1),
            "flat along one direction": (FLAT_VALLEY, 1),
            "quartic along all": (QUARTIC, 2),
        }
    ),
)
@pytest.mark.parametrize("order", [0, NEWTON])
def test_degenerate_points_never_count_as_converged(landscape, zeros, order):
    found = find_saddles(landscape, [[1.0, 0.5], [0.3, 0.1]], order=order, method=EXACT)
    assert found.outcomes() == {"degenerate": 2}
    assert (found.zeros == zeros).all()


def test_a_limit_on_gradients_bounds_a_minimisation():
    landscape = MuellerBrown()
    found = minimise(landscape, starts_for(landscape, 4), method=QuasiNewton(BFGS()), max_gradients=3)
    assert (found.gradients - (1 + 3 * found.hessians) <= 3).all()  # the polish takes three per Hessian


@pytest.mark.parametrize(
    "starts",
    [
        pytest.param(np.zeros((2, 3)), id="three variables"),
        pytest.param(np.zeros((2, 2, 2)), id="three axes"),
        pytest.param([["a", "b"]], id="text"),
    ],
)
def test_starts_of_another_shape_are_refused(starts):
    with pytest.raises(ValueError, match="starts"):
        minimise(MuellerBrown(), starts)


@pytest.mark.parametrize("kind", [int, np.float32])
def test_starts_of_another_type_are_converted(kind):
    assert minimise(MuellerBrown(), np.zeros((1, 2), kind)).converged.all()


def near(points: np.ndarray, size: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.repeat(points, 3, axis=0) + size * rng.normal(size=(3 * len(points), points.shape[1]))


@functools.cache
def mueller_brown_points():
    """Minima and transition states, sorted by energy."""
    landscape = MuellerBrown()
    found = find_saddles(landscape, starts_for(landscape, 48), order=np.arange(48) % 2, method=EXACT)
    found = found.where(found.converged)
    keep = np.unique(found.energy.round(6), return_index=True)[1]
    found = found.rows(keep)
    return found.where(found.index == 0), found.where(found.index == 1)


def test_all_points_of_mueller_brown_are_found():
    for found, order in zip(mueller_brown_points(), (0, 1)):
        known = MUELLER_BROWN.energies[order]
        np.testing.assert_allclose(found.energy, known, rtol=0, atol=MUELLER_BROWN.tolerance)


@pytest.mark.parametrize("problem", ["Mueller-Brown", "double wells"])
def test_newton_goes_to_the_nearest_point_of_any_index(problem):
    known = PROBLEMS[problem]
    if problem == "Mueller-Brown":
        points, _, index = helpers.mueller_brown_points()
    else:
        points, curvatures, _ = helpers.double_well_points()
        index = (curvatures < 0).sum(axis=1)
    found = find_saddles(known.landscape(), near(points, 0.01), order=NEWTON, method=EXACT)
    assert found.converged.all()
    np.testing.assert_allclose(found.x, np.repeat(points, 3, axis=0), rtol=0, atol=1e-10)
    assert np.array_equal(found.index, np.repeat(index, 3))


@pytest.mark.parametrize("method", ["exact", "hybrid"])
def test_saddles_of_double_wells(method):
    """From near each of the 12 transition states, exactly back to it."""
    known = PROBLEMS["double wells"]
    landscape = known.landscape()
    points, curvatures, _ = helpers.double_well_points()
    index = (curvatures < 0).sum(axis=1)
    states, curvatures = points[index == 1], curvatures[index == 1]
    found = find_saddles(landscape, near(states, 0.1), order=1, method=SADDLE_SEARCHES[method])
    assert found.converged.all()
    np.testing.assert_allclose(found.x, np.repeat(states, 3, axis=0), rtol=0, atol=1e-12)
    check_converged(found, landscape, 1)
    known_products = np.where(curvatures > 0, np.log(np.abs(curvatures)), 0).sum(axis=1)
    np.testing.assert_allclose(found.log_product, np.repeat(known_products, 3), rtol=1e-13)
    np.testing.assert_allclose(found.lowest, np.repeat(curvatures.min(axis=1), 3), rtol=1e-13)


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_saddles_of_every_order(order):
    known = PROBLEMS["double wells"]
    landscape = known.landscape()
    points, curvatures, _ = helpers.double_well_points()
    wanted = points[(curvatures < 0).sum(axis=1) == order]
    found = find_saddles(landscape, near(wanted, 0.05), order=order, method=EXACT)
    assert found.converged.all()
    np.testing.assert_allclose(found.x, np.repeat(wanted, 3, axis=0), rtol=0, atol=1e-12)
    check_converged(found, landscape, order)


@pytest.mark.parametrize("order", [0, 1, 2, 5])
def test_saddles_of_a_sphere(order):
    known = PROBLEMS["spin glass p=2"]
    landscape = known.landscape()
    found = find_saddles(landscape, starts_for(landscape, 6), order=order, method=EXACT)
    assert found.converged.all()
    check_converged(found, landscape, order)
    np.testing.assert_allclose(found.energy, known.energies[order][0], rtol=0, atol=known.tolerance)
    spectrum = helpers.spin_spectrum(order)
    product = np.log(spectrum[spectrum > 0]).sum()
    np.testing.assert_allclose(found.log_product, product, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(found.x, axis=1), np.sqrt(helpers.SPINS), rtol=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["exact", "hybrid"])
def test_transition_states_of_xor(method):
    """From bands between minima; a start elsewhere may fail, but never claim a false success."""
    known = PROBLEMS["xor 2"]
    landscape, minima = minimised("xor 2", "BFGS")
    different = np.flatnonzero(np.abs(np.diff(minima.energy)) > 1e-6)
    guesses = find_bands(landscape, minima.x[different], minima.x[different + 1])
    assert len(guesses.x) >= 4
    found = find_saddles(landscape, guesses.x, directions=guesses.direction, method=SADDLE_SEARCHES[method])
    assert found.converged.mean() > 0.5
    check_converged(found, landscape, 1)
    energies = found.energy[found.converged]
    assert nearest_gap(energies, known.energies[1]).max() <= known.tolerance


def test_a_point_of_another_index_is_named():
    # A bowl has one stationary point, of index 0.
    found = find_saddles(
        BOWL,
        [[1.0, 0.0]],
        order=1,
        method=EXACT,
    )
    assert found.outcomes() == {"wrong_index": 1} and found.index[0] == 0


def test_a_followed_direction_is_kept():
    """In the middle of two wells, each direction leads over its own pass."""
    landscape = PROBLEMS["double wells"].landscape()
    start = np.array([0.8, 0.9, 0.85])
    found = find_saddles(landscape, np.tile(start, (3, 1)), directions=np.eye(3), method=EXACT)
    assert found.converged.all()
    np.testing.assert_allclose(np.abs(found.x), 1 - np.eye(3), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "newton"}, "`method` must be a search for stationary points, .*newton"),
        ({"method": SADDLE_SEARCHES["hybrid"], "order": 2}, "HybridEigenvectorFollowing finds no .* 2"),
        (
            {"method": SADDLE_SEARCHES["hybrid"], "order": np.array([1, 0])},
            "HybridEigenvectorFollowing finds no points of `order` 0",
        ),
        ({"order": -2}, "EigenvectorFollowing finds no points of `order` -2"),
        ({"toolkit": "large"}, "`toolkit` must be a Toolkit, .* got 'large'"),
    ],
)
def test_find_saddles_refuses(settings, message):
    with pytest.raises(ValueError, match=message):
        find_saddles(MuellerBrown(), np.zeros((2, 2)), **settings)


@functools.cache
def mueller_brown_bands():
    minima, _ = mueller_brown_points()
    return find_bands(MuellerBrown(), minima.x[[0, 2, 0]], minima.x[[2, 1, 1]])


def test_bands_lead_to_both_transition_states():
    landscape = MuellerBrown()
    _, states = mueller_brown_points()
    bands = mueller_brown_bands()
    assert set(bands.pair) == {0, 1, 2}
    np.testing.assert_allclose(np.linalg.norm(bands.direction, axis=1), 1, rtol=1e-12)
    found = find_saddles(landscape, bands.x, directions=bands.direction, method=EXACT)
    assert found.converged.all()
    for state in range(2):
        assert (np.linalg.norm(found.x - states.x[state], axis=1) < 1e-10).any()
    # Pair 0 is the upper pass, pair 1 the lower one: neighbours in the chain of minima.
    passes = {0: MUELLER_BROWN.energies[1][1], 1: MUELLER_BROWN.energies[1][0]}
    for pair, energy in passes.items():
        assert np.abs(found.energy[bands.pair == pair] - energy).min() < MUELLER_BROWN.tolerance


def test_a_band_from_a_point_to_itself_has_no_guess():
    minima, _ = mueller_brown_points()
    bands = find_bands(MuellerBrown(), minima.x, minima.x)
    assert len(bands.pair) == 0 and bands.x.shape == (0, 2)
    assert bands.gradients.shape == (3,)


def test_a_band_between_two_copies_of_a_minimum_has_no_guess():
    landscape, minima = minimised("xor 2", "BFGS")
    assert np.ptp(minima.energy[:2]) < 1e-12  # the first two are images of each other
    assert landscape.symmetry.align(minima.x[0], minima.x[1]).distance < 1e-9
    assert len(find_bands(landscape, minima.x[:1], minima.x[1:2]).pair) == 0


def test_bands_align_their_ends_first():
    known = PROBLEMS["xor 2"]
    landscape, minima = minimised("xor 2", "BFGS")
    x = minima.x[:4]
    rng = np.random.default_rng(0)
    images = np.stack([landscape.symmetry.random_image(p, rng) for p in x])
    assert np.linalg.norm(images - x, axis=1).max() > 0.1
    # An image aligned with its original is the original: nothing lies between them.
    assert len(find_bands(landscape, x, images).pair) == 0
    assert len(find_bands(landscape, x, images, align=False).pair) > 0
    assert known.images[0] == 49


@functools.cache
def mueller_brown_pathways(kind, keep=0):
    _, states = mueller_brown_points()
    return find_pathways(MuellerBrown(), states.x, states.direction, method=PATHWAYS[kind], keep=keep)


CONNECTED = {0: [1, 2], 1: [0, 2]}  # numbers of the minima, by energy


@pytest.mark.parametrize("kind", ["steepest", "pushed"])
def test_pathways_connect_the_right_minima(kind):
    paths = mueller_brown_pathways(kind, keep=400 if kind == "steepest" else 0)
    check_converged(paths.forward, MuellerBrown(), 0)
    check_converged(paths.backward, MuellerBrown(), 0)
    assert paths.forward.converged.all() and paths.backward.converged.all()
    for state, ends in CONNECTED.items():
        found = [paths.forward.energy[state], paths.backward.energy[state]]
        known = MUELLER_BROWN.energies[0][ends]
        np.testing.assert_allclose(sorted(found), known, rtol=0, atol=MUELLER_BROWN.tolerance)
    assert np.isnan(paths.length).all() == (kind == "pushed")


def test_fast_and_steepest_agree_side_by_side():
    steepest, fast = mueller_brown_pathways("steepest", keep=400), mueller_brown_pathways("pushed")
    for side in ("forward", "backward"):
        a, b = getattr(steepest, side), getattr(fast, side)
        np.testing.assert_allclose(a.x, b.x, rtol=0, atol=1e-11)


def test_path_points_run_downhill_on_both_sides():
    landscape = MuellerBrown()
    _, states = mueller_brown_points()
    paths = mueller_brown_pathways("steepest", keep=400)
    assert len(paths.points) == 2
    energy = jax.jit(jax.vmap(landscape.energy))
    for state, path in enumerate(paths.points):
        assert np.array_equal(path[0], paths.backward.x[state])
        assert np.array_equal(path[-1], paths.forward.x[state])
        top = np.flatnonzero((path == states.x[state]).all(axis=1))
        assert len(top) == 1
        profile = np.asarray(energy(path))
        up, down = np.diff(profile[: top[0] + 1]), np.diff(profile[top[0] :])
        # The last step, into the minimum, may change the energy by rounding only.
        rounding = 4 * np.finfo(float).eps * np.abs(profile).max()
        assert (up > -rounding).all() and (down < rounding).all()
        assert len(path) > 20


def test_path_length_is_the_arc_length():
    from scipy.integrate import solve_ivp

    landscape = MuellerBrown()
    minima, states = mueller_brown_points()
    paths = mueller_brown_pathways("steepest", keep=400)
    gradient = jax.jit(jax.grad(landscape.energy))
    for state, path in enumerate(paths.points):
        segments = np.linalg.norm(np.diff(path, axis=0), axis=1).sum()
        assert paths.length[state] == pytest.approx(segments, rel=1e-12)  # all points were kept

        def flow(_, state):
            g = np.asarray(gradient(state[:2]))
            return np.array([*-g, np.linalg.norm(g)])

        length = 0.0
        for sign in (1, -1):
            start = states.x[state] + sign * 1e-4 * states.direction[state]
            arc = solve_ivp(flow, (0, 0.5), [*start, 1e-4], rtol=1e-7, atol=1e-9)
            assert np.linalg.norm(minima.x - arc.y[:2, -1], axis=1).min() < 1e-3
            length += arc.y[2, -1]
        # Second-order steps with 10 % gradient error, a chord per step.
        assert paths.length[state] == pytest.approx(length, rel=0.03)


@pytest.mark.slow
def test_fewer_points_kept_leave_the_ends_alone():
    all_points, few = (mueller_brown_pathways("steepest", keep) for keep in (400, 3))
    for one, other in zip(all_points.points, few.points):
        assert len(other) <= 9 < len(one)
    assert np.array_equal(all_points.length, few.length)
    assert np.array_equal(all_points.forward.x, few.forward.x)


def test_find_pathways_refuses_an_unknown_method():
    with pytest.raises(ValueError, match="`method`.*newton"):
        find_pathways(MuellerBrown(), np.zeros(2), np.ones(2), method="newton")


def test_basin_hopping_finds_the_global_minimum_of_xor():
    known = PROBLEMS["xor 2"]
    landscape = known.landscape()
    start = np.zeros((1, 12))  # the minimum of no weights, the highest of all
    hops = basin_hopping(
        landscape, start, steps=150, temperature=0.05, key=jax.random.key(0), method=QuasiNewton(BFGS())
    )
    quenches = hops.quenches
    assert len(quenches) == 151 and hops.accepted.shape == (151, 1)
    assert quenches.energy[0] == pytest.approx(np.log(2), abs=1e-12)
    best = quenches.energy[quenches.converged].min()
    assert best == pytest.approx(known.global_minimum, abs=known.tolerance)
    gaps = nearest_gap(quenches.energy[quenches.converged], known.energies[0])
    assert gaps.max() <= known.tolerance
    # Where a chain is, is the last accepted quench.
    last = np.flatnonzero(hops.accepted[:, 0])[-1]
    assert np.array_equal(hops.x[0], quenches.x[last]) and hops.energy[0] == quenches.energy[last]


def test_acceptance_is_the_boltzmann_factor():
    from lossatlas.searches.global_search import accepted

    rng = np.random.default_rng(0)
    old, new = np.zeros(20000), np.full(20000, 0.7)
    rate = accepted(old, new, 1.0, rng).mean()
    assert rate == pytest.approx(np.exp(-0.7), abs=5 * 0.5 / np.sqrt(20000))
    assert accepted(new, old, 1.0, rng).all() and accepted(new, old, 0.0, rng).all()
    assert not accepted(old, new, 0.0, rng).any()
    assert not accepted(old, np.full(20000, np.inf), 1.0, rng).any()
    assert accepted(np.full(3, np.inf), np.zeros(3), 1.0, rng).all()


def test_records_can_be_cut_and_joined():
    _, found = minimised("Mueller-Brown", "BFGS")
    assert len(found) == 12
    low = found.where(found.energy < -100)
    assert 0 < len(low) < 12 and (low.energy < -100).all() and low.x.shape == (len(low), 2)
    one = found.rows([3])
    assert one.x.shape == (1, 2) and np.array_equal(one.x[0], found.x[3])
    parts = [found.rows(np.arange(5)), found.rows(np.arange(5, 12))]
    joined = StationaryPoints.concatenate(parts)
    assert np.array_equal(joined.x, found.x) and np.array_equal(joined.outcome, found.outcome)
