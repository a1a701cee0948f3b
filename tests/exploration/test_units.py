"""A loss in other units has the same atlas in those units."""

import warnings

import jax.numpy as jnp
import numpy as np
import pytest

from lossatlas.exploration import Budget, explore
from lossatlas.landscapes import Loss


WIDTHS = (1.0, 1e-5, 4e-6, 1e-6, 1e-9, 1e6)
FACTORS = (1.0, 1e-12, 1e12)
QUICK = [(1e-9, 1e12)]  # the others are slow: each width compiles all searches again
UNITS = [
    pytest.param(width, factor, marks=() if (width, factor) in QUICK else pytest.mark.slow)
    for width in WIDTHS
    for factor in FACTORS
]


def wells(x, data):
    """Two wells at (+-u, 0) of energy 0, joined by one saddle of energy c at the origin."""
    u, c = data
    return c * (((x[0] / u[0]) ** 2 - 1) ** 2 + (x[1] / u[1]) ** 2)


def atlas_of(folder, widths, factor):
    data = jnp.array(widths), jnp.array(factor)
    loss = Loss(wells, 2, data=data, scale=np.array(widths), confining=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        atlas = explore(loss, folder / "u.atlas", budget=Budget(searches=200), workers=1)
    with atlas:
        minima, states = atlas.minima, atlas.transition_states
        order = np.argsort(minima.x[:, 0])
        shift = 2 * np.log(factor) - 2 * np.log(widths).sum()
        return {
            "x": (minima.x / widths)[order],
            "energy": minima.energy / factor,
            "log_product": minima.log_product - shift,
            "saddle": states.energy / factor,
            "saddle x": states.x / widths,
            "ends": np.sort(states.minima, axis=1),
            # In units of the geometric mean of the widths the way from well to well is straight.
            "length": states.path_length / np.sqrt(np.prod(widths)),
            "saddle log-product": states.log_product - 0.5 * shift,
        }


KNOWN = {
    "x": [[-1, 0], [1, 0]],
    "energy": [0, 0],
    "log_product": [np.log(8 * 2)] * 2,  # second derivatives 8 and 2 at the minima
    "saddle": [1],
    "saddle x": [[0, 0]],
    "ends": [[1, 2]],
    "length": [2],
    "saddle log-product": [np.log(2)],
}


@pytest.mark.parametrize("width, factor", UNITS)
def test_units_of_all_variables_and_of_the_loss(width, factor, tmp_path):
    found = atlas_of(tmp_path, (width, width), factor)
    for name, known in KNOWN.items():
        np.testing.assert_allclose(found[name], known, rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("widths", [(1e6, 1e-6), (1e6, 1.0), (1.0, 1e-6), (1.0, 1e6)])
def test_units_of_one_variable(widths, tmp_path):
    found = atlas_of(tmp_path, widths, 1.0)
    for name, known in KNOWN.items():
        np.testing.assert_allclose(found[name], known, rtol=1e-9, atol=1e-9, err_msg=name)
