"""Arguments of a wrong kind or size: one sentence that names them, before anything is compiled."""

import jax
import numpy as np
import pytest

from helpers import rows, starts_for
from lossatlas.datasets import iris
from lossatlas.exploration import Budget, explore
from lossatlas.landscapes import (
    DoubleWells,
    Loss,
    MuellerBrown,
    Perceptron,
    partite_spin_glass,
    spin_glass,
    xor,
)
from lossatlas.searches import (
    BFGS,
    LBFGS,
    ChebyshevDescent,
    EigenvectorFollowing,
    ElasticBand,
    GradientDescent,
    HybridEigenvectorFollowing,
    NewtonKrylov,
    PushedDescent,
    QuasiNewton,
    SteepestDescent,
    TruncatedNewton,
    basin_hopping,
    census,
    connect,
    descend,
    find_bands,
    find_pathways,
    find_saddles,
    follow,
    matrix_free,
    minimise,
    run_batch,
    toolkit_for,
)


X = np.full((2, 7), 0.5)
LANDSCAPE = xor(1)


def hop(**settings):
    return basin_hopping(
        LANDSCAPE, X, **{"steps": 1, "temperature": 1.0, "key": jax.random.key(0), **settings}
    )


# Every limit, and the name of it.
LIMITED = {
    "minimise": (lambda n: minimise(LANDSCAPE, X, max_gradients=n), "max_gradients"),
    "descend": (lambda n: descend(LANDSCAPE, X, max_gradients=n), "max_gradients"),
    "hopping": (lambda n: hop(max_gradients=n), "max_gradients"),
    "saddles": (lambda n: find_saddles(LANDSCAPE, X, max_gradients=n), "max_gradients"),
    "minima": (lambda n: find_saddles(LANDSCAPE, X, order=0, max_gradients=n), "max_gradients"),
    "pathways": (lambda n: find_pathways(LANDSCAPE, X, X, max_gradients=n), "max_gradients"),
    "bands": (lambda n: find_bands(LANDSCAPE, X, X, max_gradients=n), "max_gradients"),
    "images": (ElasticBand, "images"),
    "band": (lambda n: ElasticBand(max_steps=n), "max_steps"),
    "connect": (lambda n: connect(LANDSCAPE, X, X, cycles=n), "cycles"),
    "follow": (lambda n: follow(LANDSCAPE, X, to=0.1, max_steps=n), "max_steps"),
    "census": (lambda n: census(LANDSCAPE, starts=n), "starts"),
    "explore": (lambda n: explore(LANDSCAPE, "none.atlas", batch_size=n), "batch_size"),
    "workers": (lambda n: minimise(LANDSCAPE, X, workers=n), "workers"),
    "quasi-Newton": (lambda n: QuasiNewton(LBFGS(), max_gradients=n), "max_gradients"),
    "Newton": (lambda n: TruncatedNewton(max_gradients=n), "max_gradients"),
    "constant steps": (lambda n: GradientDescent(0.1, max_gradients=n), "max_gradients"),
    "exact": (EigenvectorFollowing, "max_steps"),
    "products": (NewtonKrylov, "max_steps"),
    "hybrid": (lambda n: HybridEigenvectorFollowing(max_gradients=n), "max_gradients"),
    "steepest": (lambda n: SteepestDescent(max_steps=n), "max_steps"),
    "Chebyshev": (lambda n: ChebyshevDescent(max_gradients=n), "max_gradients"),
    "memory": (LBFGS, "memory"),
}


@pytest.mark.parametrize("call, name", rows(LIMITED))
@pytest.mark.parametrize("number", [0, -5, 2.5, "10", True])
def test_a_limit_is_a_whole_number_of_at_least_one(call, name, number):
    with pytest.raises(ValueError, match=f"^`{name}` must be a whole number of at least 1, got "):
        call(number)


# Every entry point that takes a landscape.
SEARCHES = {
    "minimise": lambda what: minimise(what, X),
    "descend": lambda what: descend(what, X),
    "hopping": lambda what: basin_hopping(what, X, steps=1, temperature=1.0, key=jax.random.key(0)),
    "saddles": lambda what: find_saddles(what, X),
    "pathways": lambda what: find_pathways(what, X, X),
    "bands": lambda what: find_bands(what, X, X),
    "connect": lambda what: connect(what, X, X),
    "follow": lambda what: follow(what, X, to=0.1),
    "census": census,
    "explore": lambda what: explore(what, "none.atlas"),
}


@pytest.mark.parametrize("call", SEARCHES.values(), ids=SEARCHES.keys())
def test_what_is_no_landscape_is_refused(call):
    for what, name in (
        (iris(), "DataSet"),
        (lambda x: x @ x, "function"),
        (MuellerBrown, "the class MuellerBrown"),
    ):
        with pytest.raises(ValueError, match=f"^`landscape` must be a landscape, got {name}: make one by"):
            call(what)


