"""What a stranger can add, in how few files: a package of toys, used end to end, and counted.

Every toy stands in files of its own and touches no file of lossatlas. The goals are the table in
`docs/developing/index.md`; what our own additions cost within the house is counted below.
"""

import dataclasses
import importlib
import json
import re
import sys
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from cli.command import run
from lossatlas._plugins import load_plugins
from lossatlas.analysis import transition_network
from lossatlas.atlas import Atlas
from lossatlas.cli import app
from lossatlas.exploration import Budget, explore
from lossatlas.landscapes import DoubleWells
from lossatlas.recipes import RECIPES, AbstractRecipe, Problem, _read_recipe, build_problem, read_recipe
from lossatlas.recipes._read_recipe import Registry
from lossatlas.searches import SEARCHES, minimise, toolkit_for
from lossatlas.sweeps import read_config


SOURCE = Path(__file__).parents[1] / "src" / "lossatlas"

LANDSCAPE = '''
"""Two wells of different depth, E = (x^2 - 1)^2 + tilt x + y^2."""

from typing import Annotated, Any, Literal

import equinox as eqx
import jax

from lossatlas.landscapes import AbstractLandscape
from lossatlas.recipes import AbstractRecipe, Help, Problem


class TwoWells(AbstractLandscape):
    tilt: float = eqx.field(static=True, default=0.3)

    @property
    def dimension(self):
        return 2

    def energy(self, x):
        return (x[0] ** 2 - 1.0) ** 2 + self.tilt * x[0] + x[1] ** 2

    def sample(self, key):
        return jax.random.uniform(key, (2,), minval=-1.5, maxval=1.5)

    def fingerprint(self) -> dict[str, Any]:
        return {"landscape": "two-wells", "tilt": self.tilt}


class TwoWellsRecipe(AbstractRecipe, frozen=True):
    landscape: Literal["two-wells"]
    tilt: Annotated[float, Help("Slope of the linear term.")] = 0.3

    def build(self) -> Problem:
        return Problem(TwoWells(self.tilt))
'''

MINIMISER = '''
"""The heavy ball: gradient descent that keeps a part of its last step (Polyak 1964)."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array

from lossatlas.searches import AbstractMinimiser


class State(eqx.Module):
    x: Array
    energy: Array
    gradient: Array
    gradients: Array
    finite: Array
    last: Array


class HeavyBall(AbstractMinimiser):
    rate: float
    kept: float = 0.5
    tolerance: float = 1e-6
    max_gradients: int = 5000

    def init(self, landscape, x):
        return self._at(landscape, x, jnp.zeros_like(x), jnp.asarray(1))

    def step(self, landscape, state):
        last = self.kept * state.last - self.rate * state.gradient
        return self._at(landscape, state.x + last, last, state.gradients + 1)

    def _at(self, landscape, x, last, gradients):
        energy, gradient = landscape.value_and_gradient(x)
        return State(x, energy, gradient, gradients, jnp.isfinite(energy), last)
'''

QUANTITY = '''
"""How far the loss rises on average when the variables of a minimum are disturbed."""

import jax
import numpy as np


def set_rise(atlas, landscape, *, size, draws, seed):
    steps = size * np.random.default_rng(seed).standard_normal((draws, landscape.dimension))
    energy = jax.jit(jax.vmap(landscape.energy))
    rises = np.stack([energy(x + steps) - e for x, e in zip(atlas.minima.x, atlas.minima.energy)])
    atlas.set_quantity(
        "rise",
        rises.mean(axis=1),
        atlas.minima.id,
        error=rises.std(axis=1, ddof=1) / np.sqrt(draws),
        run="set_rise",
        settings={"size": size, "draws": draws, "seed": seed},
    )
'''

ANALYSIS = '''
"""Gaps between the energies of minima, from the lowest up."""

import dataclasses

import numpy as np

from lossatlas.analysis import AbstractRows


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Gaps(AbstractRows):
    energy: np.ndarray
    gap: np.ndarray


def gaps(network):
    levels = np.sort(network.energies)
    return Gaps(levels[:-1], np.diff(levels))
'''

PLOT = '''
"""Draw the gaps between minima."""


def plot_gaps(result, *, ax=None):
    import matplotlib.pyplot as plt

    ax = plt.subplots()[1] if ax is None else ax
    ax.stem(result.energy, result.gap)
    ax.set_xlabel("energy")
    ax.set_ylabel("gap")
    return ax
'''

