"""Mistakes in Python: each is answered in one sentence of ours; what can simply be taken is taken."""

import inspect
import pickle

import jax.numpy as jnp
import numpy as np
import pandas
import pytest

import lossatlas as la
from helpers import Standing, rows
from lossatlas import analysis, plots, searches
from lossatlas.atlas import TrainedModel
from lossatlas.landscapes import DoubleWells
from lossatlas.recipes import read_recipe
from lossatlas.searches import Approached, find_saddles


pytestmark = pytest.mark.wrong_shapes

RNG = np.random.default_rng(0)
INPUTS, LABELS = RNG.normal(size=(8, 2)), np.array([0, 1] * 4)
NETWORK = la.Perceptron(INPUTS, LABELS, hidden=1, l2=1e-2)
XOR, WELLS = la.xor(1), DoubleWells(2)
STARTS, FEW = np.full((2, 7), 0.5), np.full((1, 2), 0.4)
MODEL = TrainedModel(NETWORK, np.zeros(NETWORK.dimension))
DATA = la.DataSet("d", INPUTS, LABELS, ("no", "yes"), ("a", "b"), "y", "")
WORDS = pandas.DataFrame({"a": ["x", "y"], "b": [1.0, 2.0]})
TABLE = {"a": [1.0, 2.0, 3.0, 4.0], "y": [0.1, 0.2, 0.3, 0.5]}
NO_NUMBERS = "must be an array of numbers, got "


class Tensor:
    """As those of PyTorch, which refuse to become arrays while they record gradients."""

    def __init__(self, values, records=True):
        self.values, self.records = np.asarray(values, np.float32), records

    def __array__(self, dtype=None, copy=None):
        if self.records:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        return self.values if dtype is None else self.values.astype(dtype)

    def detach(self):
        return Tensor(self.values, records=False)

    def cpu(self):
        return self


class Own(Standing):
    """Ends where it starts, and returns what a function of the place gives."""

    answer: object
    rate: object = 0.1

    def result(self, landscape, state):
        return self.answer(state)


def search(answer):
    return lambda folder: find_saddles(WELLS, FEW, method=Own(answer))


def squares(x):
    return jnp.sum(x**2)


def with_if(x):
    return squares(x) if x[0] > 0 else 0.0


def with_range(x):
    return sum(x[0] for _ in range(x[0].astype(int)))


