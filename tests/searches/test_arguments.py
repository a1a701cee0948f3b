"""Arguments of a wrong kind or size: one sentence that names them, before anything is compiled."""

import jax
import numpy as np
import pytest

from helpers import rows, starts_for
from lossatlas.datasets import iris
from lossatlas.exploration import Budget, explore
from lossatlas.landscapes import DoubleWells, Loss, MuellerBrown, partite_spin_glass, spin_glass, xor
from lossatlas.searches import (
    BFGS,
    LBFGS,
    AbstractSearch,
    GradientDescent,
    basin_hopping,
    census,
    connect,
    descend,
    find_bands,
    find_pathways,
    find_saddles,
    follow,
    minimise,
)
from lossatlas.searches.minimise import Descent, TruncatedNewton
from lossatlas.searches.minimise._descend import descent_by
from lossatlas.searches.minimise._gradient_descent import ConstantSteps
from lossatlas.searches.pathway import _pathways
from lossatlas.searches.saddle import _find_saddles


X = np.full((2, 7), 0.5)
LANDSCAPE = xor(1)


def hop(**settings):
    return basin_hopping(
        LANDSCAPE, X, **{"steps": 1, "temperature": 1.0, "key": jax.random.key(0), **settings}
    )


# Every entry point with a limit of steps, and the name of the limit.
LIMITED = {
    "minimise": (lambda n: minimise(LANDSCAPE, X, max_steps=n), "max_steps"),
    "descend": (lambda n: descend(LANDSCAPE, X, max_steps=n), "max_steps"),
    "hopping": (lambda n: hop(max_steps=n), "max_steps"),
    "saddles": (lambda n: find_saddles(LANDSCAPE, X, max_steps=n), "max_steps"),
    "minima": (lambda n: find_saddles(LANDSCAPE, X, order=0, max_steps=n), "max_steps"),
    "steepest": (lambda n: find_pathways(LANDSCAPE, X, X, max_steps=n), "max_steps"),
    "fast": (lambda n: find_pathways(LANDSCAPE, X, X, method="fast", max_steps=n), "max_steps"),
    "bands": (lambda n: find_bands(LANDSCAPE, X, X, max_steps=n), "max_steps"),
    "images": (lambda n: find_bands(LANDSCAPE, X, X, images=n), "images"),
    "connect": (lambda n: connect(LANDSCAPE, X, X, cycles=n), "cycles"),
    "follow": (lambda n: follow(LANDSCAPE, X, to=0.1, max_steps=n), "max_steps"),
    "census": (lambda n: census(LANDSCAPE, starts=n), "starts"),
    "explore": (lambda n: explore(LANDSCAPE, "none.atlas", batch_size=n), "batch_size"),
    "workers": (lambda n: minimise(LANDSCAPE, X, workers=n), "workers"),
    "search": (lambda n: minimise(LANDSCAPE, X, method=TruncatedNewton(1e-6, n)), "max_steps"),
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
    for what, name in ((iris(), "DataSet"), (lambda x: x @ x, "function"), (MuellerBrown, "MuellerBrown")):
        with pytest.raises(ValueError, match=f"^`landscape` must be a landscape, got {name}: make one by"):
            call(what)


MISTAKES = {
    "method": (lambda: minimise(LANDSCAPE, X, method="lbfgs"), "`method` must be BFGS.* got 'lbfgs'"),
    "class": (lambda: descend(LANDSCAPE, X, method=LBFGS), "`method` must be BFGS"),
    "hopping method": (lambda: hop(method=3), "`method` must be BFGS"),
    "two limits": (
        lambda: descend(LANDSCAPE, X, method=TruncatedNewton(1e-6), tolerance=1e-3, max_steps=9),
        "has a tolerance and a number of steps of its own: leave out `tolerance` and `max_steps`",
    ),
    "tolerance": (lambda: minimise(LANDSCAPE, X, method=TruncatedNewton(-1.0)), "`tolerance` must be"),
    "unused tolerance": (lambda: hop(tolerance=1e-3), "give `polish=False` as well"),
    "hops": (lambda: hop(steps=-1), "`steps` must be a whole number of at least 0"),
    "temperature": (lambda: hop(temperature="hot"), "`temperature` must be a finite number of at least 0"),
    "refresh": (lambda: BFGS(-1), "`refresh` must be a whole number of at least 0"),
    "order": (lambda: find_saddles(LANDSCAPE, X, order=1.5), "`order` must be a whole number"),
    "directions": (
        lambda: find_saddles(LANDSCAPE, X, order=0, directions=X),
        "`directions` say what to climb to a transition state, but no `order` is 1",
    ),
    "keep": (lambda: find_pathways(LANDSCAPE, X, X, keep=-1), "`keep` must be a whole number"),
    "path": (
        lambda: find_pathways(LANDSCAPE, X, X, method="fast", keep=9),
        "the fast method follows no path",
    ),
    "to": (lambda: follow(LANDSCAPE, X, to="far"), "`to` must be a number other than 0.001"),
    "rounds": (lambda: follow(LANDSCAPE, X, to=0.1, rounds=-1), "`rounds` must be a whole number"),
    "seed": (lambda: census(LANDSCAPE, seed="a"), "`seed` must be a whole number of at least 0"),
    "budget": (lambda: explore(LANDSCAPE, "none.atlas", budget=60), r"`budget` must be a Budget\("),
    "seconds": (lambda: Budget(seconds="60"), "budget of seconds must be a positive number, got '60'"),
    "progress": (lambda: explore(LANDSCAPE, "none.atlas", progress=True), "`progress` must be a function"),
    "out": (lambda: explore(LANDSCAPE, None), "`out` must be the path of the atlas, got None"),
    "spins": (lambda: spin_glass("6"), "a whole number of at least 2 spins, got '6'"),
    "p": (lambda: spin_glass(6, order=2.5), "a whole order p of at least 1, got 2.5"),
    "draw": (lambda: spin_glass(6, seed="a"), "`seed` must be a whole number"),
    "parts": (lambda: partite_spin_glass("33"), "at least 2 parts of at least 2 variables each"),
    "part": (lambda: partite_spin_glass(5), "at least 2 parts of at least 2 variables each"),
    "wells": (lambda: DoubleWells("3"), "`size` must be a whole number of at least 1, got '3'"),
    "scale": (lambda: Loss(lambda x: x @ x, 2, scale="large"), "`scale` must be positive, one number or 2"),
}  # fmt: skip


@pytest.mark.parametrize("call, sentence", rows(MISTAKES))
def test_mistakes(call, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=sentence):
        call()
    assert list(tmp_path.iterdir()) == []


# ---- limits that are obeyed ------------------------------------------------------------------------


def test_a_descent_keeps_its_own_limits():
    landscape, search = DoubleWells(2), TruncatedNewton(1e-3, 40)
    starts = starts_for(landscape, 3)
    rough = descend(landscape, starts, method=search)
    assert rough.outcomes() == {"converged": 3}
    assert (1e-10 < rough.rms_gradient).all() and (rough.rms_gradient <= 1e-3).all()
    polished = minimise(landscape, starts, method=search)
    assert polished.outcomes() == {"converged": 3} and polished.rms_gradient.max() < 1e-10
    scaled = Loss(lambda x: 1e6 * ((x**2 - 1.0) ** 2).sum(), 2)  # searched in other units than its own
    coarse = descend(scaled, starts, method=TruncatedNewton(1e3))
    assert (1.0 < coarse.rms_gradient).any() and (coarse.rms_gradient <= 1e3).all()
    for given in (search, Descent(LBFGS(5), 1e-3, 7), ConstantSteps(GradientDescent(0.1), 1e-3, 7)):
        assert descent_by(landscape, given) is given


def test_minimisation_as_a_saddle_search_of_order_zero_passes_its_limit_on(monkeypatch):
    """Above 1,000 variables `find_saddles` hands searches for minima to `minimise`."""
    handed = []
    monkeypatch.setattr(_find_saddles, "DENSE", 5)
    monkeypatch.setattr(_find_saddles, "minimise", lambda *given, **options: handed.append(options))
    find_saddles(LANDSCAPE, X, order=0, max_steps=17, workers=1)
    find_saddles(LANDSCAPE, X, order=[0, 0])
    assert handed == [{"max_steps": 17, "workers": 1}, {"max_steps": None, "workers": None}]


@pytest.mark.parametrize("method, usual", [("steepest", 1000), ("fast", 5000)])
def test_a_step_of_a_pathway_is_a_step_of_its_search(monkeypatch, method, usual):
    class Begun(Exception):
        """The search begins; what it finds is of no interest here."""

    def begin(search, landscape, *lanes, workers):
        if isinstance(search, AbstractSearch):
            raise Begun(search.max_steps)
        return lanes[0]

    monkeypatch.setattr(_pathways, "run_batch", begin)
    for given, wanted in ((None, usual), (4, 4)):
        with pytest.raises(Begun) as begun:
            find_pathways(LANDSCAPE, X, X, method=method, max_steps=given)
        assert begun.value.args == (wanted,)
