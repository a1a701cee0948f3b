"""Outcomes of geometry optimisation: fractions, labels against other minimisers, distances on the way."""

import functools

import jax
import numpy as np
import pytest
import scipy.integrate
import scipy.optimize

from lossatlas.datasets import DataSet, _ljat3, ljat3
from lossatlas.datasets._ljat3_optimisation import Optimisation
from lossatlas.landscapes import Perceptron, Triatomic
from lossatlas.landscapes._atoms import distances


ITEMS = 4000
ENERGIES = np.array([-2.18509884, -2.21909817])  # REFERENCE.md, 8 decimals


@functools.cache
def outcomes(cube):
    return ljat3(cube, items=ITEMS, inputs=3, cache=False)


@pytest.mark.parametrize(("cube", "triangle"), [("D1", 0.207), ("D2", 0.741), ("D3", 0.2495)])
def test_fractions(cube, triangle):
    data = outcomes(cube)
    shares = np.bincount(data.targets, minlength=4) / ITEMS
    known = np.array([triangle, *[(1 - triangle) / 3] * 3])
    # The known fractions come from samples of 20,000 themselves; four standard errors of the difference.
    error = np.sqrt(known * (1 - known) * (1 / ITEMS + 1 / 20_000))
    np.testing.assert_array_less(np.abs(shares - known), 4 * error)


def test_record():
    data = outcomes("D1")
    assert len(data) == ITEMS
    assert data.inputs.shape == (ITEMS, 3) and data.inputs.dtype == np.float64
    assert data.targets.shape == (ITEMS,) and data.targets.dtype == np.int64
    assert data.columns == ("r12", "r13", "r23") and len(data.classes) == 4
    assert isinstance(data, DataSet) and data.loss == "cross_entropy" and not data.standardised
    assert str(data).startswith(
        "ljat3 D1: 4000 items, 3 inputs, predicting 4 classes of outcome (triangle, "
    )
    assert "distances at the start, units of sigma" in str(data)
    longest = np.sqrt(3) * _ljat3.CUBES["D1"]
    assert 0 < data.inputs.min() and data.inputs.max() < longest
    assert np.all(data.inputs.max(axis=1) <= data.inputs.sum(axis=1) / 2 * (1 + 1e-12))  # a triangle
    two = ljat3("D1", items=50, cache=False)
    np.testing.assert_array_equal(two.inputs, data.inputs[:50, :2])
    assert two.columns == ("r12", "r13")
    Perceptron(two.inputs, two.targets, hidden=[3], l2=1e-4)


def test_items_do_not_depend_on_their_number_or_on_workers(monkeypatch):
    monkeypatch.setattr(_ljat3, "_CHUNK", 64)  # several calls for a hundred items
    many = ljat3(items=100, cache=False, workers=2)
    few = ljat3(items=33, cache=False, workers=1)
    for name in ("inputs", "targets"):
        np.testing.assert_array_equal(getattr(few, name), getattr(many, name)[:33])
    other = ljat3(items=33, seed=1, cache=False)
    assert not np.any(np.all(other.inputs == few.inputs, axis=1))
    side = _ljat3.CUBES["D1"]
    np.testing.assert_array_equal(ljat3(side, items=33, cache=False).inputs, few.inputs)
    np.testing.assert_allclose(ljat3(side / 2, items=33, cache=False).inputs, few.inputs / 2, rtol=1e-14)


def test_labels_do_not_depend_on_the_number_of_items():
    known = outcomes("D1")
    again = ljat3("D1", items=500, inputs=3, cache=False)
    np.testing.assert_array_equal(again.inputs, known.inputs[:500])
    np.testing.assert_array_equal(again.targets, known.targets[:500])


# An implementation of its own, in space and in plain numpy.

PAIRS = ((0, 1), (0, 2), (1, 2))


def potential(x):
    """V of positions (..., 9), with cosines from scalar products; complex positions allowed."""
    atoms = x.reshape(*x.shape[:-1], 3, 3)
    to = lambda i, j: atoms[..., j, :] - atoms[..., i, :]
    r = {pair: np.sqrt(np.sum(to(*pair) ** 2, axis=-1)) for pair in PAIRS}
    cosines = 1.0
    for i in range(3):
        j, k = (other for other in range(3) if other != i)
        lengths = r[tuple(sorted((i, j)))] * r[tuple(sorted((i, k)))]
        cosines = cosines * np.sum(to(i, j) * to(i, k), axis=-1) / lengths
    product = r[0, 1] * r[0, 2] * r[1, 2]
    return sum(4 * (d**-12 - d**-6) for d in r.values()) + 2 * (1 + 3 * cosines) / product**3


