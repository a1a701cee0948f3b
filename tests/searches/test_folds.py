"""Folds, where a minimum and a saddle merge: whether there are two points or none must not be a guess."""

import jax.numpy as jnp
import numpy as np

from lossatlas.landscapes import Loss
from lossatlas.searches import find_saddles


def shoulder(x, tilt):
    """A slope of tilt - 4 sqrt(2) s^2 + O(s^3), where s = x - 1 / sqrt(2); at tilt 0 it touches zero."""
    return jnp.arccos(x[0]) + x[0] ** 2 + tilt * x[0]


STARTS = np.linspace(0.5, 0.68, 7)[:, None]


def test_a_shoulder_is_no_minimum_although_rounding_gives_it_a_curvature():
    ends = find_saddles(Loss(shoulder, 1, data=np.array(0.0), energy_scale=1.0), STARTS, order=0)
    assert ends.outcomes() == {"degenerate": 7}
    assert (ends.zeros == 1).all()


def test_a_minimum_close_to_its_saddle_is_one():
    tilt = 1e-10
    ends = find_saddles(Loss(shoulder, 1, data=np.array(tilt), energy_scale=1.0), STARTS, order=0)
    assert ends.outcomes() == {"converged": 7}
    distance = np.sqrt(tilt / (4.0 * np.sqrt(2.0)))
    np.testing.assert_allclose(ends.x, np.sqrt(0.5) - distance, rtol=1e-9)
