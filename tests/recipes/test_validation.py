"""Items held out to choose between minima: who measures what, and what the atlas does with them."""

import numpy as np
import pytest

from lossatlas.atlas import Atlas
from lossatlas.datasets import iris, regression
from lossatlas.recipes import build_problem, read_recipe
from lossatlas.sweeps import ExploreSettings, evaluate_atlas, fit_recipe


@pytest.mark.parametrize("make", [iris, lambda: regression("yacht")])
def test_all_parts_are_in_the_scale_of_the_training_part(make):
    whole, rest = make().split(100, seed=0)
    training, validation, test = whole.hold_out(0.3, seed=1, test=rest)
    assert (len(training), len(validation), len(test)) == (70, 30, len(rest))
    np.testing.assert_allclose(training.inputs.mean(axis=0), 0, atol=1e-13)
    np.testing.assert_allclose(training.inputs.std(axis=0), 1, rtol=1e-13)
    assert training.encoder is validation.encoder is test.encoder
    # One affine map takes all parts from the scale before to that after.
    order = np.random.default_rng(1).permutation(100)
    before = np.concatenate([whole.inputs[order], rest.inputs])
    after = np.concatenate([training.inputs, validation.inputs, test.inputs])
    mean, spread = whole.inputs[order[:70]].mean(axis=0), whole.inputs[order[:70]].std(axis=0)
    np.testing.assert_allclose(after, (before - mean) / spread, rtol=0, atol=1e-12)
    assert "validation part, 30 of 100 items" in validation.note


@pytest.mark.slow
def test_minima_are_chosen_by_the_validation_data(tmp_path):
    recipe = read_recipe(
        {"landscape": "iris", "items": 100, "validation": 0.25, "hidden": 1, "l2": 1e-2, "data_seed": 3}
    )
    problem = build_problem(recipe)
    assert (len(problem.training), len(problem.validation), len(problem.test)) == (75, 25, 50)
    fit_recipe(recipe, problem, tmp_path / "i.atlas", ExploreSettings(time_limit=None), starts=20).close()
    metrics = evaluate_atlas(tmp_path / "i.atlas")
    assert {"validation_loss", "validation_accuracy", "test_loss"} <= metrics.columns.keys()
    with Atlas(tmp_path / "i.atlas", readonly=False) as atlas:
        losses = np.linspace(2.0, 1.0, len(atlas.minima))  # the last one is the best now
        atlas.set_quantity("validation_loss", losses, run="by hand")
        assert atlas.model().minimum == int(atlas.minima.id[-1])
    with Atlas(tmp_path / "i.atlas") as atlas:
        assert len(atlas.problem.validation) == 25


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, "half", True])
def test_no_such_fraction(fraction):
    with pytest.raises(ValueError, match="`validation` must be a fraction above 0 and below 1"):
        iris().hold_out(fraction)
