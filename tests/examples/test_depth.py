"""Shallow against deep networks end to end on tiny ones: verified, resumed, compared."""

from pathlib import Path

import jax
import numpy as np
import pytest
from depth_ends import Cell, random_start
from depth_summary import cells_of, compared, constant_loss, judged, same_points
from run_table import RunTable, read_rows
from scipy.optimize import minimize

from lossatlas.analysis import parameter_distances
from lossatlas.landscapes import Perceptron


FOLDER = "11-depth"
EXAMPLE = Path(__file__).parents[2] / "examples" / FOLDER
TINY = {"nodes": 3, "items": 30, "l2": 1e-2, "inputs": 3}
CELLS = [Cell("yacht", *kind, **TINY) for kind in (("relu", 2), ("tanh", 2), ("tanh", 3))]


@pytest.fixture(scope="module")
def study(script):
    return script(f"{FOLDER}/run.py")


@pytest.fixture(scope="module")
def rows(study, tmp_path_factory):
    """Four starts of three networks, run once for all slow tests."""
    path = tmp_path_factory.mktemp("depth") / "runs.csv"
    study.run(RunTable(path, study.SETTINGS, study.ENDS), CELLS, starts=4, workers=1)
    return read_rows(path)


def numbers(rows, name):
    return np.array([float(row[name]) for row in rows])


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


@pytest.mark.slow
def test_ends_by_other_routes(rows):
    for cell, ends in cells_of(rows).items():
        network = cell.network()
        derivatives = jax.jit(
            lambda x, network=network: (jax.grad(network.energy)(x), jax.hessian(network.energy)(x))
        )
        assert [row["start"] for row in ends] == ["0", "1", "2", "3"]
        for row in ends:
            x = np.array(row["x"].split(), dtype=float)
            loss, penalty = forward(network, x)
            assert float(row["error"]) == pytest.approx(loss, rel=1e-10)
            assert float(row["energy"]) == pytest.approx(loss + penalty, rel=1e-10)
            gradient, hessian = (np.asarray(part) for part in derivatives(x))
            if row["zeros"] == "0":
                sign, logarithm = np.linalg.slogdet(hessian)
                # Logarithms of eigenvalues just above the zero threshold are good to 1e-16/1e-9.
                assert float(row["entropy"]) == pytest.approx(-logarithm / len(x), rel=1e-6)
                assert (sign < 0) == (int(row["negative"]) % 2 == 1)
            else:  # rotations among ReLU nodes that are active for all items change nothing
                assert network.smoothness != "smooth"
            if row["outcome"] == "converged":
                assert np.linalg.norm(gradient) <= 1e-10 * np.sqrt(len(x))
                assert np.linalg.eigvalsh(hessian)[0] > 0


@pytest.mark.slow
def test_smooth_networks_are_verified_and_kinks_are_not(rows):
    relu, *tanh = [judged(cell, ends) for cell, ends in cells_of(rows).items()]
    assert [result.dimension for result in (relu, *tanh)] == [28, 28, 40]
    for result in tanh:
        assert (result.minima, result.unverified, result.trivial) == (4, 0, 0)
    assert relu.minima + relu.unverified + relu.trivial == 4 and relu.unverified > 0
    on_kink = [row for row in cells_of(rows)[relu.cell] if row["outcome"] == "max_steps"]
    # What is not verified ended where the gradient jumps, far above what a minimum is polished to.
    assert numbers(on_kink, "rms_gradient").min() > 1e-8
    summary = [result.row() for result in tanh]
    (found,) = [part for name, part in compared(summary).items() if name == "tanh aligned"]
    assert found.mean == pytest.approx(summary[1]["aligned"] - summary[0]["aligned"])
    starts = np.stack([random_start(tanh[0].cell.network(), 0, i) for i in range(4)])
    apart = parameter_distances(tanh[0].cell.network().symmetry, starts).plain
    norms = np.sum(starts**2, axis=1)
    np.testing.assert_allclose(tanh[0].start_distances.plain, apart / np.sqrt(norms[:, None] + norms))


@pytest.mark.slow
def test_more_starts_are_added_to_those_that_are_there(study, rows, tmp_path):
    table = lambda: RunTable(tmp_path / "runs.csv", study.SETTINGS, study.ENDS)
    for starts in (2, 4):
        study.run(table(), CELLS[1:2], starts=starts, workers=1)
    assert read_rows(tmp_path / "runs.csv") == cells_of(rows)[CELLS[1]]
    (tmp_path / "runs.csv").write_bytes((tmp_path / "runs.csv").read_bytes()[:-100])
    study.run(table(), CELLS[1:2], starts=4, workers=1)
    assert read_rows(tmp_path / "runs.csv") == cells_of(rows)[CELLS[1]]


@pytest.mark.slow
def test_constant_outputs_are_counted_and_left_out(study, tmp_path):
    # With lambda 10 the zero network is the only minimum: its error is the variance of the targets.
    cell = Cell("yacht", "tanh", 2, **{**TINY, "l2": 10.0})
    study.run(RunTable(tmp_path / "a.csv", study.SETTINGS, study.ENDS), [cell], starts=2, workers=1)
    result = judged(cell, read_rows(tmp_path / "a.csv"))
    assert (result.trivial, result.minima, len(result.x)) == (2, 0, 0)
    row = result.row()
    assert np.isnan(row["aligned"]) and np.isnan(row["slope"]) and np.isnan(row["loss"])