STEP = 1e-100j * np.eye(9)


def slope(x):
    """Gradient by complex steps: exact to rounding, with no derivative worked out by hand."""
    return potential(x + STEP).imag / 1e-100


def positions(lengths):
    """Atoms in space with distances r12, r13, r23, turned at random."""
    r12, r13, r23 = lengths
    right = (r12**2 + r13**2 - r23**2) / (2 * r12)
    up = np.sqrt(max(r13**2 - right**2, 0.0))
    flat = np.array([[0, 0, 0], [r12, 0, 0], [right, up, 0]])
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    return (flat @ turn.T).ravel()


def label(x):
    """The class of a minimum from its energy, and which atom lies between the others."""
    kind = np.argmin(np.abs(potential(x) - ENERGIES))
    assert abs(potential(x) - ENERGIES[kind]) < 2e-8
    atoms = x.reshape(3, 3)
    lengths = [np.linalg.norm(atoms[i] - atoms[j]) for i, j in PAIRS]
    return 0 if kind == 0 else 3 - int(np.argmax(lengths))


def quasi_newton(x, memory=4, longest=0.1):
    """The L-BFGS of GMIN as `ljat3` documents it, list by list."""
    bounded = lambda step, limit: step * min(1.0, limit / np.linalg.norm(step))
    energy, gradient = potential(x), slope(x)
    step, pairs, cuts = bounded(-0.1 * gradient, longest), [], 0
    for _ in range(2000):
        if np.linalg.norm(gradient) / np.sqrt(6) <= 1e-10:
            return x
        trial = x + step
        new, turned = potential(trial), slope(trial)
        if new > energy + 1e-10 * (1 + abs(energy)) and cuts < 10:
            step, cuts = 0.1 * step, cuts + 1
            continue
        pairs = [*pairs, (step, turned - gradient)][-memory:]
        x, energy, gradient, cuts = trial, new, turned, 0
        q, alphas = gradient, []
        for s, y in reversed(pairs):
            alphas.append(s @ q / (s @ y))
            q = q - alphas[-1] * y
        s, y = pairs[-1]
        q = q * abs(s @ y) / (y @ y)
        for (s, y), alpha in zip(pairs, reversed(alphas)):
            q = q + (alpha - y @ q / (s @ y)) * s
        step = bounded(-q if q @ gradient > 0 else q, longest)
    raise AssertionError("not converged")


@pytest.mark.slow
@pytest.mark.parametrize(
    "cube", ["D1", *(pytest.param(cube, marks=pytest.mark.slow) for cube in ("D2", "D3"))]
)
def test_labels_agree_with_the_same_method_in_space(cube):
    data = outcomes(cube)[:150]
    found = [label(quasi_newton(positions(r))) for r in data.inputs]
    # Rounding can decide an item next to a boundary: one of 3000 tried.
    assert np.mean(found != data.targets) <= 0.01


def flow(x):
    """The minimum at the end of the path of steepest descent, with scipy's integrator and minimiser."""

    def velocity(_, x):
        gradient = slope(x)
        return -gradient / (1 + np.linalg.norm(gradient))

    x = scipy.integrate.solve_ivp(velocity, (0, 60), x, method="LSODA", rtol=1e-6, atol=1e-8).y[:, -1]
    return scipy.optimize.minimize(potential, x, jac=slope, method="L-BFGS-B").x


@pytest.mark.parametrize(
    ("cube", "bound"),
    [
        pytest.param("D1", 0.25, marks=pytest.mark.slow),
        pytest.param("D2", 0.08, marks=pytest.mark.slow),
        pytest.param("D3", 0.2, marks=pytest.mark.slow),
    ],
)
def test_labels_agree_mostly_with_steepest_descent(cube, bound):
    """Basins of L-BFGS are not those of steepest descent, whose triangle takes less.

    Measured on 4000 items: 15, 2.5 and 11 % differ. Line searches of scipy differ more, since their
    first steps throw overlapping atoms apart.
    """
    data = outcomes(cube)[:60]
    found = np.array([label(flow(positions(r))) for r in data.inputs])
    assert np.mean(found != data.targets) <= bound
    # Where both end in a line they agree on the centre: all of 1800 tried.
    linear = (found > 0) & (data.targets > 0)
    assert np.mean(found[linear] != data.targets[linear]) <= 0.02


# On the way.


