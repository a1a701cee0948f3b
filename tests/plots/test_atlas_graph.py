"""Graphs of atlases: what the axis is called, and which labels and titles there are."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lossatlas import plots
from lossatlas.atlas import Atlas, import_pathsample
from lossatlas.landscapes import Loss, Perceptron, spin_glass


def network(**settings):
    return Perceptron(np.eye(2), [0, 1], hidden=[2], **settings)


@pytest.mark.parametrize(
    "landscape, label",
    [
        (network(l2=1e-3), "loss with penalty (L2 0.001)"),
        (network(l2=0.0), "loss without penalty"),
        (Loss(lambda x: (x**2).sum(), np.zeros(2)), "loss"),
        (spin_glass(4), "energy"),
    ],
    ids=["penalised", "plain", "function", "glass"],
)
def test_energies_of_models_are_losses(tmp_path, landscape, label):
    with Atlas(tmp_path / "one.atlas", landscape) as atlas:
        assert plots.energy_label(atlas) == label


@pytest.fixture
def imported(tmp_path):
    """An atlas of three minima; the second is the lowest."""
    (tmp_path / "min.data").write_text("0.2 1.0 1\n0.1 1.0 1\n0.3 1.0 1\n")
    (tmp_path / "ts.data").write_text("0.5 1.0 1 1 2\n0.6 1.0 1 2 3\n")
    import_pathsample(tmp_path, tmp_path / "three.atlas")
    with Atlas(tmp_path / "three.atlas") as atlas:
        yield atlas


@pytest.mark.parametrize("labels, written", [(False, {"2"}), ([3], {"2", "3"}), (True, {"1", "2", "3"})])
def test_the_lowest_minimum_is_always_labelled(imported, labels, written):
    ax = plots.atlas_graph(imported, labels=labels)
    assert {text.get_text() for text in ax.texts} == written and ax.get_ylabel() == "energy"


def test_the_title_fits_a_narrow_figure(imported):
    _, ax = plt.subplots(figsize=(3, 3), layout="constrained")
    plots.atlas_graph(imported, ax=ax)
    ax.figure.canvas.draw()
    box = ax.title.get_window_extent()
    assert box.x0 >= 0 and box.x1 <= ax.figure.bbox.width
    assert ax.get_title().replace("\n", " ").endswith("3 minima, 2 transition states")
