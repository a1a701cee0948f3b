"""Where harmonic numbers are not to be trusted."""

import numpy as np
import pytest

from lossatlas.analysis import TransitionNetwork, occupation, shallow


def test_barriers_below_kt():
    # Barriers: 1.0 from 0 (to itself 0.5), 0.2 from 1, none known from 2.
    network = TransitionNetwork([0.0, 0.8, 0.1], [1.0, 0.5], [[0, 1], [0, 0]], [1.0, 2.0, 0.0])
    kt = np.array([0.1, 0.3, 0.6, 2.0])
    found = shallow(network, kt)
    p = occupation(network, kt)
    assert found.minima.tolist() == [0, 1, 2, 2]
    expected = [0.0, p[1, 1], p[2, :2].sum(), p[3, :2].sum()]
    np.testing.assert_allclose(found.occupation, expected, rtol=1e-14)
    assert list(found.to_dataframe().columns) == ["kt", "minima", "occupation"]
    with pytest.raises(ValueError, match="`kt` must be positive"):
        shallow(network, 0.0)
