"""Pictures are drawn without a screen, and none is left open."""

import matplotlib
import pytest


matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    """Close all figures before every test, those of other folders too, and after it."""
    import matplotlib.pyplot as plt

    plt.close("all")
    yield
    plt.close("all")