@pytest.mark.slow
def test_the_scripts_run(run_script, tmp_path, capsys):
    runs, summary, *pictures = (tmp_path / name for name in ("r.csv", "s.csv", "d.png", "e.svg"))
    small = ("--nodes", 2, "--items", 20, "--inputs", 2, "--l2", 1e-2, "--workers", 1, "--starts", 3)
    run_script(
        f"{FOLDER}/run.py", "yacht", "--layers", "2,3", "--activations", "tanh", *small, "--out", runs
    )
    run_script(f"{FOLDER}/draw.py", runs, summary, "--distances", pictures[0], "--entropy", pictures[1])
    assert "tanh aligned, deep less shallow: " in capsys.readouterr().out
    assert pictures[0].read_bytes().startswith(b"\x89PNG") and pictures[1].read_bytes().startswith(b"<?xml")
    found = read_rows(summary)
    assert [(row["layers"], row["variables"]) for row in found] == [("2", "15"), ("3", "21")]
    assert list(found[0]) == list(read_rows(EXAMPLE / "tanh.csv")[0])


@pytest.mark.parametrize("settings", [{}, {"loss": "binary_cross_entropy"}, {"loss": "squared_error"}])
def test_loss_of_the_best_constant(settings):
    kinds = np.array([0, 0, 0, 1, 1, 0, 1, 0])
    inputs = np.random.default_rng(0).normal(size=(8, 2))
    network = Perceptron(inputs, kinds, hidden=[2], l2=0.0, **settings)
    outputs, energy = network.sizes[-1], jax.jit(lambda x: network.energy(x))
    # Biases of the outputs are the last variables; all other variables zero.
    loss = lambda biases: float(energy(np.append(np.zeros(network.dimension - outputs), biases)))
    best = minimize(loss, np.zeros(outputs), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14})
    assert constant_loss(network) == pytest.approx(best.fun, rel=1e-9)  # a quadratic minimum: (1e-6)^2


def test_images_are_one_minimum():
    network, rng = CELLS[0].network(), np.random.default_rng(0)
    one, other = rng.normal(size=(2, network.dimension))
    x = np.stack([one, network.symmetry.random_image(one, rng), other, one])
    energy = np.array([1.0, 1.0, 1.0, 2.0])
    found = same_points(x, energy, parameter_distances(network.symmetry, x))
    expected = np.eye(4, dtype=bool)
    expected[0, 1] = expected[1, 0] = True  # not the last: another loss
    np.testing.assert_array_equal(found, expected)


def test_starts_keep_the_size_of_signals():
    data = np.random.default_rng(0).normal(size=(5, 50))
    for activation, gain in (("tanh", 1.0), ("relu", 2.0)):
        network = Perceptron(
            data, np.ones(5), hidden=[100, 60], l2=1.0, activation=activation, loss="squared_error"
        )
        x = random_start(network, 0, 3)
        np.testing.assert_array_equal(x, random_start(network, 0, 3))
        for other in (random_start(network, 0, 4), random_start(network, 1, 3)):
            assert not np.any(x[:5000] == other[:5000])
        for (weights, biases), inputs in zip(network.layers(x)[:2], (50, 100)):
            # 5,000 and 6,000 draws: their standard deviation is known to 1 %.
            assert np.std(weights) == pytest.approx(np.sqrt(gain / inputs), rel=0.05)
            np.testing.assert_array_equal(biases, 0.0)


def test_comparison_of_several_sets():
    """Deepest less shallowest, by set; a set without a deep network is left out."""
    row = lambda name, layers, value: {
        **dict.fromkeys(("plain", "aligned", "slope", "spearman"), value),
        **{"set": name, "activation": "tanh", "layers": layers},
    }
    rows = [row("a", 2, 1.0), row("a", 3, 9.0), row("a", 6, 1.5), row("b", 2, 2.0), row("b", 6, 1.0)]
    found = compared([*rows, row("c", 2, 7.0)])
    assert (found["tanh plain"].mean, found["tanh plain"].count) == (-0.25, 2)
    assert compared(rows[:1]) == {}


def test_what_does_not_fit_is_said():
    with pytest.raises(ValueError, match="`l2` must be above zero, got 0.0"):
        Cell("yacht", "tanh", 2, l2=0.0).network()
    with pytest.raises(ValueError, match="The landscape xor does not take `items`"):
        Cell("xor", "tanh", 2).network()
    with pytest.raises(ValueError, match="The table holds no end"):
        cells_of([])
    of_cell = {
        "set": "yacht",
        "activation": "tanh",
        "layers": "2",
        "nodes": "3",
        "items": "30",
        "l2": "0.01",
    }
    of_cell |= {"inputs": "3", "data_seed": "0", "max_gradients": "7"}
    with pytest.raises(ValueError, match="with seed = 0 and 1"):
        cells_of([{**of_cell, "seed": "0"}, {**of_cell, "seed": "1"}])


@pytest.mark.parametrize("name", ["relu", "tanh", "tanh-penalised"])
def test_tables_of_the_study_are_in_its_text(name):
    text, rows = (EXAMPLE / "README.md").read_text(encoding="utf-8"), read_rows(EXAMPLE / f"{name}.csv")
    assert f"({name}.csv)" in text
    assert {row["layers"] for row in rows} == {"2", "6"}
    for row in rows:
        ended = sum(int(row[key]) for key in ("minima", "unverified", "trivial"))
        assert int(row["distinct"]) <= ended <= int(row["starts"])
    pictures = sorted(EXAMPLE.glob("*.png"))
    assert pictures and all(f"({picture.name})" in text for picture in pictures)
