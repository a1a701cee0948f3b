"""Curves of occupation against time, and rates against temperature."""

import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lossatlas import plots
from lossatlas.analysis import evolve, rate_network
from networks import random_network


def evolution():
    rates = rate_network(random_network(12, 20, 0), 0.5)
    return evolve(rates, rates.equilibrium([0]), np.array([10.0, 0.0, 0.1, 1e3]))


def test_sets_and_others_add_up():
    found = evolution()
    ax = plots.evolution(found, {"a": [0, 1], "b": [2]})
    curves = {line.get_label(): line.get_xydata() for line in ax.lines}
    assert list(curves) == ["a", "b", "others"]
    np.testing.assert_array_equal(curves["a"][:, 0], [0.1, 10.0, 1e3])
    np.testing.assert_allclose(curves["b"][:, 1], found.occupation[[2, 0, 3], 2])
    np.testing.assert_allclose(sum(curve[:, 1] for curve in curves.values()), 1.0, rtol=1e-12)
    everything = plots.evolution(found, {"all": np.arange(12)})
    assert [line.get_label() for line in everything.lines] == ["all"]
    given = plt.figure().subplots()
    assert plots.evolution(found, {"a": [0]}, ax=given) is given


def test_arrhenius_is_straight_for_one_barrier():
    kt = np.array([0.1, 0.5, 0.2])
    ax = plots.arrhenius(kt, {"one": np.exp(-1.0 / kt)})
    x, y = ax.lines[0].get_xydata().T
    np.testing.assert_allclose(x, [2.0, 5.0, 10.0])
    np.testing.assert_allclose(y * np.log(10), -x, rtol=1e-12)
    logs = plots.arrhenius(kt, {"one": -1000 / kt, "none": np.full(3, -np.inf)}, log=True)
    assert logs.lines[0].get_xydata()[-1, 1] == pytest.approx(-10000 / np.log(10))
    assert len(logs.lines[1].get_xydata()) == 0


def test_bad_input():
    found = evolution()
    with pytest.raises(ValueError, match="`sets` must hold 1 to 10 sets"):
        plots.evolution(found, {})
    with pytest.raises(ValueError, match="at least two positive times"):
        plots.evolution(dataclasses.replace(found, times=np.zeros(4)), {"a": [0]})
    with pytest.raises(ValueError, match="no positive rate"):
        plots.arrhenius([1.0], {"a": [0.0]})