MISTAKES = {
    "method": (lambda: minimise(LANDSCAPE, X, method="lbfgs"), "`method` must be a mini.* got 'lbfgs'"),
    "class": (lambda: descend(LANDSCAPE, X, method=QuasiNewton), "`method` must be a minimiser, such as"),
    "direction": (lambda: descend(LANDSCAPE, X, method=LBFGS(9)), r"must be .* got LBFGS\(memory=9\)"),
    "hopping method": (lambda: hop(method=3), "`method` must be a minimiser"),
    "saddle method": (lambda: find_saddles(LANDSCAPE, X, method=LBFGS()), "must be a search for stat"),
    "way": (lambda: find_pathways(LANDSCAPE, X, X, method="fast"), "must be a search for pathways"),
    "band": (lambda: find_bands(LANDSCAPE, X, X, method=20), "must be a search between two points"),
    "census method": (
        lambda: census(LANDSCAPE, method=HybridEigenvectorFollowing()),
        "`method` of a census must find points of every index .*, which HybridEigenvectorFollowing does",
    ),
    "toolkit": (lambda: connect(LANDSCAPE, X, X, toolkit="large"), "`toolkit` must be a Toolkit, .*large"),
    "exploration": (
        lambda: explore(LANDSCAPE, "none.atlas", toolkit=toolkit_for),
        "`toolkit` must be a Toolkit, as toolkit_for",
    ),
    "rule": (lambda: QuasiNewton("bfgs"), r"`direction` must be BFGS\(\), .* got 'bfgs'"),
    "tolerance": (lambda: TruncatedNewton(-1.0), "`tolerance` must be"),
    "unused tolerance": (lambda: hop(tolerance=1e-3), "give `polish=False` as well"),
    "hops": (lambda: hop(steps=0), "`steps` must be a whole number of at least 1, got 0"),
    "key": (lambda: hop(key=0), r"`key` must be one JAX random key, such as jax.random.key\(0\), got 0"),
    "polish": (lambda: hop(polish="no"), "`polish` must be True or False, got 'no'"),
    "align": (lambda: find_bands(LANDSCAPE, X, X, align=None), "`align` must be True or False, got None"),
    "complex": (lambda: minimise(LANDSCAPE, X + 0j), "`starts` must hold real numbers, got complex ones"),
    "temperature": (lambda: hop(temperature="hot"), "`temperature` must be a finite number of at least 0"),
    "refresh": (lambda: BFGS(-1), "`refresh` must be a whole number of at least 0"),
    "order": (lambda: find_saddles(LANDSCAPE, X, order=1.5), "`order` must be a whole number"),
    "index": (
        lambda: find_saddles(LANDSCAPE, X, order=[1, X.shape[1] + 1]),
        f"`order` must be at most {X.shape[1]}, the number of variables",
    ),
    "directions": (
        lambda: find_saddles(LANDSCAPE, X, order=0, directions=X),
        "`directions` are modes to climb to a transition state, but no `order` is 1",
    ),
    "keep": (lambda: find_pathways(LANDSCAPE, X, X, keep=-1), "`keep` must be a whole number"),
    "path": (
        lambda: find_pathways(LANDSCAPE, X, X, method=PushedDescent(QuasiNewton(LBFGS())), keep=9),
        "a PushedDescent follows none",
    ),
    "to": (lambda: follow(LANDSCAPE, X, to="far"), "`to` must be a number other than 0.001"),
    "rounds": (lambda: follow(LANDSCAPE, X, to=0.1, rounds=-1), "`rounds` must be a whole number"),
    "seed": (lambda: census(LANDSCAPE, seed="a"), "`seed` must be a whole number of at least 0"),
    "budget": (lambda: explore(LANDSCAPE, "none.atlas", budget=60), r"`budget` must be a Budget\("),
    "seconds": (lambda: Budget(seconds="60"), "`seconds` must be a positive number, got '60'"),
    "no limit": (lambda: Budget(seconds=np.inf), "`seconds` must be a positive number, got inf"),
    "half a search": (lambda: Budget(searches=1.5), "`searches` must be a whole number .* got 1.5"),
    "kinks": (lambda: explore(LANDSCAPE, "none.atlas", kinks="yes"), "`kinks` must be True or False"),
    "progress": (lambda: explore(LANDSCAPE, "none.atlas", progress=1), "`progress` must be True, False or"),
    "out": (lambda: explore(LANDSCAPE, None), "`out` must be the path of the atlas, got None"),
    "spins": (lambda: spin_glass("6"), "a whole number of at least 2 spins, got '6'"),
    "p": (lambda: spin_glass(6, order=2.5), "a whole order p of at least 1, got 2.5"),
    "draw": (lambda: spin_glass(6, seed="a"), "`seed` must be a whole number"),
    "parts": (lambda: partite_spin_glass("33"), "at least 2 parts of at least 2 variables each"),
    "part": (lambda: partite_spin_glass(5), "at least 2 parts of at least 2 variables each"),
    "wells": (lambda: DoubleWells("3"), "`size` must be a whole number of at least 1, got '3'"),
    "confining": (
        lambda: Loss(lambda x: x @ x, 2, confining="no"),
        "`confining` must be True or False, got 'no'",
    ),
    "name": (lambda: Loss(lambda x: x @ x, 2, name=5), "`name` must be a text, got 5"),
    "symmetry": (lambda: Loss(lambda x: x @ x, 2, symmetry="x"), "`symmetry` must be a symmetry, such as"),
    "biases": (lambda: Perceptron(X, [0, 1], hidden=1, l2=0.1, biases=2), "`biases` must be True or False"),
    "scale": (lambda: Loss(lambda x: x @ x, 2, scale="large"), "`scale` must be one number, or one for"),
}  # fmt: skip