COMMAND = '''
"""`lossatlas gaps`: read, call, show."""

import json
from pathlib import Path
from typing import Annotated

import typer


def gaps(
    file: Annotated[Path, typer.Argument(help="The atlas.")],
    plot: Annotated[Path | None, typer.Option(help="Draw a picture.")] = None,
) -> None:
    """List the gaps between the energies of minima."""
    from lossatlas.analysis import transition_network
    from lossatlas.atlas import Atlas

    from .gaps import gaps as compute

    with Atlas(file, readonly=True) as atlas:
        result = compute(transition_network(atlas))
    typer.echo(json.dumps(result.to_dict()))
    if plot is not None:
        from lossatlas import plots

        from .plot_gaps import plot_gaps

        plots.save_picture(plot_gaps(result).figure, plot)
'''

LANDSCAPE_LIST = """
from lossatlas.landscapes import DoubleWells
from lossatlas.recipes import RECIPES, AbstractRecipe, Problem, _read_recipe, build_problem, read_recipe
from lossatlas.recipes._read_recipe import Registry

from .two_wells import TwoWellsRecipe

RECIPES["two-wells"] = TwoWellsRecipe
"""

MINIMISER_LIST = """
from lossatlas.searches import SEARCHES

from .heavy_ball import HeavyBall

SEARCHES["HeavyBall"] = HeavyBall
"""

COMMAND_LIST = """
from lossatlas.cli import app

from .gaps_command import gaps

app.command()(gaps)
"""

# One package for each seam; its `__init__.py`, where there is one to speak of, is the list of the table.
TOYS = {
    "toy_landscape": {"two_wells.py": LANDSCAPE, "__init__.py": LANDSCAPE_LIST},
    "toy_minimiser": {"heavy_ball.py": MINIMISER, "__init__.py": MINIMISER_LIST},
    "toy_quantity": {"rise.py": QUANTITY},
    "toy_analysis": {
        "gaps.py": ANALYSIS,
        "plot_gaps.py": PLOT,
        "gaps_command.py": COMMAND,
        "__init__.py": COMMAND_LIST,
    },
}
TILT = 0.3


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    """Write the packages as if they were installed, load them, and take back what they registered."""
    folder = tmp_path_factory.mktemp("strangers")
    (folder / "strangers-1.0.dist-info").mkdir()
    for name, text in {
        "METADATA": "Metadata-Version: 2.1\nName: strangers\nVersion: 1.0\n",
        "entry_points.txt": "[lossatlas]\na = toy_landscape\nb = toy_minimiser\nc = toy_analysis\n",
    }.items():
        (folder / "strangers-1.0.dist-info" / name).write_text(text, encoding="utf-8")
    for package, files in TOYS.items():
        (folder / package).mkdir()
        for name, text in files.items():
            (folder / package / name).write_text(text.lstrip(), encoding="utf-8")
    commands, recipes, searches = list(app.registered_commands), dict(RECIPES), dict(SEARCHES)
    sys.path.insert(0, str(folder))
    load_plugins.cache_clear()
    try:
        load_plugins()
        modules = [f"{package}.{name[:-3]}" for package, files in TOYS.items() for name in files]
        yield {name.split(".")[1]: importlib.import_module(name) for name in modules if "__" not in name}
    finally:
        sys.path.remove(str(folder))
        app.registered_commands[:] = commands
        RECIPES.clear()
        RECIPES.update(recipes)
        SEARCHES.clear()
        SEARCHES.update(searches)
        load_plugins.cache_clear()
        for name in [name for name in sys.modules if name.split(".")[0] in TOYS]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def stationary():
    """Places of both minima, the lower one first, and of the transition state: roots of dE/dx."""
    left, middle, right = np.sort(np.roots([4.0, 0.0, -4.0, TILT]).real)
    return np.array([left, right]), middle


@pytest.fixture(scope="module")
def atlas_file(toys, tmp_path_factory):
    """Explore the landscape of the stranger once, with the minimiser and the quantity of the stranger."""
    folder = tmp_path_factory.mktemp("explored")
    (folder / "wells.toml").write_text(f'landscape = "two-wells"\ntilt = {TILT}\n', encoding="utf-8")
    landscape = read_config(folder / "wells.toml").recipe().build().landscape
    toolkit = dataclasses.replace(toolkit_for(landscape), descent=toys["heavy_ball"].HeavyBall(rate=0.05))
    file = folder / "wells.atlas"
    explore(landscape, file, budget=Budget(transition_states=1), toolkit=toolkit).close()
    with Atlas(file, readonly=False) as atlas:
        toys["rise"].set_rise(atlas, landscape, size=0.1, draws=1000, seed=0)
    return file


