"""Searches that a user brings: nothing that they say of their ends is believed."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from helpers import rows
from lossatlas.landscapes import AbstractLandscape, Box, DoubleWells, Loss
from lossatlas.searches import (
    NEWTON,
    RESULTS,
    AbstractDirection,
    AbstractMinimiser,
    AbstractPathway,
    AbstractStationarySearch,
    Approached,
    EigenvectorFollowing,
    GradientDescent,
    HalfPathway,
    HybridEigenvectorFollowing,
    PushedDescent,
    QuasiNewton,
    SteepestDescent,
    census,
    descend,
    find_pathways,
    find_saddles,
    matrix_free,
    minimise,
    toolkit_for,
)


WELLS = DoubleWells(2, tilt=0.1)
KIT = toolkit_for(WELLS)
LOW, TOP, HIGH = np.sort(
    np.roots([1.0, 0, -1.0, 0.1]).real
)  # where the first of the two wells is stationary


class Liar(AbstractStationarySearch):
    """Stays near where it starts, and says that it has converged."""

    shift: float = 0.0
    says: RESULTS = RESULTS.converged

    @property
    def from_anywhere(self):
        return True

    def finds(self, order):
        return order >= NEWTON

    def within(self, landscape, max_gradients):
        return self

    def init(self, landscape, x, direction, order):
        return x + self.shift

    def step(self, landscape, state):
        return state

    def finished(self, landscape, state):
        return jnp.asarray(True)

    def result(self, landscape, state):
        return Approached(state, self.says, 7)

    def refine(self, landscape, x, order, **others):
        """A method of this name once was asked; no verb may ask for it."""
        raise AssertionError


class Nudged(Liar):
    """Eigenvector following from beside the start."""

    follow: EigenvectorFollowing = EigenvectorFollowing()
    shift: float = 0.01

    def init(self, landscape, x, direction, order):
        return self.follow.init(landscape, x + self.shift * direction, direction, order)

    def step(self, landscape, state):
        return self.follow.step(landscape, state)

    def finished(self, landscape, state):
        return self.follow.finished(landscape, state)

    def result(self, landscape, state):
        end = self.follow.result(landscape, state)
        return Approached(end["x"], end["outcome"], end["gradients"], end["hessians"])


def is_verified(landscape, points, index):
    """Return whether what converged has a small gradient, the index and the curvatures, computed here."""
    for i in np.flatnonzero(points.converged):
        energy, gradient = jax.value_and_grad(landscape.energy)(points.x[i])
        curvatures = np.linalg.eigvalsh(jax.hessian(landscape.energy)(points.x[i]))
        assert np.abs(gradient).max() < 1e-10 and np.sum(curvatures < 0) == points.index[i] == index
        np.testing.assert_allclose(points.energy[i], energy, rtol=1e-12)
        np.testing.assert_allclose(points.lowest[i], curvatures[0], rtol=1e-9)
        np.testing.assert_allclose(
            points.log_product[i], np.log(curvatures[curvatures > 0]).sum(), rtol=1e-9
        )
    return True


ENDS = {"near": [TOP + 1e-3, LOW], "far": [0.4, 0.7], "other index": [TOP, TOP], "minimum": [LOW, HIGH]}


@pytest.mark.parametrize("start", rows({name: ([end],) for name, end in ENDS.items()}))
@pytest.mark.parametrize("says", [RESULTS.converged, RESULTS.kink_minimum, RESULTS.wrong_index])
def test_a_search_is_not_believed_where_a_point_is_and_what_it_is(start, says):
    found = find_saddles(WELLS, np.array(start), method=Liar(says=says))
    assert found.outcomes() == {"converged": 1} and is_verified(WELLS, found, 1)
    assert found.gradients[0] > 7 and found.hessians[0] > 0  # those of the search, and of the verification


def test_without_hessians_a_point_of_another_index_is_said_to_be_one():
    kit = matrix_free(WELLS)
    starts = np.array([[TOP + 1e-4, LOW], [LOW + 1e-4, LOW], [0.4, 0.6]])
    found = find_saddles(WELLS, starts, method=Liar(), toolkit=kit)
    assert found.outcome[:2].tolist() == [RESULTS.converged, RESULTS.wrong_index]
    assert found.hessians.tolist() == [0, 0, 0] and not (found.converged & (found.index != 1)).any()
    assert (found.rms_gradient[found.converged] < 1e-10).all()


def test_a_search_is_believed_that_it_found_nothing():
    for says in (RESULTS.max_steps, RESULTS.left_region, RESULTS.nonfinite):
        found = find_saddles(WELLS, np.array([[0.4, 0.7]]), method=Liar(says=says))
        assert found.outcomes() == {says.name: 1} and found.hessians[0] == 0
        energy, gradient = jax.value_and_grad(WELLS.energy)(found.x[0])
        np.testing.assert_allclose(found.energy[0], energy)
        np.testing.assert_allclose(found.rms_gradient[0], np.sqrt(np.mean(gradient**2)))
    lost = find_saddles(WELLS, np.array([[0.4, 0.7]]), method=Liar(shift=np.nan))
    assert lost.outcomes() == {"nonfinite": 1}


def test_rows_keep_their_order_where_some_found_nothing():
    class Half(Liar):
        def result(self, landscape, state):
            return Approached(state, jnp.where(state[0] > 0.5, RESULTS.max_steps, RESULTS.converged), 1)

    starts = np.array([[0.9, LOW], [TOP, LOW], [0.8, HIGH], [TOP, HIGH]])
    found = find_saddles(WELLS, starts, method=Half())
    assert found.converged.tolist() == [False, True, False, True]
    np.testing.assert_allclose(found.x, starts, atol=0.03)


def test_minima_and_ends_of_pathways_are_those_of_our_own_polish():
    starts = np.array([[0.9, 0.8], [-0.7, 0.9]])
    for kit in (dataclasses.replace(KIT, polish=Liar(1e-3)), KIT):
        found = minimise(WELLS, starts, toolkit=kit, method=GradientDescent(0.01, tolerance=1.0))
        assert found.outcomes() == {"converged": 2} and is_verified(WELLS, found, 0)
        paths = find_pathways(WELLS, [[TOP, LOW]], [[1.0, 0.0]], toolkit=kit, method=Somewhere())
        for side in (paths.forward, paths.backward):
            assert side.outcomes() == {"converged": 1} and is_verified(WELLS, side, 0)


class Somewhere(AbstractPathway):
    """Ends half way up to nowhere."""

    def keeping(self, points):
        return self

    def within(self, landscape, max_gradients):
        return self

    def init(self, landscape, x, direction):
        return x + 0.3 * direction

    def step(self, landscape, state):
        return state

    def finished(self, landscape, state):
        return jnp.asarray(True)

    def result(self, landscape, state):
        return HalfPathway(state, jnp.asarray(1.0), jnp.zeros((0, 2)), jnp.asarray(0), 1, 0)


def test_a_census_by_a_search_of_ones_own_is_one_of_ours():
    found = census(WELLS, starts=200, method=Liar())
    assert found.by_index == {0: 4, 1: 4, 2: 1} and found.rms_gradient.max() < 1e-10


class Valley(AbstractLandscape):
    """E = (x^2 - 1)^2 + curvature y^2 + slope x^2 y, in a box or not."""

    curvature: float
    slope: float = 0.0
    bounded: bool = eqx.field(static=True, default=False)

    @property
    def dimension(self):
        return 2

    def energy(self, x):
        return (x[0] ** 2 - 1.0) ** 2 + self.curvature * x[1] ** 2 + self.slope * x[0] ** 2 * x[1]

    def sample(self, key):
        return jax.random.uniform(key, (2,), minval=jnp.array([-1.5, 0.0]), maxval=1.5)

    @property
    def geometry(self):
        return Box(np.array([-2.0, 0.0]), np.array([2.0, 2.0])) if self.bounded else super().geometry

    def fingerprint(self):
        return {"landscape": "valley", "curvature": self.curvature, "slope": self.slope}


VALLEYS = {
    "no multiplier": pytest.param(
        Valley(1.0, 1.0, True), [0.0, 0.0], {"degenerate": 2}, marks=pytest.mark.slow
    ),
    "soft": pytest.param(Valley(1e-11), [0.0, 0.0], {"converged": 2}, marks=pytest.mark.slow),
    "held": (Valley(-1.0, 0.5, True), [0.0, 2.0], {"converged": 2}),
}


@pytest.mark.parametrize("landscape, place, outcomes", rows(VALLEYS))
def test_faces_and_small_curvatures_are_looked_at_whoever_searches(landscape, place, outcomes):
    starts = np.array([[0.2, 0.0], [0.1, 0.0]]) + place
    directions = np.array([[1.0, 0.0], [1.0, 0.0]])
    ours = find_saddles(landscape, starts)
    found = find_saddles(landscape, starts, directions=directions, method=Nudged())
    assert found.outcomes() == ours.outcomes() == outcomes
    np.testing.assert_allclose(found.x, np.array([place] * 2), atol=1e-6)
    held = [1, 1] if outcomes == {"converged": 2} and landscape.bounded else [0, 0]
    assert found.held.tolist() == ours.held.tolist() == held
    np.testing.assert_allclose(found.log_product, ours.log_product)


def test_what_is_derived_from_our_searches_is_not_one_of_them():
    class Index(EigenvectorFollowing):
        def result(self, landscape, state):
            return {**super().result(landscape, state), "outcome": jnp.asarray(0)}

    with pytest.raises(ValueError, match=r"^`result` of Index must return Approached\(x, .*, got a dict"):
        find_saddles(WELLS, np.ones((1, 2)), method=Index())
    with pytest.raises(ValueError, match=r"^`check` must be EigenvectorFollowing\(\) or NewtonKrylov\(\)"):
        HybridEigenvectorFollowing(Index())


# ---- mistakes --------------------------------------------------------------------------------------


class Bare(eqx.Module):
    x: jax.Array
    energy: jax.Array
    gradient: jax.Array
    gradients: jax.Array


class Stateless(AbstractMinimiser):
    tolerance: float = 1e-6
    max_gradients: int = 10

    def init(self, landscape, x):
        return Bare(x, *landscape.value_and_gradient(x), jnp.asarray(1))

    def step(self, landscape, state):
        return state

    def in_units(self, units):
        return None


class Dictionary(Stateless):
    def init(self, landscape, x):
        return {"x": x}


class Odd(Liar):
    returns: str = "dict"

    def result(self, landscape, state):
        returned = {
            "dict": {"x": state, "outcome": jnp.asarray(0)},
            "long": Approached(jnp.append(state, 0.0), RESULTS.converged, 1),
            "code": Approached(state, 99, 1),
        }
        return returned[self.returns]

    def within(self, landscape, max_gradients):
        return None


class Short(Liar):
    def result(self, landscape, state):
        return Approached(x=state, outcome=0)


class Long(Liar):
    def result(self, landscape, state):
        return Approached(state, 0, 1, 0, mine=3)


class Tuple(Somewhere):
    def result(self, landscape, state):
        return state, 1.0


class Rates(AbstractDirection):
    rates: jax.Array

    def init(self, x):
        return self.rates

    def direction(self, memory, gradient):
        return -memory * gradient

    def update(self, memory, step, change):
        return memory


class TopOnly(Liar):
    def finds(self, order):
        return order == 2


X = np.array([[0.3, 0.2]])
saddles = lambda method, **others: find_saddles(WELLS, X, method=method, **others)
part = lambda **parts: dataclasses.replace(KIT, **parts)
stiff = lambda: Loss(lambda x: 1e6 * ((x**2 - 1.0) ** 2).sum(), 2)  # searched in units of some 1e6

MISTAKES = {
    "array": (
        lambda: Liar(jnp.asarray(0.3)),
        "be Python numbers, but `shift` of Liar is or holds an array",
    ),
    "array in a part": (lambda: QuasiNewton(Rates(np.ones(2))), "`direction` of QuasiNewton is or holds"),
    "state": (lambda: descend(WELLS, X, method=Stateless()), "that of Stateless, a Bare, lacks `finite`"),
    "dictionary": (
        lambda: descend(WELLS, X, method=Dictionary()),
        "that of Dictionary, a dict, lacks `x`, `energy`, .*`finite`",
    ),
    "no result": (lambda: saddles(Odd()), r"^`result` of Odd must return Approached\(.*got a dict"),
    "shape": (lambda: saddles(Odd(returns="long")), r"`x` in the result of Odd must have shape \(2,\)"),
    "code": (lambda: saddles(Odd(returns="code")), "`outcome` in the result of Odd must be a member of"),
    "limit": (lambda: saddles(Odd(), max_gradients=9), r"`Odd.within\(...\)` must be a Odd .*, got None"),
    "way": (lambda: find_pathways(WELLS, X, X, method=Tuple()), r"must return HalfPathway\(.*got a tuple"),
    "descent": (lambda: part(descent=Liar()), r"^`descent` must be a minimiser, such as .*got Liar\("),
    "class": (lambda: part(descent=GradientDescent), "^`descent` must be a minimiser, such as"),
    "saddle": (lambda: part(saddle=None), "^`saddle` must be a search for stationary points, .*got None"),
    "top": (
        lambda: part(saddle=TopOnly()),
        r"^`saddle` must .* transition states \(`order` 1\), which TopO",
    ),
    "polish": (
        lambda: part(polish=HybridEigenvectorFollowing()),
        r"^`polish` must .* minima \(`order` 0\)",
    ),
    "pathway": (lambda: part(pathway=Liar()), "^`pathway` must be a search for pathways"),
    "band": (lambda: part(band=SteepestDescent()), "^`band` must be a search between two points"),
    "flag": (lambda: part(hessians="no"), "^`hessians` must be True or False"),
    "hop": (lambda: part(hop="far"), r"^`hop` must be one of \('variable', 'point'\), got 'far'"),
    "mix": (lambda: part(mix="far"), r"^`mix` must be one of \('wide', 'near'\), got 'far'"),
    "minimiser": (lambda: PushedDescent(Liar()), "^`minimiser` must be a minimiser"),
    "census": (lambda: census(WELLS, method=TopOnly()), "^`method` of a census must find points of every"),
    "order": (
        lambda: saddles(Liar(), order=2, toolkit=matrix_free(WELLS)),
        "^NewtonKrylov, which verifies what Liar finds, cannot tell points of `order` 2",
    ),
    "units": (
        lambda: descend(stiff(), X, method=Stateless()),
        r"`Stateless.in_units\(units\)` must be a Stateless with converted settings, got None",
    ),
}


@pytest.mark.parametrize("call, sentence", rows(MISTAKES))
def test_mistakes_in_a_search_are_said_in_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_fields_of_a_result_are_checked_by_python():
    with pytest.raises(ValueError, match="Short on .* missing 1 required positional argument: 'gradients'"):
        saddles(Short())
    with pytest.raises(ValueError, match="Long on .* unexpected keyword argument 'mine'"):
        saddles(Long())
