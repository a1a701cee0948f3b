"""Shallow against deep networks end to end on tiny ones: verified, resumed, compared."""

import dataclasses
import itertools

import jax
import numpy as np
import pytest
from scipy.optimize import minimize

from lossatlas._results import RESULTS
from lossatlas.analysis import parameter_distances
from lossatlas.landscapes import Perceptron
from lossatlas.recipes import depth_cells, run_depth
from lossatlas.recipes._depth import _constant_loss, _distinct
from lossatlas.recipes._depth_ends import Ends, start


TINY = {"layers": (2, 3), "nodes": 3, "items": 30, "l2": 1e-2, "inputs": 3}


def tiny(**other):
    return depth_cells(["yacht"], **{**TINY, **other})


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder, said = tmp_path_factory.mktemp("depth"), []
    cells = tiny(activations=["relu"], layers=[2]) + tiny(activations=["tanh"])
    return folder, run_depth(cells, folder, starts=4, workers=1, report=said.append), said


def test_every_combination(done):
    folder, results, said = done
    names = ["yacht-relu-2.npz", "yacht-tanh-2.npz", "yacht-tanh-3.npz"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    assert [result.cell.name for result in results] == names
    assert said[1] == "2 of 3: yacht-tanh-2.npz, 0 of 4 starts done"
    every = [(cell.data, cell.activation, cell.layers) for cell in depth_cells(["yacht", "power"])]
    assert every == list(itertools.product(["yacht", "power"], ["relu", "tanh"], [2, 6]))
    assert [result.ends.x.shape[1] for result in results] == [28, 28, 40]


def forward(network, x):
    """Return loss and penalty of a network by plain numpy."""
    signal, place = np.asarray(network.inputs).T, 0
    shapes = list(zip(network.sizes[1:], network.sizes[:-1]))
    for number, (outputs, inputs) in enumerate(shapes):
        weights = x[place : place + outputs * inputs].reshape(outputs, inputs)
        place += outputs * inputs
        signal = weights @ signal + x[place : place + outputs, None]
        place += outputs
        if number < len(shapes) - 1:
            signal = np.tanh(signal) if network.smoothness == "smooth" else np.maximum(signal, 0)
    return np.mean((signal - np.asarray(network.targets).T) ** 2), float(network.l2) * x @ x


def test_ends_by_other_routes(done):
    for result in done[1]:
        network = result.cell.recipe.build().landscape
        derivatives = jax.jit(
            lambda x, network=network: (jax.grad(network.energy)(x), jax.hessian(network.energy)(x))
        )
        for k, x in enumerate(result.ends.x):
            loss, penalty = forward(network, x)
            assert result.ends.error[k] == pytest.approx(loss, rel=1e-10)
            assert result.ends.energy[k] == pytest.approx(loss + penalty, rel=1e-10)
            gradient, hessian = (np.asarray(part) for part in derivatives(x))
            if result.widths.zeros[k] == 0:
                sign, logarithm = np.linalg.slogdet(hessian)
                # Logarithms of eigenvalues just above the zero threshold are good to 1e-16/1e-9.
                assert result.widths.entropy[k] == pytest.approx(-logarithm / len(x), rel=1e-6)
                assert (sign < 0) == (result.widths.negative[k] % 2 == 1)
            else:  # rotations among ReLU nodes that are active for all items change nothing
                assert network.smoothness != "smooth"
            if result.ends.converged[k]:
                assert np.linalg.norm(gradient) <= 1e-10 * np.sqrt(len(x))
                assert np.linalg.eigvalsh(hessian)[0] > 0


def test_smooth_networks_are_verified_and_kinks_are_not(done):
    relu, tanh = done[1][:1], done[1][1:]
    for result in tanh:
        assert (result.minima, result.unverified, result.trivial) == (4, 0, 0)
    for result in relu:
        assert result.minima + result.unverified + result.trivial == 4 and result.unverified > 0
        on_kink = result.ends.outcome == RESULTS.max_steps
        assert on_kink.sum() == result.unverified
        # What is not verified ended where the gradient jumps, far above what a minimum is polished to.
        assert result.ends.rms_gradient[on_kink].min() > 1e-8


def test_more_starts_are_added_to_those_that_are_there(done, tmp_path):
    cells = tiny(activations=["tanh"], layers=[2])
    run_depth(cells, tmp_path, starts=2, workers=1)
    said = []
    (result,) = run_depth(cells, tmp_path, starts=4, workers=1, report=said.append)
    assert said == ["1 of 1: yacht-tanh-2.npz, 2 of 4 starts done"]
    whole = done[1][1]
    for name, values in vars(whole.ends).items():
        np.testing.assert_array_equal(values, getattr(result.ends, name))
    assert result.summary() == whole.summary()
    (again,) = run_depth(cells, tmp_path, starts=2, workers=1)  # all that are there are used
    assert again.starts == 4


def test_other_settings_and_other_files_are_refused(done, tmp_path):
    folder = done[0]
    for cells, options, message in (
        (tiny(l2=1e-3), {}, r"yacht-relu-2.npz was made with l2 = 0.01, not 0.001: name another folder"),
        (tiny(), {"seed": 1}, r"was made with seed = 0, not 1"),
        (tiny(), {"max_steps": 7}, r"was made with max_steps = 10000, not 7"),
        (tiny(inputs=None), {}, r"was made with project = 3, not None"),
    ):
        with pytest.raises(ValueError, match=message):
            run_depth(cells, folder, **options)
    whole = (folder / "yacht-relu-2.npz").read_bytes()
    for wrong in (b"no numbers", whole[: len(whole) // 2]):
        (tmp_path / "yacht-relu-2.npz").write_bytes(wrong)
        with pytest.raises(ValueError, match="yacht-relu-2.npz is no file of this study"):
            run_depth(tiny(), tmp_path)


def test_constant_outputs_are_counted_and_left_out(tmp_path):
    # With lambda 10 the zero network is the only minimum: its error is the variance of the targets.
    (result,) = run_depth(tiny(l2=10.0, activations=["tanh"], layers=[2]), tmp_path, starts=2, workers=1)
    assert (result.trivial, result.minima, len(result.ends)) == (2, 0, 0)
    row = result.summary()
    assert np.isnan(row["aligned"]) and np.isnan(row["slope"]) and np.isnan(row["loss"])


@pytest.mark.parametrize("settings", [{}, {"loss": "binary_cross_entropy"}, {"loss": "squared_error"}])
def test_loss_of_the_best_constant(settings):
    kinds = np.array([0, 0, 0, 1, 1, 0, 1, 0])
    network = Perceptron(
        np.random.default_rng(0).normal(size=(8, 2)), kinds, hidden=[2], l2=0.0, **settings
    )
    layers = [jax.numpy.zeros(network.dimension)]
    outputs = network.sizes[-1]
    # Biases of the outputs are the last variables; all other variables zero.
    loss = lambda b: float(network.energy(layers[0].at[-outputs:].set(jax.numpy.asarray(b))))
    best = minimize(loss, np.zeros(outputs), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14})
    assert _constant_loss(network) == pytest.approx(best.fun, rel=1e-9)  # a quadratic minimum: (1e-6)^2


def test_images_are_one_minimum(done):
    result = done[1][0]  # ReLU descents end at different losses
    symmetry = result.cell.recipe.build().landscape.symmetry
    order = np.argsort(result.ends.energy)
    one, other = result.ends[order[:1]], result.ends[order[-1:]]
    image = dataclasses.replace(one, x=symmetry.random_image(one.x[0], np.random.default_rng(0))[None])
    ends = Ends.concatenate([one, image, other])
    assert other.energy[0] > one.energy[0] + 1e-6
    found = _distinct(ends, parameter_distances(symmetry, ends.x))
    np.testing.assert_array_equal(found, [True, False, True])


def test_starts_keep_the_size_of_signals():
    data = np.random.default_rng(0).normal(size=(5, 50))
    for activation, gain in (("tanh", 1.0), ("relu", 2.0)):
        network = Perceptron(
            data, np.ones(5), hidden=[100, 60], l2=1.0, activation=activation, loss="squared_error"
        )
        x = start(network, 0, 3)
        np.testing.assert_array_equal(x, start(network, 0, 3))
        for other in (start(network, 0, 4), start(network, 1, 3)):
            assert not np.any(x[:5000] == other[:5000])
        for (weights, biases), inputs in zip(network.layers(x)[:2], (50, 100)):
            # 5,000 and 6,000 draws: their standard deviation is known to 1 %.
            assert np.std(weights) == pytest.approx(np.sqrt(gain / inputs), rel=0.05)
            np.testing.assert_array_equal(biases, 0.0)


def test_table(done):
    columns = done[1][1].to_columns()
    assert {len(values) for values in columns.values()} == {4}
    assert list(columns["layers"]) == [2] * 4 and columns["verified"].all()


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"l2": 0.0}, "`l2` must be above zero, got 0.0"),
        ({"layers": (2, 2)}, "`layers` must name one or more, each once, got"),
        ({"layers": (0, 2)}, "`layers` must be at least 1, got 0"),
        ({"nodes": 0}, "`nodes` must be at least 1, got 0"),
        ({"activations": []}, "`activations` must name one or more"),
        ({"activations": "tanh"}, "`activations` must be a list, got 'tanh'"),
    ],
)
def test_settings_that_do_not_fit(settings, message):
    with pytest.raises(ValueError, match=message):
        tiny(**settings)


def test_other_mistakes(tmp_path):
    with pytest.raises(ValueError, match="xor is no shipped data set of which items could be drawn"):
        depth_cells(["xor"])
    with pytest.raises(ValueError, match="`starts` must be a whole number of at least 2, got 1"):
        run_depth(tiny(), tmp_path, starts=1)
    assert not list(tmp_path.iterdir())