@functools.cache
def trajectories(count):
    """Accepted configurations of the first minimisations, step by step, as distances."""
    search, landscape = Optimisation(), Triatomic(_ljat3.Z)
    parts = (search.init, search.step, search.finished, distances)
    init, step, finished, lengths = map(jax.jit, parts)
    paths = []
    for start in _ljat3._starts(_ljat3.CUBES["D1"], count, 0)[0]:
        state = init(landscape, start, np.int64(10_000))
        path = [lengths(state.x)]
        while not finished(landscape, state):
            before, state = state, step(landscape, state)
            if state.accepted > before.accepted:
                path.append(lengths(state.x))
        assert len(path) == state.accepted + 1 <= state.evaluations
        paths.append(np.array(path))
    return paths


@pytest.mark.parametrize("steps", [0, 1, 7, 20, 35, 50, 10_000])
def test_steps_before(steps):
    data = ljat3("D1", items=10, inputs=3, steps_before=steps, cache=False)
    start = ljat3("D1", items=10, inputs=3, cache=False)
    np.testing.assert_array_equal(data.targets, start.targets)
    assert f"distances {steps} steps before convergence" in str(data) and data.name == start.name
    agree = 0
    for found, first, seen in zip(data.inputs, start.inputs, trajectories(10)):
        assert np.max(np.abs(found - seen), axis=1).min() <= 1e-6  # one of the path's, for rounding ...
        expected = seen[max(len(seen) - 1 - steps, 0)]
        agree += bool(np.max(np.abs(found - expected)) <= 1e-6)  # ... can move the end by a step
        if len(seen) < steps:
            np.testing.assert_array_equal(found, first)
    assert agree >= 9


def test_end_of_the_way_is_the_minimum():
    data = ljat3("D3", items=200, inputs=3, steps_before=0, cache=False)
    bond, arm = 1.1687523, 1.10876  # REFERENCE.md
    known = {0: [bond] * 3, 1: [arm, arm, 2 * arm], 2: [arm, 2 * arm, arm], 3: [2 * arm, arm, arm]}
    np.testing.assert_allclose(data.inputs, [known[k] for k in data.targets], atol=1e-5)


def test_minimisations_that_do_not_repeat_are_an_error(monkeypatch):
    run = _ljat3.run_batch
    calls = []

    def one_step_more(*arguments, **named):
        ends = run(*arguments, **named)
        calls.append(1)
        return ends if len(calls) > 1 else ends | {"accepted": ends["accepted"] + 1}

    monkeypatch.setattr(_ljat3, "run_batch", one_step_more)
    with pytest.raises(RuntimeError, match="5 of 5 minimisations did not repeat; the first is item 0: "):
        ljat3(items=5, steps_before=0, cache=False)


# What is refused.


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"cube": "D4"}, "`cube` must be D1, D2, D3 or a positive side, got 'D4'."),
        ({"cube": 0}, "`cube` must be D1, D2, D3 or a positive side, got 0."),
        ({"cube": -1.0}, "`cube` must be"),
        ({"cube": np.nan}, "`cube` must be"),
        ({"cube": "2"}, "`cube` must be"),
        ({"cube": None}, "`cube` must be"),
        ({"cube": True}, "`cube` must be"),
        ({"inputs": 1}, "`inputs` must be 2 .r12, r13. or 3 .r12, r13, r23., got 1."),
        ({"inputs": 4}, "`inputs` must be"),
        ({"inputs": "2"}, "`inputs` must be"),
        ({"inputs": 2.0}, "`inputs` must be"),
        ({"inputs": True}, "`inputs` must be"),
        ({"inputs": None}, "`inputs` must be"),
        ({"inputs": [2, 3]}, "`inputs` must be"),
        ({"steps_before": -1}, "`steps_before` must be a whole number of at least 0, got -1."),
        ({"steps_before": 2.0}, "`steps_before` must be"),
        ({"steps_before": True}, "`steps_before` must be"),
        ({"items": 0}, "`items` must be a whole number of at least 1, got 0."),
        ({"items": -5}, "`items` must be"),
        ({"items": 10.0}, "`items` must be"),
        ({"items": True}, "`items` must be"),
        ({"seed": -1}, "`seed` must be a whole number of at least 0"),
        ({"seed": 2**32}, "`seed` must be"),
    ],
)
def test_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        ljat3(**({"items": 10, "cache": False} | arguments))


def test_lost_minimisations_are_an_error(monkeypatch):
    """In a cube of side 40 atoms start where the forces are below the tolerance."""
    with pytest.raises(RuntimeError, match=r"of 20 minimisations from a cube of side 40 did not end"):
        ljat3(40, items=20, cache=False)