def energy(x):
    return (x**2 - 1.0) ** 2 + TILT * x


def test_a_landscape_of_a_stranger_is_explored_from_a_config(atlas_file, stationary):
    minima, state = stationary
    with Atlas(atlas_file) as atlas:
        np.testing.assert_allclose(np.sort(atlas.minima.energy), energy(minima), atol=1e-12)
        np.testing.assert_allclose(atlas.transition_states.energy, [energy(state)], atol=1e-12)


def test_a_landscape_of_a_stranger_has_the_commands(toys, capsys):
    status, out, err = run(capsys, "descend", "two-wells", "--tilt", TILT, "--starts", 4, "--csv")
    assert (status, err) == (0, "")
    assert out.count("converged") == 4
    status, out, err = run(capsys, "explore", "two-wells", "--help")
    assert (status, err) == (0, "")
    assert "--tilt" in out and "Slope of the linear term. (default: 0.3)" in " ".join(out.split())
    assert "--hidden" not in out


def test_a_package_that_fails_is_left_out_with_a_warning(tmp_path, monkeypatch):
    folder = tmp_path / "broken-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[lossatlas]\nbroken = no_such_module_of_a_stranger\n")
    monkeypatch.syspath_prepend(tmp_path)
    load_plugins.cache_clear()
    with pytest.warns(UserWarning, match="no_such_module_of_a_stranger, which extends lossatlas"):
        load_plugins()


def test_a_minimiser_of_a_stranger_goes_downhill(toys, stationary):
    landscape = toys["two_wells"].TwoWells(TILT)
    starts = np.array([[-1.2, 0.5], [1.2, 0.5]])
    found = minimise(landscape, starts, method=toys["heavy_ball"].HeavyBall(rate=0.05))
    assert found.converged.all()
    np.testing.assert_allclose(found.x[:, 0], stationary[0], atol=1e-9)


def test_a_minimiser_of_a_stranger_is_named_on_the_command_line_and_kept_by_the_atlas(
    toys, capsys, tmp_path
):
    file = tmp_path / "wells.atlas"
    explored = ("explore", "two-wells", "--evaluations", 1, "--workers", 1, "--quiet", "--out", file)
    named = "HeavyBall(rate=0.05, kept=0.5, tolerance=1e-06, max_gradients=5000)"
    for more in (["--toolkit", "descent=HeavyBall(0.05)"], [], ["--toolkit", "default"]):
        status, _, err = run(capsys, *explored, *more)
        assert status == 0 and ("goes on with another toolkit" in err) == (more[-1:] == ["default"])
    with Atlas(file) as atlas:
        kept = [run["settings"].get("toolkit", {}).get("descent") for run in atlas.log.runs]
    assert kept == [named, named, None]
    method = "toy_minimiser.heavy_ball.HeavyBall(rate=0.05)"
    status, out, err = run(capsys, "descend", "two-wells", "--method", method, "--starts", 2, "--csv")
    assert (status, err, out.count("converged")) == (0, "", 2)


def test_a_minimiser_that_cannot_be_had_is_answered_in_one_sentence(toys, capsys, tmp_path):
    for text, sentence in (
        ("descent=HeavyBal(0.05)", "descent: There is no search 'HeavyBal'; did you mean HeavyBall?"),
        ("descent=HeavyBall(rat=1)", "descent: HeavyBall has no setting 'rat'; did you mean rate?"),
        ("descent=toy_minimizer.A()", "descent: The module toy_minimizer cannot be imported: ModuleNot"),
        (
            "descent=toy_landscape.two_wells.TwoWells()",
            "`descent` must be a minimiser, such as QuasiNewton(LBFGS",
        ),
        ("descend=HeavyBall(0.05)", "A toolkit has no part 'descend'; did you mean descent?"),
        ("HeavyBall", "--toolkit takes default, or PART=SEARCH once per part"),
    ):
        out = tmp_path / "none.atlas"
        status, _, err = run(capsys, "explore", "two-wells", "--toolkit", text, "--out", out)
        assert status == 2 and err.startswith(f"lossatlas: {sentence}") and err.count("\n") == 1, err
        assert not out.exists()