# Calls with a folder that holds `dir`, `text.atlas`, `t.csv` and the atlas of NETWORK, `n.atlas`.
ARGUMENTS = {
    "swapped": (lambda f: la.explore("x.atlas", XOR), "`landscape` must be a landscape, got str"),
    "function": (lambda f: la.explore(squares, f / "x"), "got function: make one by Loss"),
    "class": (lambda f: la.minimise(la.Perceptron, STARTS), "got the class Perceptron: make one"),
    "budget": (lambda f: la.explore(XOR, f / "x", budget=9), r"`budget` must be a Budget\(.*, got 9"),
    "minutes": (lambda f: la.Budget(seconds="5m"), "`seconds` must be a positive number, got '5m'"),
    "position": (lambda f: la.explore(XOR, f / "x", la.Budget()), "after `out` by name only, .*budget=..."),
    "directory": (lambda f: la.Atlas(f / "dir", XOR), "dir is a directory, not an atlas file"),
    "nowhere": (lambda f: la.Atlas(f / "no" / "x", XOR), "There is no directory .*no to put the atlas x"),
    "text": (lambda f: la.Atlas(f / "text.atlas", XOR), "text.atlas is not an atlas file"),
    "other": (lambda f: la.Atlas(f / "n.atlas", XOR), "is an atlas of another landscape: "),
    "missing": (lambda f: la.Atlas(f / "none.atlas"), "There is no atlas .*none.atlas"),
    "mode": (lambda f: la.Atlas(f / "n.atlas", "r"), "`landscape` must be the landscape of .* got 'r'"),
    "read": (lambda f: la.Atlas(f / "n.atlas", readonly="yes"), "`readonly` must be True or False, got"),
    "id": (lambda f: la.Atlas(f / "n.atlas").minimum_x("1"), "There is no minimum '1'; ids are 1 to 2"),
    "float id": (lambda f: la.Atlas(f / "n.atlas").minimum_x(1.0), "There is no minimum 1.0; ids are"),
    "path": (lambda f: analysis.summary("a.atlas"), "`atlas` must be an open Atlas, .*, got 'a.atlas'"),
    "picture": (lambda f: plots.atlas_graph("a.atlas"), "`atlas` must be an open Atlas"),
    "hits": (lambda f: analysis.coverage("a.atlas"), "`hits` must be an open Atlas, or have shape"),
    "recipe": (lambda f: read_recipe("xor"), "`settings` must be settings by key.*, got 'xor'"),
    "setting": (lambda f: read_recipe({"landscape": "xor", "hiden": 1}), "`hiden`; did you mean hidden?"),
    "landscape": (lambda f: read_recipe({"landscape": "Xor"}), "not known; did you mean xor"),
}  # fmt: skip
ARRAYS = {
    "words": (lambda f: la.minimise(XOR, [["a"] * 7]), f"`starts` {NO_NUMBERS}"),
    "texts": (lambda f: la.minimise(XOR, [["0.5"] * 7]), f"`starts` {NO_NUMBERS}"),
    "ragged": (lambda f: la.minimise(XOR, [[1, 2], [3]]), rf"`starts` {NO_NUMBERS}\[\[1, 2\], \[3\]\]"),
    "none": (lambda f: la.minimise(XOR, None), f"`starts` {NO_NUMBERS}None"),
    "frame": (lambda f: la.minimise(XOR, WORDS), f"`starts` {NO_NUMBERS}"),
    "shape": (lambda f: la.minimise(XOR, np.zeros((2, 5))), r"shape \(points, 7\) .* got \(2, 5\)"),
    "ids": (lambda f: la.connect(XOR, 1, 2), r"`a` must have shape \(points, 7\)"),
    "method": (lambda f: la.minimise(XOR, STARTS, method="adam"), "`method` must be a minimiser, such as"),
    "data set": (lambda f: la.Perceptron(DATA, LABELS, hidden=1, l2=0), f"`inputs` {NO_NUMBERS}DataSet"),
    "names": (lambda f: la.Perceptron(INPUTS, ["a"] * 8, hidden=1, l2=0), f"`targets` {NO_NUMBERS}"),
    "column": (lambda f: la.Perceptron(INPUTS, LABELS[:, None], hidden=1, l2=0), r"got shape \(8, 1\)"),
    "one class": (lambda f: la.Perceptron(INPUTS, LABELS * 0, hidden=1, l2=0), "hold one class only, 0"),
    "halves": (lambda f: la.Perceptron(INPUTS, LABELS / 2, hidden=1, l2=0), "must be class numbers 0, 1"),
    "NaN": (lambda f: la.Perceptron(INPUTS * np.nan, LABELS, hidden=1, l2=0), "`inputs` holds values that"),
    "penalty": (lambda f: la.Perceptron(INPUTS, LABELS, hidden=1, l2="0"), "`l2` must be a finite number"),
    "scale": (lambda f: la.Loss(squares, 2, scale="1"), "`scale` must be one number, or one for each"),
    "kt": (lambda f: la.thermodynamics(network(f), "0.1"), f"`kt` {NO_NUMBERS}'0.1'"),
    "weights": (lambda f: la.load_table(TABLE, "y", weights=[1, 2]), "`weights` must be the name of a col"),
    "columns": (lambda f: la.load_table(TABLE, "y", columns="a"), "`columns` must be a list of names"),
    "target": (lambda f: la.load_table(TABLE, "Y"), "no column 'Y'; it has a, y; did you mean y?"),
    "binary": (lambda f: la.load_table(f / "n.atlas", "y"), "n.atlas is an SQLite database, such"),
    "item": (lambda f: DATA["a"], "selected by a mask, a slice or positions from 0 to 7, got 'a'"),
    "features": (lambda f: MODEL.predict(np.zeros((2, 5))), r"shape \(items, 2\), got \(2, 5\)"),
    "rows": (lambda f: MODEL.predict("t.csv"), f"`rows` {NO_NUMBERS}'t.csv'"),
    "NaN rows": (lambda f: MODEL.predict(np.full((1, 2), np.nan)), "`rows` hold values that are not fin"),
    "scores": (lambda f: MODEL.score(np.zeros((2, 2)), [1]), r"`targets` must have shape \(2,\), got"),
    "folder": (lambda f: MODEL.save(f / "no" / "m.npz"), "no folder .*no to write the model m.npz to"),
}  # fmt: skip
LOSSES = {
    "swapped loss": (lambda f: la.Loss(2, squares), "`function` must be a function of .* got 2"),
    "vector": (lambda f: la.Loss(lambda x: x, 2), r"one number, but it returned shape \(2,\)"),
    "whole": (lambda f: la.Loss(lambda x: 3, 2), "in float64, but it returned int64"),
    "constant": (lambda f: la.Loss(lambda x: 3.0, 2), "The loss is 3 .* does not depend on the variables"),
    "nothing": (lambda f: la.Loss(lambda x: None, 2), "one number, but it returned NoneType"),
    "word": (lambda f: la.Loss(lambda x: "a", 2), "one number, but it returned str"),
    "numpy": (lambda f: la.Loss(lambda x: np.sum(np.sin(x)), 2), "cannot be traced by JAX: write it with"),
    "if": (lambda f: la.Loss(with_if, 2), "The loss cannot be traced by JAX: .*without .* `if` on its"),
    "range": (lambda f: la.Loss(with_range, 2), "The loss cannot be traced by JAX"),
    "sizes": (lambda f: la.Loss(lambda x: jnp.ones(3) @ x, 2), "The loss cannot be computed: TypeError: "),
    "no data": (lambda f: la.Loss(lambda x, d: x[0], 2), "missing 1 required positional argument: 'd'"),
    "outcome": (search(lambda x: Approached(x, "converged", 1)), "`outcome` .* Own must be a member of RE"),
    "count": (search(lambda x: Approached(x, 0, "many")), "`gradients` .* Own must be a number or an ar"),
    "field": (search(lambda x: Approached(x, 0)), "Own on DoubleWells .* positional argument: 'gradients'"),
    "no tuple": (search(lambda x: {"x": x}), r"`result` of Own must return Approached\(x, outcome"),
    "branch": (search(lambda x: x if x[0] > 0 else -x), "Own on DoubleWells cannot be traced by JAX"),
    "list": (lambda f: Own(squares, rate=[0.1]), "Python numbers, but `rate` of Own is or holds a list"),
}  # fmt: skip
THREE = analysis.TransitionNetwork(
    np.arange(3.0),
    np.array([3.0, 3.0]),
    np.array([[0, 1], [1, 2]]),
    *(np.zeros(n) for n in (3, 2, 3, 2)),
    modes=2,
)
GROUP, KT = {"a": np.arange(3.0)}, np.arange(1.0, 4.0)
PICTURES = {
    "levels": (
        lambda f: plots.energy_histograms(GROUP, levels=dict.fromkeys("abc", 1.0)),
        "`levels` may hold up to 2 energies, got 3",
    ),
    "level": (lambda f: plots.energy_histograms(GROUP, levels={"a": np.nan}), "`levels` must be a finite"),
    "energies": (
        lambda f: plots.energy_histograms({"a": [1.0, np.inf]}),
        "vectors of finite numbers, which",
    ),
    "list": (
        lambda f: plots.energy_histograms([1.0]),
        "`energies` must be energies by label",
    ),
    "axes": (
        lambda f: plots.energy_histograms(GROUP, ax=3),
        "`ax` must be the axes to draw in",
    ),
    "rates": (
        lambda f: plots.arrhenius(KT, dict.fromkeys("abcdefghijk", KT)),
        "`rates` may hold up to 10 rate constants, got 11",
    ),
    "rate": (
        lambda f: plots.arrhenius(KT, {"a": -KT}),
        "rate constants, which are not negative, but",
    ),
    "shape": (
        lambda f: plots.arrhenius(KT, {"a": KT[:2]}),
        r"must have shape \(3,\) like `kt`, but",
    ),
    "logarithm": (
        lambda f: plots.arrhenius(KT, {"a": KT * np.nan}, log=True),
        "natural logarithms",
    ),
    "kt": (lambda f: plots.arrhenius(KT - 1, {"a": KT}), "`kt` must be a vector of positive temperatures"),
}
NUMBERS = {
    "square": (
        lambda f: analysis.mean_distance(np.ones((3, 2))),
        "must be a matrix of shape",
    ),
    "symmetric": (lambda f: analysis.mean_distance([[0, 1], [2, 0]]), "`distances` must be symmetric"),
    "distance": (
        lambda f: analysis.mean_distance([[0, np.nan], [np.nan, 0]]),
        "finite numbers that",
    ),
    "draws": (
        lambda f: analysis.mean_distance(np.eye(1) * 0, draws=1),
        "`draws` must be .* at least 2",
    ),
    "draw": (lambda f: analysis.trade_off(KT, KT, draws=2.5), "`draws` must be a whole number"),
    "seed": (lambda f: analysis.mean_distance(np.zeros((3, 3)), seed=-1), "`seed` must be a whole number"),
    "count": (
        lambda f: analysis.temperature_grid(THREE, 1),
        "`count` must be .* least 2, got 1",
    ),
    "cold": (
        lambda f: analysis.temperature_grid(THREE, kt=[-1, 1]),
        "`kt` must be pos",
    ),
    "none": (
        lambda f: analysis.temperature_grid(THREE, kt=[]),
        "at least one temperature",
    ),
    "low": (
        lambda f: analysis.heat_capacity_peaks(THREE, low=True),
        "`low` must be a pos",
    ),
    "high": (
        lambda f: analysis.heat_capacity_peaks(THREE, high=np.inf),
        "`high` must be a positive",
    ),
    "toolkit": (
        lambda f: searches.memory_needed(XOR, toolkit=3),
        "`toolkit` must be a Toolkit",
    ),
    "workers": (
        lambda f: searches.memory_needed(XOR, workers=0),
        "`workers` must be a whole",
    ),
    "items": (
        lambda f: la.datasets.ljat3(items=np.array([3])),
        "`items` must be a whole",
    ),
}
NAMES = {
    "close": (lambda f: la.explore(XOR, f / "x", buget=1), r"explore\(\) takes no .* you mean `budget`"),
    "jobs": (lambda f: la.minimise(XOR, STARTS, n_jobs=2), "takes no `n_jobs`; did you mean `workers`?"),
    "state": (lambda f: la.census(XOR, random_state=2), r"census\(\) takes no .*; did you mean `seed`?"),
    "key": (lambda f: la.basin_hopping(XOR, STARTS, seed=2), "takes no `seed`; did you mean `key`?"),
    "limit": (lambda f: la.Budget(time=5), r"Budget\(\) takes no `time`; did you mean `seconds`?"),
    "atlas": (lambda f: la.Atlas(f / "n.atlas", read_only=True), r"Atlas\(\) .* did you mean `readonly`?"),
    "case": (lambda f: la.xor(2, L2=1e-3), r"xor\(\) takes no `L2`; did you mean `l2`?"),
    "bias": (lambda f: la.Perceptron(INPUTS, LABELS, bias=False), r"Perceptron\(\) .* you mean `biases`?"),
    "colour": (lambda f: plots.atlas_graph(None, color="hits"), "takes no `color`; did you mean `colour`?"),
    "temperature": (lambda f: la.thermodynamics(None, temperature=1), "did you mean `kt`?"),
    "search": (lambda f: searches.QuasiNewton(tolerence=1), r"QuasiNewton\(\) takes .* mean `tolerance`?"),
    "band": (lambda f: searches.ElasticBand(image=3), r"ElasticBand\(\) takes .*; did you mean `images`?"),
    "axes": (lambda f: plots.arrhenius(None, axis=3), r"arrhenius\(\) takes .*; did you mean `ax`?"),
    "unknown": (lambda f: la.load_table(TABLE, "y", sep=";"), "takes no `sep`; it takes table, target, "),
    "public": (lambda f: la.minimize, "lossatlas has no 'minimize'; did you mean minimise?"),
}  # fmt: skip
MISTAKES = {
    f"{kind} {name}": row
    for kind, table in zip(
        ("argument", "array", "loss", "picture", "number", "name"),
        (ARGUMENTS, ARRAYS, LOSSES, PICTURES, NUMBERS, NAMES),
    )
    for name, row in table.items()
}


