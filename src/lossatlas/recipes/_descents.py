"""Descents: the energies that training reaches, on many draws of a landscape, kept piece by piece."""

import dataclasses
import hashlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import jax
import numpy as np
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from lossatlas.landscapes import AbstractLandscape, PartiteSpinGlass, SpinGlass
from lossatlas.searches import LBFGS, Descents, GradientDescent, QuasiNewton, basin_hopping, descend
from lossatlas.searches.global_search import random_starts

from ._descent_file import METHODS, DescentFile, Method
from ._network_recipes import AbstractDataRecipe
from ._read_recipe import read_recipe
from ._recipe import AbstractRecipe, RecipeError, first_error, shown, to_settings


DRAWN = ("disorder", "data_seed")  # keys of recipes that say which draw of a landscape it is
DRAWS = 10
# For p = 3 and N = 50, 100, hops of 4 reach higher energies in as many quenches, those of 16 no lower ones.
HOP_ON_SPHERES = 8.0
FEW_PAIRS = 10  # of L-BFGS where lanes share passes over large data

Count = Annotated[int, Field(ge=1, lt=2**31)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _once(methods: tuple[Method, ...]) -> tuple[Method, ...]:
    if len(set(methods)) < len(methods):
        raise ValueError("should name each method once")
    return methods


class DescentSettings(BaseModel, extra="forbid", frozen=True):
    """How landscapes are descended.

    `step`, `temperature` and `hop_length` are for variables of order 1. Where the length scale of a
    landscape is another, as in spin glasses of parts, they are multiplied by it: inverse curvatures, and
    changes of the energy from one minimum to the next, are of that order there, too.

    - `methods`: `gradient` (constant steps), `lbfgs`, `hopping` (basin-hopping, quenched by L-BFGS).
    - `draws`: of the coefficients or the data; None for 10, or 1 where nothing is drawn.
    - `starts`: random starts on each draw, the same for all methods.
    - `chains`: of basin-hopping on each draw, from the first of the starts.
    - `hops`: of a chain, after its first quench.
    - `step`: of gradient descent, parameter units squared per loss unit.
    - `temperature`: kT of basin-hopping, loss units.
    - `hop_length`: standard deviation of the longest hops, parameter units; None for 8 on spin glasses,
        where hops as long as the point fall back into its basin, and else as in `basin_hopping`.
    - `max_steps`: gradients of a descent.
    - `tolerance`: rms gradient at which a descent ends, loss units per parameter unit.
    - `seed`: of starts and hops.
    """

    methods: Annotated[tuple[Method, ...], Field(min_length=1), AfterValidator(_once)] = METHODS
    draws: Count | None = None
    starts: Count = 100
    chains: Count = 4
    hops: Annotated[int, Field(ge=0, lt=2**31)] = 24
    step: Positive = 0.1
    temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    hop_length: Positive | None = None
    max_steps: Count = 20_000
    tolerance: Positive = 1e-6
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0


class Family(NamedTuple):
    """Recipes that differ in one key.

    - `key`: the key; empty for a single recipe.
    - `recipes`: by value, as it stands in tables.
    """

    key: str
    recipes: dict[str, AbstractRecipe]


def read_family(settings: dict[str, Any], vary: str | None = None) -> Family:
    """Read the recipes of `KEY=V1,V2,...`, of one recipe without it.

    Values are separated by semicolons where there are any: `hidden=5,5;10` is two networks.

    **Arguments:**

    - `settings`: of the recipe, without the key.
    - `vary`: the key and its values.

    **Raises:** `ValueError` for anything else, a `RecipeError` where the recipe says no.
    """
    if vary is None:
        return Family("", {"": read_recipe(settings)})
    name, equals, text = vary.partition("=")
    key = name.strip().replace("-", "_")
    values = [value.strip() for value in text.split(";" if ";" in text else ",")]
    if not equals or not key or not all(values):
        raise ValueError(f"One key is varied, by its values such as size=10,20,50; got {vary!r}.")
    if key in (*DRAWN, "landscape") or key in settings:
        raise ValueError(f"{key!r} cannot be varied: it is given, or says which draw it is.")
    recipes = {}
    for value in values:
        recipe = read_recipe({**settings, key: value})
        if key not in type(recipe).model_fields:
            raise RecipeError(key, f"The landscape {recipe.landscape} does not take {{}}.")
        recipes[shown(getattr(recipe, key))] = recipe
    if len(recipes) < len(values):
        raise ValueError(f"Values of {key} are repeated: {text}.")
    return Family(key, recipes)


def read_descent_settings(given: dict[str, Any]) -> DescentSettings:
    """Check settings of descents.

    **Raises:** `RecipeError` that names the first key that does not fit.
    """
    try:
        return DescentSettings.model_validate(given)
    except ValidationError as error:
        key, predicate, _ = first_error(error)
    raise RecipeError(key, f"{{}} {predicate}.")


@dataclasses.dataclass(frozen=True, eq=False)
class DescentRuns:
    """All descents of a family of landscapes. Axis 0: one row per descent.

    - `value`: of the varied key, as text.
    - `draw`: number of the draw, from 0.
    - `method`: `gradient`, `lbfgs` or `hopping`.
    - `start`: number of the start; of a hop that of its chain.
    - `quench`: number of the descent in its chain; 0 except for hops.
    - `energy`: loss units.
    - `rms_gradient`: loss units per parameter unit.
    - `gradients`: spent.
    - `outcome`: RESULTS codes.
    """

    value: np.ndarray
    draw: np.ndarray
    method: np.ndarray
    start: np.ndarray
    quench: np.ndarray
    energy: np.ndarray
    rms_gradient: np.ndarray
    gradients: np.ndarray
    outcome: np.ndarray

    def __len__(self) -> int:
        """Return the number of descents."""
        return len(self.energy)

    def __getitem__(self, rows: np.ndarray) -> "DescentRuns":
        """Return the rows of a mask or index array."""
        return DescentRuns(**{name: values[rows] for name, values in vars(self).items()})


def run_descents(
    family: Family,
    settings: DescentSettings,
    *,
    file: Path | None = None,
    workers: int | None = None,
    report: Callable[[str, float], None] = lambda text, part: None,
) -> DescentRuns:
    """Descend by every method from the same random starts, on every draw of every landscape of a family.

    Start i of draw d is drawn with `fold_in(fold_in(key(seed), d), i)`, whatever the landscape.

    **Arguments:**

    - `family`: see `read_family`.
    - `settings`: how.
    - `file`: a CSV file that every piece (value, draw, method) is added to. One that is there must have
        the same settings; its pieces are not repeated, so it can be continued and extended by further
        values, draws and methods.
    - `workers`: threads; default one per core.
    - `report`: called with a line and the part that is done before every piece.

    **Returns:** everything that the file holds, or that was run, in the order in which it was run.

    **Raises:** `ValueError` for a file of other settings, more than one draw where nothing is drawn, and
    landscapes that cannot be built, before anything runs.
    """
    draws = _draws(family, settings.draws)
    store = DescentFile(file, _header(family, settings), lambda method: _rows(settings, method))
    pieces = list(itertools.product(family.recipes, range(draws), settings.methods))
    missing = [piece for piece in pieces if piece not in store]
    for value in dict.fromkeys(value for value, _, _ in missing):
        family.recipes[value].build()
    done = len(pieces) - len(missing)
    for (value, draw), group in itertools.groupby(missing, key=lambda piece: piece[:2]):
        landscape = _draw_of(family.recipes[value], draw).build().landscape
        for piece in group:
            said = f"{family.key} {value}".strip()
            report(f"{said}, draw {draw + 1} of {draws}: {piece[2]}", done / len(pieces))
            store.add(piece, run_method(landscape, piece[2], settings, draw=draw, workers=workers))
            done += 1
    return DescentRuns(**store.columns())


def run_method(
    landscape: AbstractLandscape,
    method: str,
    settings: DescentSettings,
    *,
    draw: int = 0,
    workers: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Descend by one method on one landscape, and yield a row per descent (see `DescentRuns`)."""
    key = jax.random.fold_in(jax.random.key(settings.seed), draw)
    count = settings.chains if method == "hopping" else settings.starts
    starts = random_starts(landscape, key, np.arange(count), workers=workers)
    limits = {"tolerance": settings.tolerance, "max_gradients": settings.max_steps}
    quasi_newton = QuasiNewton(LBFGS(FEW_PAIRS) if landscape.shares_passes else LBFGS(), **limits)
    scale = landscape.length_scale
    if method == "hopping":
        length = settings.hop_length
        if length is None and isinstance(landscape, SpinGlass | PartiteSpinGlass):
            length = HOP_ON_SPHERES
        found = basin_hopping(
            landscape,
            starts,
            steps=settings.hops,
            temperature=settings.temperature * scale,
            key=key,
            step=None if length is None else length * scale,
            method=quasi_newton,
            polish=False,
            workers=workers,
        ).quenches
    else:
        constant = GradientDescent(settings.step * scale, **limits)
        used = constant if method == "gradient" else quasi_newton
        found = descend(landscape, starts, method=used, workers=workers)
    assert isinstance(found, Descents)
    for row in range(len(found)):
        yield {
            "start": row % count,
            "quench": row // count,
            "energy": float(found.energy[row]),
            "rms_gradient": float(found.rms_gradient[row]),
            "gradients": int(found.gradients[row]),
            "outcome": int(found.outcome[row]),
        }


def _rows(settings: DescentSettings, method: str) -> int:
    """Return how many descents a piece has."""
    return settings.chains * (settings.hops + 1) if method == "hopping" else settings.starts


def _draws(family: Family, draws: int | None) -> int:
    """Return the number of draws, 1 where nothing is drawn."""
    fixed = [recipe for recipe in family.recipes.values() if _drawn_key(recipe) is None]
    if fixed and draws is not None and draws > 1:
        raise ValueError(f"Nothing in this {fixed[0].landscape} is drawn at random, so it has one draw.")
    return 1 if fixed else DRAWS if draws is None else draws


def _drawn_key(recipe: AbstractRecipe) -> str | None:
    """Return the key that says which draw of a landscape a recipe is, None where nothing is drawn."""
    if getattr(recipe, "coefficients", None) is not None:
        return None
    if isinstance(recipe, AbstractDataRecipe) and not recipe.draws_data:
        return None
    return next((key for key in DRAWN if key in type(recipe).model_fields), None)


def _draw_of(recipe: AbstractRecipe, draw: int) -> AbstractRecipe:
    key = _drawn_key(recipe)
    return recipe if key is None else recipe.model_copy(update={key: getattr(recipe, key) + draw})


def _header(family: Family, settings: DescentSettings) -> dict[str, Any]:
    """Return what all pieces of a file have in common, JSON-able."""
    recipe = to_settings(next(iter(family.recipes.values())))
    recipe.pop(family.key, None)
    for key, value in list(recipe.items()):
        if isinstance(value, str) and Path(value).is_file():
            recipe[f"{key}_sha256"] = hashlib.sha256(Path(value).read_bytes()).hexdigest()
    return {**recipe, "vary": family.key, **settings.model_dump(mode="json", exclude={"methods", "draws"})}