def test_a_quantity_of_a_stranger_has_errors_and_a_run(atlas_file):
    with Atlas(atlas_file) as atlas:
        rise, x = atlas.quantities.get("rise"), atlas.minima.x[:, 0]
        errors = atlas.minima["rise_error"]
    # The mean rise of a quartic under a normal step of variance s^2, exactly.
    variance = 0.1**2
    expected = (6.0 * x**2 - 2.0) * variance + 3.0 * variance**2 + variance
    assert (np.abs(rise.values - expected) < 5 * errors).all()
    assert (rise.runs[0].call, rise.runs[0].settings["draws"]) == ("set_rise", 1000)


def test_an_analysis_of_a_stranger_is_a_result_a_picture_and_a_command(
    toys, atlas_file, stationary, capsys, tmp_path
):
    gap = energy(stationary[0][1]) - energy(stationary[0][0])
    with Atlas(atlas_file) as atlas:
        result = toys["gaps"].gaps(transition_network(atlas))
    np.testing.assert_allclose(result.gap, [gap], atol=1e-12)
    status, out, err = run(capsys, "gaps", atlas_file, "--plot", tmp_path / "gaps.png")
    assert (status, err) == (0, "")
    assert json.loads(out)["gap"] == result.gap.tolist()
    assert (tmp_path / "gaps.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("toy, goal", [
    ("toy_landscape", 2),
    ("toy_minimiser", 2),
    ("toy_quantity", 1),
    ("toy_analysis", 4),
])  # fmt: skip
def test_a_stranger_needs_no_more_files_than_the_goal(toy, goal):
    assert len(TOYS[toy]) == goal


# Files of ours that name one of our own additions: what it takes to add the like of it within the house.
HOUSE = {
    # Beside its file and the room's list, a landscape stands in a recipe, which commands and docs read.
    "SixHumpCamel|six-hump-camel": {
        "landscapes/_surfaces.py",
        "landscapes/__init__.py",
        "recipes/_formula_recipes.py",
    },
    # Lists of the room in two storeys; the toolkit, because it is the default for some landscape.
    "TruncatedNewton": {
        "searches/minimisers/_truncated_newton.py",
        "searches/minimisers/__init__.py",
        "searches/__init__.py",
        "searches/_toolkit.py",
    },
    # Analyses have rooms within the room, hence two lists; plots have a list.
    "Frustration|frustration": {
        "analysis/equilibrium/_frustration.py",
        "analysis/equilibrium/__init__.py",
        "analysis/__init__.py",
        "plots/_frustration.py",
        "plots/__init__.py",
        "cli/_frustration.py",
        "cli/_main.py",
    },
}


@pytest.mark.parametrize("names", HOUSE)
def test_within_the_house_an_addition_takes_these_files_and_no_others(names):
    pattern = re.compile(rf"\b(plot_|_)?({names})\b")
    mentions = {
        str(path.relative_to(SOURCE)): path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")
    }
    assert {name for name, text in mentions.items() if pattern.search(text)} == HOUSE[names]


def recipe_called(name, returns=lambda: Problem(DoubleWells(2))):
    class Recipe(AbstractRecipe, frozen=True):
        landscape: Literal["wells-of-a-stranger"]
        seed: int = 0

        def build(self):
            return returns()

    Recipe.__name__ = name
    return Recipe


def test_a_name_is_entered_once_and_is_that_of_the_recipe(monkeypatch):
    monkeypatch.setattr(_read_recipe, "RECIPES", Registry(RECIPES))
    entered, recipe = _read_recipe.RECIPES, recipe_called("Wells")
    entered["wells-of-a-stranger"] = recipe
    entered["wells-of-a-stranger"] = recipe  # twice the same is no harm
    with pytest.raises(ValueError, match="There is a landscape 'xor' already"):
        entered["xor"] = recipe
    with pytest.raises(ValueError, match="entered as 'wells', but its `landscape` is wells-of-a-stranger"):
        entered["wells"] = recipe


def test_a_recipe_that_returns_no_problem_is_named(capsys):
    RECIPES["wells-of-a-stranger"] = recipe_called("Wells", lambda: DoubleWells(2))
    try:
        status, _, err = run(capsys, "census", "wells-of-a-stranger")
        assert status == 2 and "has a setting 'seed', which is an option of this command" in err
        with pytest.raises(ValueError, match="`build` of Wells must return a Problem, got DoubleWells"):
            build_problem(read_recipe({"landscape": "wells-of-a-stranger"}))
        status, _, err = run(capsys, "explore", "xor", "--help")
        assert status == 0
    finally:
        del RECIPES["wells-of-a-stranger"]