def network(folder):
    with la.Atlas(folder / "n.atlas") as atlas:
        return la.transition_network(atlas)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mistakes")
    (folder / "dir").mkdir()
    (folder / "text.atlas").write_text("hello " * 300)
    with la.Atlas(folder / "n.atlas", NETWORK) as atlas:
        x = np.stack([np.full(NETWORK.dimension, value) for value in (0.1, 0.3)])
        atlas.points.add_minima(x, [0.0, 1.0], [0.0, 0.0], [0.1, 0.1], [1.0, 1.0])
    return folder


@pytest.mark.parametrize("call, sentence", rows(MISTAKES))
def test_a_mistake_is_answered_in_one_sentence(call, sentence, folder):
    before = sorted(folder.iterdir())
    kinds = (ValueError, TypeError, AttributeError)
    with pytest.raises(kinds, match=sentence) as refused:
        call(folder)
    assert "\n" not in str(refused.value)
    assert type(refused.value).__module__.split(".")[0] in ("builtins", "lossatlas")
    assert sorted(folder.iterdir()) == before


ROOMS = ("analysis", "atlas", "datasets", "exploration", "landscapes", "plots", "searches", "sweeps")


@pytest.mark.parametrize("room", ROOMS)
def test_all_that_a_room_has_answers_an_unknown_keyword(room):
    asked = 0
    for name, called in vars(getattr(la, room)).items():
        own = isinstance(called, type) and "__init__" in vars(called) and not inspect.isabstract(called)
        if not name.startswith("_") and (own or inspect.isfunction(called)):
            with pytest.raises(
                TypeError, match=rf"{called.__name__}\(\) takes no `no_such_thing`; it takes "
            ):
                called(no_such_thing=1)
            assert pickle.loads(pickle.dumps(called)) is called
            asked += 1
    assert asked > 2


