"""Explorations with searches that a user brings: only verified points are stored."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from helpers import Standing
from lossatlas.atlas import Atlas
from lossatlas.exploration import Budget, explore
from lossatlas.landscapes import DoubleWells
from lossatlas.searches import (
    AbstractPathway,
    Approached,
    GradientDescent,
    HalfPathway,
    toolkit_for,
    toolkit_in_words,
)


LANDSCAPE = DoubleWells(2, tilt=0.1)  # 4 minima, 4 transition states and a maximum
KIT = toolkit_for(LANDSCAPE)


class Liar(Standing):
    """Stays where it starts, and says that this is the point."""

    def result(self, landscape, state):
        return Approached(state, 0, 1)


class Nowhere(AbstractPathway):
    """Says that a pathway of no length ends where it begins."""

    def keeping(self, points):
        return self

    def within(self, landscape, max_gradients):
        return self

    def init(self, landscape, x, direction):
        return x + 0.1 * direction

    def step(self, landscape, state):
        return state

    def finished(self, landscape, state):
        return jnp.asarray(True)

    def result(self, landscape, state):
        return HalfPathway(state, jnp.asarray(0.0), jnp.zeros((0, 2)), jnp.asarray(0), 1, 0)


LIES = {
    "saddle": {"saddle": Liar()},
    "all": {"saddle": Liar(), "polish": Liar(), "pathway": Nowhere(), "descent": GradientDescent(0.1)},
}


@pytest.mark.parametrize(
    "parts", [pytest.param(LIES["saddle"], marks=pytest.mark.slow), LIES["all"]], ids=LIES
)
def test_no_search_of_a_stranger_gets_a_point_into_the_atlas_that_is_none(parts, tmp_path):
    toolkit = dataclasses.replace(KIT, **parts)
    with explore(LANDSCAPE, tmp_path / "a.atlas", budget=Budget(searches=300), toolkit=toolkit) as atlas:
        for table, index in ((atlas.minima, 0), (atlas.transition_states, 1)):
            assert len(table) == 4
            assert np.abs(jax.vmap(jax.grad(LANDSCAPE.energy))(table.x)).max() < 1e-10
            hessians = jax.vmap(jax.hessian(LANDSCAPE.energy))(table.x)
            assert (np.sum(np.linalg.eigvalsh(hessians) < 0, axis=1) == index).all()


@pytest.mark.slow
def test_the_file_says_who_searched_and_a_change_is_warned_of(tmp_path):
    path, own = tmp_path / "a.atlas", dataclasses.replace(KIT, descent=GradientDescent(0.1))
    go_on = lambda count, **toolkit: explore(
        LANDSCAPE, path, budget=Budget(searches=count), **toolkit
    ).close()
    go_on(2)
    go_on(4, toolkit=KIT)  # the default one
    with pytest.warns(
        UserWarning, match=r"goes on with another toolkit .*, which differs in `descent`: what"
    ):
        go_on(6, toolkit=own)
    go_on(8)  # as in the last run
    with pytest.warns(UserWarning, match="differs in `descent`"):
        go_on(10, toolkit=KIT)
    with Atlas(path) as atlas:
        noted = [run["settings"].get("toolkit") for run in atlas.log.runs]
    assert [bool(toolkit) for toolkit in noted] == [False, False, True, True, False]
    assert noted[2] == noted[3] == toolkit_in_words(own)


def test_a_search_that_can_no_longer_be_imported_is_named(tmp_path):
    class Gone(Liar):
        """A class of this function alone."""

    path, kit = tmp_path / "a.atlas", dataclasses.replace(KIT, saddle=Gone())
    explore(LANDSCAPE, path, budget=Budget(seconds=1e-9), toolkit=kit).close()
    with pytest.raises(ValueError, match=r"cannot be made again; name one\. saddle: '.*Gone\(\)' names"):
        explore(LANDSCAPE, path, budget=Budget(seconds=1e-9))
    with pytest.warns(UserWarning, match="another toolkit than in its last run, which differs in `saddle`"):
        explore(LANDSCAPE, path, budget=Budget(seconds=1e-9), toolkit=KIT).close()
