"""Stationary points followed in a parameter: folds, bifurcations and counts with known answers."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq, root

from lossatlas._results import RESULTS
from lossatlas.landscapes import (
    AbstractLandscape,
    DoubleWells,
    Loss,
    Perceptron,
    Sphere,
    sign_symmetry,
    spin_glass,
    xor,
)
from lossatlas.searches import census, compilations, follow


def quartic(x, data):
    """E = a x^4/4 + b x^3/3 + (c + d p) x^2/2 + e p x, for all shapes one program."""
    a, b, c, d, e = data["shape"]
    p = data["p"]
    return a * x[0] ** 4 / 4 + b * x[0] ** 3 / 3 + (c + d * p) * x[0] ** 2 / 2 + e * p * x[0]


CUSP, PITCHFORK, TRANSCRITICAL = (1.0, 0, -1.0, 0, 1.0), (1.0, 0, 0, -1.0, 0), (0, 1.0, 0, -1.0, 0)
EVEN_DATA = {"shape": np.array([1.0, 0, 0, -1.0, 0]), "p": np.array(0.0)}
FOLD = 2 / (3 * np.sqrt(3))  # where x^3 - x + p has a double root, at x = 1/sqrt(3)


@functools.cache
def plain() -> Loss:
    return Loss(quartic, 1, data={"shape": np.ones(5), "p": np.array(0.0)})


@functools.cache
def even() -> Loss:
    return Loss(quartic, 1, data=EVEN_DATA, symmetry=sign_symmetry(1))


def p_of(landscape):
    return landscape.data["p"]


def shaped(shape, p, base=plain):
    leaves = lambda loss: (loss.data["shape"], loss.data["p"])
    return eqx.tree_at(leaves, base(), (jnp.array(shape, dtype=float), jnp.asarray(float(p))))


def column(*values):
    return np.array(values, dtype=float)[:, None]


def folds(branches):
    return [event for event in branches.events if event.kind == "fold"]


def test_a_minimum_and_a_transition_state_meet_in_a_fold():
    branches = follow(shaped(CUSP, 0), column(-1, 0, 1), to=1.0, where=p_of)
    assert len(branches) == 2 and branches.merged == 1 and branches.outcomes() == {"converged": 2}
    (fold,) = folds(branches)
    assert fold.points == (1, 2) and fold.indices == (1, 0) and fold.eigenvalues == 1
    # The fold is a root of the tangent: its place is quadratically better than the root.
    np.testing.assert_allclose(fold.parameter, FOLD, rtol=1e-12)
    np.testing.assert_allclose(fold.x, [1 / np.sqrt(3)], rtol=1e-8)
    assert abs(fold.critical) < 1e-8
    branch = branches.branches[fold.branch]
    assert (branch.first, branch.last) == (1, 2)
    # Every point of a branch solves x^3 - x + p = 0, has its energy and the index of its second derivative.
    x, p = branch.x[:, 0], branch.parameter
    np.testing.assert_allclose(x**3 - x + p, 0, atol=1e-14)
    np.testing.assert_allclose(branch.energy, x**4 / 4 - x**2 / 2 + p * x, atol=1e-15)
    apart = np.abs(p - FOLD) > 1e-9
    assert np.array_equal(branch.index[apart], (3 * x[apart] ** 2 < 1).astype(int))
    assert [len(set(branch.index[rows])) for rows in branch.segments()] == [1, 1]
    assert branches.counts([0.0, 0.38, 0.39, 1.0]).tolist() == [[2, 1], [2, 1], [1, 0], [1, 0]]


def test_one_branch_goes_round_two_folds():
    start = np.roots([1, 0, -1, -1])
    branches = follow(shaped(CUSP, -1), start[start.imag == 0].real[:, None], to=1.0, where=p_of)
    assert len(branches) == 1 and not branches.logarithmic
    np.testing.assert_allclose([fold.parameter for fold in folds(branches)], [FOLD, -FOLD], rtol=1e-12)
    assert [fold.indices for fold in folds(branches)] == [(0, 1), (1, 0)]
    assert [fold.points for fold in folds(branches)] == [(0, None), (None, None)]
    branch = branches.branches[0]
    assert branch.parameter[0] == -1.0 and branch.parameter[-1] == 1.0
    with pytest.raises(ValueError, match="`parameter` must be from -1 to 1, got 1.5"):
        branches.counts([0.0, 1.5])


def test_branches_that_fold_before_the_first_end_need_the_points_of_the_other():
    start = np.roots([1, 0, -1, -1])
    start = start[start.imag == 0].real[:, None]
    alone = follow(shaped(CUSP, -1), start, to=0.0, where=p_of)
    assert not folds(alone) and alone.counts([0.0]).tolist() == [[1]]
    both = follow(shaped(CUSP, -1), start, to=0.0, where=p_of, far_points=column(-1, 0, 1))
    (fold,) = folds(both)
    np.testing.assert_allclose(fold.parameter, -FOLD, rtol=1e-12)
    assert fold.points == (1, 2)  # counted on from the one point at the first end
    assert both.counts([-1.0, 0.0]).tolist() == [[1, 0], [2, 1]]
    assert both.branches[0].last == 3


@pytest.mark.slow
@pytest.mark.parametrize("base, sizes", [(plain, [1, 1, 1]), (even, [1, 2])])
def test_pitchfork(base, sizes):
    """x^3 = p x: from p = 0 on, two minima +-sqrt(p) beside a maximum."""
    branches = follow(shaped(PITCHFORK, -1, base), column(0), to=2.0, where=p_of)
    (event,) = branches.events
    assert (event.kind, event.indices, event.eigenvalues) == ("bifurcation", (0, 1), 1)
    assert event.departures == 2
    assert abs(event.parameter) < 1e-10 and abs(event.critical) < 1e-10
    assert [branch.orbit_size for branch in branches.branches] == sizes
    for branch in branches.branches[1:]:
        np.testing.assert_allclose(branch.x[:, 0] ** 2, branch.parameter, atol=1e-10)
    assert branches.counts([-1.0, 2.0], images=True).tolist() == [[1, 0], [2, 1]]
    alone = follow(shaped(PITCHFORK, -1, base), column(0), to=2.0, where=p_of, rounds=0)
    assert len(alone) == 1 and alone.events[0].departures == 0


@pytest.mark.slow
def test_a_branch_ends_where_it_meets_its_image():
    branches = follow(shaped(PITCHFORK, 1, even), column(1), to=-1.0, where=p_of)
    ends = [event for event in branches.events if event.kind == "end"]
    assert len(ends) == 1 and ends[0].branch == 0 and ends[0].indices == (0, 0)
    # sqrt(p) at the place where the system is singular: the square of what rounding leaves of x.
    assert abs(ends[0].parameter) < 1e-7
    first = branches.branches[0]
    assert first.outcome == RESULTS.converged and first.parameter.min() >= ends[0].parameter
    # The branch of more symmetry, x = 0, was found from there.
    assert branches.counts([-0.5, 0.5], images=True).tolist() == [[1, 0], [2, 1]]


def test_transcritical_bifurcation():
    """x (x - p) = 0: two branches cross and exchange their stability."""
    branches = follow(shaped(TRANSCRITICAL, -1), column(0), to=1.0, where=p_of)
    kinds = [event.kind for event in branches.events]
    assert kinds.count("bifurcation") == 1 and abs(branches.events[0].parameter) < 1e-10
    assert branches.counts([-0.5, 0.5]).tolist() == [[1, 1], [1, 1]]
    other = np.concatenate([branch.x[:, 0] - branch.parameter for branch in branches.branches[1:]])
    np.testing.assert_allclose(other, 0, atol=1e-10)  # the bifurcation itself is the first point


class CircleInField(AbstractLandscape):
    """E = gap x_1^2 / 2 - p f . x on the circle |x| = 1."""

    p: jax.Array
    field: jax.Array
    gap: float = 1.0

    @property
    def dimension(self):
        return 2

    @property
    def geometry(self):
        return Sphere(1.0)

    def energy(self, x):
        return 0.5 * self.gap * x[0] ** 2 - self.p * (self.field @ x)

    def sample(self, key):
        return self.geometry.retract(jax.random.normal(key, (2,)))

    def fingerprint(self):
        return {"landscape": "circle"}


@pytest.mark.slow
def test_folds_on_a_sphere_lie_on_the_astroid():
    """Two of the four points vanish where (p f_1)^(2/3) + (p f_2)^(2/3) = gap^(2/3).

    Source: Stoner & Wohlfarth, Philos. Trans. R. Soc. A 240, 599 (1948), doi:10.1098/rsta.1948.0007.
    """
    field = np.array([0.6, 0.8])
    landscape = CircleInField(jnp.asarray(0.1), jnp.asarray(field))
    torque = lambda t: -np.cos(t) * np.sin(t) + 0.1 * (field[0] * np.sin(t) - field[1] * np.cos(t))
    edges = np.linspace(0, 2 * np.pi, 9) + 0.1
    signs = zip(edges[:-1], edges[1:])
    angles = np.array(
        [brentq(torque, *pair, xtol=1e-15) for pair in signs if np.prod(torque(np.array(pair))) < 0]
    )
    start = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    branches = follow(landscape, start, to=3.0, where=lambda circle: circle.p)
    (fold,) = folds(branches)
    np.testing.assert_allclose(fold.parameter, np.sum(field ** (2 / 3)) ** -1.5, rtol=1e-12)
    assert branches.counts([0.1, 3.0]).tolist() == [[2, 2], [1, 1]]
    for branch in branches.branches:
        np.testing.assert_allclose(np.linalg.norm(branch.x, axis=1), 1.0, rtol=1e-14)


class Wells(DoubleWells):
    """Double wells whose tilt is an array, the same for each."""

    slope: jax.Array = eqx.field(default_factory=lambda: jnp.asarray(0.0))

    def energy(self, x):
        return super().energy(x) + self.slope * jnp.sum(x)


@pytest.mark.slow
def test_folds_of_many_wells():
    """Wells of stiffness k lose a minimum at p = 2 k / (3 sqrt 3), whatever the others do."""
    landscape = Wells(4, stiffness=3.0, tilt=1e-12, slope=jnp.asarray(-2.0))  # a tilt: no symmetry
    stiffness = np.geomspace(1.0, 3.0, 4)
    start = [max(np.roots([k, 0, -k, -2.0]).real) for k in stiffness]
    branches = follow(landscape, start, to=2.0, where=lambda wells: wells.slope, max_steps=3000)
    known = FOLD * stiffness
    found = np.array([fold.parameter for fold in folds(branches)])
    assert len(found) >= 4 and not branches.branches[0].outcome
    np.testing.assert_allclose(np.abs(np.abs(found)[:, None] - known).min(axis=1), 0, atol=1e-10)
    assert all(abs(a - b) == 1 for a, b in (fold.indices for fold in folds(branches)))


@pytest.fixture(scope="module")
def followed():
    """XOR with one hidden node, from all its points at L2 1e-3."""
    known = census(xor(1))
    return known, follow(xor(1), known.x, to=0.1)


@pytest.mark.slow
def test_xor_folds_solve_the_extended_system(followed):
    """gradient = 0, H v = 0, |v| = 1, with a loss written anew."""

    def loss(w, l2):
        hidden = jnp.tanh(jnp.array([[0, 0], [0, 1], [1, 0], [1, 1.0]]) @ w[:2] + w[2])
        y = hidden[:, None] * w[3:5][None, :] + w[5:][None, :]
        right = y[jnp.arange(4), jnp.array([0, 1, 1, 0])]
        return jnp.mean(jnp.log(jnp.sum(jnp.exp(y), axis=1)) - right) + l2 * jnp.sum(w * w)

    gradient, hessian = jax.jit(jax.grad(loss)), jax.jit(jax.hessian(loss))

    def extended(u):
        w, v, l2 = u[:7], u[7:14], u[14]
        return np.concatenate([gradient(w, l2), hessian(w, l2) @ v, [v @ v - 1]])

    _, branches = followed
    assert len(folds(branches)) == 3
    for fold in folds(branches):
        values, vectors = np.linalg.eigh(hessian(fold.x, fold.parameter))
        start = np.concatenate([fold.x + 1e-4, vectors[:, np.argmin(np.abs(values))], [fold.parameter]])
        solved = root(extended, start, tol=1e-14)
        assert np.abs(extended(solved.x)).max() < 1e-12
        np.testing.assert_allclose(fold.parameter, solved.x[14], rtol=1e-8)
        assert np.abs(values).min() < 1e-8


@pytest.mark.slow
def test_xor_counts_agree_with_topology_and_a_census(followed):
    known, branches = followed
    counts = branches.counts(branches.grid(60), images=True)
    assert counts[0].tolist() == [9, 8] and counts[-1].tolist() == [1, 0]
    assert (counts @ np.array([1, -1]) == 1).all()
    other = census(xor(1, l2=0.0175), starts=1000)
    assert other.consistent
    assert branches.counts([0.0175], images=True)[0].tolist() == list(other.by_index.values())
    for fold in folds(branches):
        low, high = sorted(int(known.index[row]) for row in fold.points)
        assert (low, high) == (0, 1)
    assert branches.outcomes() == {"converged": 4} and branches.merged == 3


@pytest.mark.slow
def test_the_same_whatever_the_threads_and_without_compiling_again(followed):
    known, branches = followed
    before = compilations()
    again = follow(xor(1), known.x, to=0.1, workers=1)
    assert compilations() == before
    for one, other in zip(branches.branches, again.branches):
        assert np.array_equal(one.x, other.x) and np.array_equal(one.index, other.index)
    assert [e.parameter for e in branches.events] == [e.parameter for e in again.events]


def test_columns_and_dictionary(followed):
    _, branches = followed
    columns = branches.to_columns()
    assert set(columns) == {"branch", "parameter", "energy", "index", "norm"}
    assert {len(values) for values in columns.values()} == {sum(map(len, branches.branches))}
    record = branches.to_dict(np.array([0.001, 0.1]))
    assert record["counts"]["images"] == [[9, 8], [1, 0]]
    assert [len(record[name]) for name in ("branches", "folds", "bifurcations", "ends")] == [4, 3, 0, 0]
    assert "x" not in record["folds"][0]


@pytest.mark.exhaustive
@pytest.mark.parametrize("hidden, values", [(2, (0.0159, 0.0175, 0.0219, 0.0235)), (3, (0.012,))])
def test_xor_agrees_with_censuses(hidden, values):
    """Where branches are born of pitchforks, and for three nodes of pairs of eigenvalues."""
    branches = follow(xor(hidden), census(xor(hidden)).x, to=0.1)
    counts = branches.counts(branches.grid(100), images=True)
    signs = (-1) ** np.arange(counts.shape[1])
    assert (counts @ signs == 1).all()
    for l2 in values:
        other = census(xor(hidden, l2=l2), starts=6000)
        ours = dict(enumerate(branches.counts([l2], images=True)[0].tolist()))
        assert sum((-1) ** index * number for index, number in ours.items()) == 1
        if other.consistent:
            assert {index: number for index, number in ours.items() if number} == other.by_index
        else:  # 6,000 searches of three nodes miss one orbit of 48 points, which a branch leads to
            assert all(ours[index] >= number for index, number in other.by_index.items())


@pytest.mark.slow
def test_outcomes_are_never_silent():
    short = follow(shaped(CUSP, 0), column(1), to=1.0, where=p_of, max_steps=3)
    assert short.branches[0].outcome == RESULTS.max_steps and len(short.branches[0]) > 0
    flat = follow(shaped((1.0, 0, 0, 0, 0), 0), column(0), to=1.0, where=p_of)
    assert flat.branches[0].outcome == RESULTS.degenerate and len(flat.branches[0]) == 0
    assert (flat.branches[0].first, flat.branches[0].last) == (0, None)
    assert flat.counts([0.5]).tolist() == [[0]]
    edge = Loss(lambda x, p: jnp.sum((x - jnp.sqrt(p)) ** 2), 1, data=np.array(1.0))
    stuck = follow(edge, column(1), to=-1.0, where=lambda loss: loss.data)
    assert stuck.branches[0].outcome == RESULTS.no_step
    far = Loss(lambda x, p: jnp.sum((x * p - 1.0) ** 2), 1, data=np.array(1.0))
    lost = follow(far, column(1), to=1e-5, where=lambda loss: loss.data, longest=20.0)
    assert lost.branches[0].outcome == RESULTS.left_region


MISTAKES = {
    "moved": (lambda: follow(xor(1), np.ones((1, 7)), to=0.1), "Row 0 of `points` is not stationary"),
    "shape": (lambda: follow(xor(1), np.zeros((1, 6)), to=0.1), r"`points` must have shape \(points, 7\)"),
    "to": (lambda: follow(xor(1), np.zeros((1, 7)), to=1e-3), "`to` must be a number other than 0.001"),
    "nan": (lambda: follow(xor(1), np.zeros((1, 7)), to=np.nan), "`to` must be a number"),
    "no l2": (lambda: follow(spin_glass(3), np.ones((1, 3)), to=1.0), "SpinGlass has no `l2`"),
    "leaf": (
        lambda: follow(xor(1), np.zeros((1, 7)), to=1.0, where=lambda l: l.penalised),
        "one float64 number",
    ),
    "steps": (
        lambda: follow(xor(1), np.zeros((1, 7)), to=0.1, max_steps=0),
        "`max_steps` must be a whole number of at least 1",
    ),
    "kinks": (
        lambda: follow(xor(1, activation="relu"), np.zeros((1, 7)), to=0.1),
        "smooth losses only",
    ),
    "many": (
        lambda: follow(
            Perceptron(np.eye(40), np.arange(40) % 2, hidden=[30], l2=1.0), np.zeros((1, 1)), to=2.0
        ),
        "followed with full Hessians",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name):
    call, sentence = MISTAKES[name]
    with pytest.raises(ValueError, match=sentence):
        call()