@pytest.mark.parametrize("call, sentence", rows(MISTAKES))
def test_mistakes(call, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=sentence):
        call()
    assert list(tmp_path.iterdir()) == []


# ---- limits that are obeyed ------------------------------------------------------------------------


@pytest.mark.slow
def test_a_minimiser_brings_its_limits_which_arguments_replace():
    landscape, search = DoubleWells(2), TruncatedNewton(1e-3, 40)
    starts = starts_for(landscape, 3)
    rough = descend(landscape, starts, method=search)
    assert rough.outcomes() == {"converged": 3}
    assert (1e-10 < rough.rms_gradient).all() and (rough.rms_gradient <= 1e-3).all()
    finer = descend(landscape, starts, method=search, tolerance=1e-9)
    assert (finer.rms_gradient <= 1e-9).all()
    assert (descend(landscape, starts, method=search, max_gradients=2).gradients == 2).all()
    polished = minimise(landscape, starts, method=search)
    assert polished.outcomes() == {"converged": 3} and polished.rms_gradient.max() < 1e-10
    scaled = Loss(lambda x: 1e6 * ((x**2 - 1.0) ** 2).sum(), 2)  # searched in other units than its own
    coarse = descend(scaled, starts, method=TruncatedNewton(1e3))
    assert (1.0 < coarse.rms_gradient).any() and (coarse.rms_gradient <= 1e3).all()


@pytest.mark.slow
def test_limits_of_saddle_searches_are_gradients():
    """A Hessian of 5 variables counts as 5: a step with one, and three gradients, as eight."""
    wells, starts = DoubleWells(5), starts_for(DoubleWells(5), 4)
    for limit, steps in ((1, 1), (8, 1), (9, 2), (32, 4)):
        found = find_saddles(wells, starts, max_gradients=limit)
        assert found.hessians.tolist() == [steps] * 4
    free = matrix_free(LANDSCAPE)
    for limit in (1, 60):
        found = find_saddles(LANDSCAPE, X, toolkit=free, max_gradients=limit)
        near = run_batch(free.saddle.within(LANDSCAPE, limit), LANDSCAPE, X, 0 * X, np.ones(2, int))
        # No cycle begins after that many; one takes 16 products, which count as two, and 32 gradients.
        assert (limit <= near["gradients"]).all() and (near["gradients"] < limit + 64).all()
        assert (near["gradients"] < found.gradients).all()


def test_limits_of_pathways_and_bands_are_gradients():
    way = SteepestDescent().within(DoubleWells(5), 70)
    assert way == SteepestDescent(max_steps=10)  # a Hessian of 5 variables and two gradients
    assert PushedDescent(TruncatedNewton()).within(LANDSCAPE, 9).minimiser.max_gradients == 9
    assert ChebyshevDescent().within(LANDSCAPE, 9) == ChebyshevDescent(max_gradients=9)
    bands = find_bands(LANDSCAPE, X, X + 1.0, method=ElasticBand(images=8), max_gradients=32)
    assert (bands.gradients == (4 + 1) * 8 + 2).all()


@pytest.mark.slow
def test_minima_by_products_obey_their_limit():
    """Without Hessians `find_saddles` hands searches for minima to `minimise`, the limit with them."""
    landscape, free = DoubleWells(5), matrix_free(DoubleWells(5))
    starts = starts_for(landscape, 4)
    # The polish does not reach a minimum from where three gradients lead.
    short = find_saddles(landscape, starts, order=0, toolkit=free, max_gradients=1)
    same = minimise(landscape, starts, toolkit=free, max_gradients=1)
    np.testing.assert_array_equal(short.x, same.x)
    np.testing.assert_array_equal(short.gradients, same.gradients)
    full = find_saddles(landscape, starts, order=0, toolkit=free)
    assert full.outcomes() == {"converged": 4} and (full.index == 0).all()
    assert (full.gradients != short.gradients).any()