SINGLE = INPUTS.astype(np.float32)


@pytest.mark.parametrize(
    "inputs",
    [
        SINGLE,
        SINGLE.tolist(),
        Tensor(SINGLE),
        pandas.DataFrame(SINGLE),
        pandas.DataFrame(SINGLE, dtype=object),
    ],
    ids=["float32", "lists", "tensor", "frame", "objects"],
)
def test_numbers_are_taken_in_any_form(inputs):
    expected = la.Perceptron(SINGLE.astype(float), LABELS, hidden=1, l2=1e-2).fingerprint()
    for targets in (LABELS, LABELS.astype(np.int8), LABELS.astype(float).tolist(), pandas.Series(LABELS)):
        taken = la.Perceptron(inputs, targets, hidden=np.int64(1), l2=np.float64(1e-2))
        assert taken.fingerprint() == expected
    assert (MODEL.predict(inputs) == MODEL.predict(SINGLE)).all()


def test_a_data_set_is_made_of_lists():
    made = la.DataSet("d", INPUTS.tolist(), LABELS.tolist(), ("no", "yes"), ("a", "b"), "y", "")
    np.testing.assert_array_equal(made.inputs, INPUTS)
    assert made.targets.dtype.kind == "i"


def test_an_id_may_be_a_whole_number_of_numpy(folder):
    with la.Atlas(folder / "n.atlas") as atlas:
        assert (atlas.minimum_x(np.uint8(2)) == 0.3).all()
