"""Recipes of networks on data, and of students that learn from a teacher."""

from __future__ import annotations

import abc
import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field, PositiveFloat, PositiveInt, model_validator

import lossatlas as la  # not its rooms: they import JAX, and settings are read for the help of commands

from ._recipe import AbstractRecipe, Help, Problem, to_settings


if TYPE_CHECKING:
    from lossatlas.datasets import DataSet
    from lossatlas.landscapes import Perceptron

    from ._teacher import Lesson


FOLDS = 5
TEACHER_L2 = 1e-3  # penalty of a teacher: without one its weights would grow without limit


def _layers(value: Any) -> Any:
    """Read hidden layers from 5, "5,5" or [5, 5]."""
    if isinstance(value, str):
        try:
            return [int(part) for part in value.split(",")]
        except ValueError:
            raise ValueError("takes whole numbers such as 3 or 5,5") from None
    return [value] if isinstance(value, int | np.integer) and not isinstance(value, bool) else value


def _cube(value: Any) -> Any:
    """Read the name of a cube or the length of its side."""
    if value in ("D1", "D2", "D3"):
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError("should be D1, D2, D3 or the length of a side") from None


Hidden = Annotated[
    list[int],
    BeforeValidator(_layers),
    Help("Hidden nodes of each layer, such as 10 or 5,5; 0 for no hidden layer."),
]
L2 = Annotated[float, Help("L2 penalty lambda.")]
Regularise = Annotated[
    Literal["all", "weights"], Help("What the penalty is on: all (all variables) or weights (no biases).")
]
Items = Annotated[PositiveInt | None, Help("Number of training items.", unset="all")]
TestItems = Annotated[PositiveInt | None, Help("Number of test items.", unset="the rest")]


class AbstractNetworkRecipe(AbstractRecipe, frozen=True):
    """A perceptron on data; subclasses say which data."""

    hidden: Hidden = [3]
    l2: L2 = 1e-3
    activation: Annotated[str, Help("Activation function: tanh, sigmoid, softplus, gelu or relu.")] = "tanh"
    neighbours: Annotated[
        int | None,
        Help("Keep the links of a hidden node to this many nearest nodes per layer.", unset="all"),
    ] = None
    regularise: Regularise = "all"
    biases: Annotated[bool, Help("Whether nodes have biases.")] = True

    def network(self, data: DataSet, outputs: np.ndarray | None = None) -> Perceptron:
        """Return the network on training data, or on their inputs and the outputs of a teacher."""
        return la.landscapes.Perceptron(
            data.inputs,
            data.targets if outputs is None else outputs,
            hidden=self.hidden,
            l2=self.l2,
            activation=self.activation,
            loss=data.loss if outputs is None else "squared_error",
            biases=self.biases,
            penalise_biases=self.regularise == "all",
            weights=data.weights,
            neighbours=self.neighbours,
            classes=len(data.classes) if data.classes else None,
            name=data.name,
        )


class XorRecipe(AbstractNetworkRecipe, frozen=True):
    """A perceptron on XOR."""

    landscape: Literal["xor"]
    hidden: Hidden = [2]

    def build(self) -> Problem:
        """Return the network and the four items that it is trained on."""
        network = la.landscapes.xor(
            self.hidden,
            l2=self.l2,
            activation=self.activation,
            biases=self.biases,
            penalise_biases=self.regularise == "all",
            neighbours=self.neighbours,
        )
        inputs = np.asarray(network.inputs)
        data = la.datasets.DataSet(
            "xor", inputs, np.array([0, 1, 1, 0]), ("0", "1"), ("x1", "x2"), "x1 xor x2", "the truth table"
        )
        return Problem(network, data)


class AbstractDataRecipe(AbstractNetworkRecipe, frozen=True):
    """A perceptron on training data, which may be mislabelled, with test data.

    With `teacher` it is a student: one half of the training data trains a network with those hidden layers,
    the teacher; the student learns the outputs of the teacher on the other half (see `lesson`), by default
    without a penalty.
    """

    items: Items = None
    test_items: TestItems = None
    validation: Annotated[
        float | None,
        Field(gt=0, lt=1),
        Help("Fraction of the training items held out to choose between minima.", unset="none"),
    ] = None
    fold: Annotated[
        Annotated[int, Field(ge=0)] | None,
        Help(
            "Hold out this fold of the training items, 0 to folds - 1, as `validation` does.", unset="none"
        ),
    ] = None
    folds: Annotated[
        Annotated[int, Field(ge=2)] | None, Help("Number of folds, with `fold`.", unset=str(FOLDS))
    ] = None
    mislabelled: Annotated[
        float, Field(ge=0, le=1), Help("Fraction of the training items that get a wrong class.")
    ] = 0.0
    data_seed: Annotated[
        int, Field(ge=0), Help("Seed of the split of the data, mislabelling and teacher.")
    ] = 0
    project: Annotated[
        PositiveInt | None,
        Help(
            "Number of inputs after a linear map: leading principal components, or a random isometric map "
            "into a larger space.",
            unset="the columns",
        ),
    ] = None
    teacher: Annotated[
        Annotated[list[PositiveInt], Field(min_length=1), BeforeValidator(_layers)] | None,
        Help(
            "Hidden nodes of a teacher, such as 10 or 5,5. Half of the data train it; the network learns "
            "its outputs on the other half, without a penalty unless l2 is given.",
            unset="none",
        ),
    ] = None
    teacher_l2: Annotated[
        PositiveFloat | None, Help("L2 penalty of the teacher.", unset=f"{TEACHER_L2:g}")
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _unpenalised_student(cls, settings: Any) -> Any:
        """Set l2 of a student to zero unless it is given; the loss of its ground state can then be zero."""
        if isinstance(settings, dict) and settings.get("teacher") is not None:
            return {"l2": 0.0, **settings}
        return settings

    @property
    def stratified(self) -> bool:
        """Whether parts drawn at random have the classes in equal proportions; folds always have."""
        return False

    @abc.abstractmethod
    def parts(self) -> tuple[DataSet, DataSet | None]:
        """Return training and test data."""

    def training_parts(self) -> tuple[DataSet, DataSet | None, DataSet | None]:
        """Return training data, projected and then mislabelled, test data and validation data."""
        training, test = self.parts()
        held = None
        if self.fold is not None:
            if self.validation is not None:
                raise ValueError("`fold` and `validation` both hold items out; give one of them.")
            folds = self.folds or FOLDS
            training, held, test = training.fold(self.fold, folds, seed=self.data_seed, test=test)
        elif self.folds is not None:
            raise ValueError("`folds` needs `fold`, the number of the fold that is held out.")
        elif self.validation is not None:
            training, held, test = training.hold_out(
                self.validation, seed=self.data_seed, test=test, stratified=self.stratified
            )
        if self.project is not None:
            whole = training
            training, test = la.datasets.project(whole, self.project, test=test, seed=self.data_seed)
            if held is not None:
                held = la.datasets.project(whole, self.project, test=held, seed=self.data_seed)[1]
        if self.mislabelled:
            training = training.mislabel(self.mislabelled, seed=self.data_seed)
        return training, test, held

    def build(self) -> Problem:
        """Return the network on the training data, or the student on the outputs of its teacher."""
        training, test, held = self.training_parts()
        if self.teacher is None:
            if self.teacher_l2 is not None:
                raise ValueError("`teacher_l2` needs `teacher`, the hidden layers of the teacher.")
            return Problem(self.network(training), training, test, held)
        lesson = self.lesson()
        return Problem(self.network(lesson.data, lesson.targets), lesson.data, test, held)

    def lesson(self) -> Lesson:
        """Train a teacher on one half of the training data, and relabel the other half with its outputs.

        The teacher has the student's activation and penalises the same variables, by `teacher_l2`, default
        1e-3. It is the lowest minimum from a few starts; `data_seed` draws the halves and the starts.

        **Raises:** `ValueError` without `teacher`, with `neighbours`, or if training reaches no minimum.
        """
        if self.teacher is None:
            raise ValueError(f"The recipe of {self.landscape} names no `teacher`.")
        if self.neighbours is not None:
            raise ValueError(
                "`neighbours` removes links that the `teacher` has, so its outputs cannot be learnt; give "
                "one of them."
            )
        teacher = {"hidden": self.teacher, "l2": self.teacher_l2 or TEACHER_L2, "teacher": None}
        settings = to_settings(self.model_copy(update={**teacher, "teacher_l2": None}))
        return _taught(type(self), json.dumps(settings, sort_keys=True))


class AbstractTableRecipe(AbstractDataRecipe, frozen=True):
    """A perceptron on one table, which is split into training and test items at random."""

    @abc.abstractmethod
    def everything(self) -> DataSet:
        """Return the whole table."""

    def parts(self) -> tuple[DataSet, DataSet | None]:
        """Return `items` items drawn at random for training, and the rest, or part of it, for tests."""
        data = self.everything()
        if self.items is None:
            if self.test_items is not None:
                raise ValueError("`test_items` needs `items`, the number of training items.")
            return data, None
        training, test = data.split(self.items, seed=self.data_seed, stratified=self.stratified)
        return training, _first(test, self.test_items)


class IrisRecipe(AbstractTableRecipe, frozen=True):
    """A perceptron on Fisher's iris."""

    landscape: Literal["iris"]

    def everything(self) -> DataSet:
        """Return the flowers."""
        return la.datasets.iris()


class DigitsRecipe(AbstractTableRecipe, frozen=True):
    """A perceptron on handwritten digits of 8 x 8 pixels."""

    landscape: Literal["digits"]
    hidden: Hidden = [10]
    l2: L2 = 1e-2
    items: Items = 1000

    def everything(self) -> DataSet:
        """Return the digits."""
        return la.datasets.digits()


class RegressionRecipe(AbstractTableRecipe, frozen=True):
    """A perceptron on one of the six regression sets."""

    landscape: Literal["boston", "concrete", "energy", "power", "wine_red", "yacht"]

    def everything(self) -> DataSet:
        """Return the set."""
        return la.datasets.regression(self.landscape)


class Ljat3Recipe(AbstractDataRecipe, frozen=True):
    """A perceptron on the outcomes of geometry optimisations of three atoms."""

    landscape: Literal["ljat3"]
    hidden: Hidden = [10]
    l2: L2 = 1e-4
    items: Items = 1000
    test_items: TestItems = 10_000
    cube: Annotated[
        str | float,
        BeforeValidator(_cube),
        Help("Cube in which the atoms start: D1, D2, D3, or the length of its side."),
    ] = "D1"
    inputs: Annotated[Literal[2, 3], Help("Number of interatomic distances that are inputs, 2 or 3.")] = 2
    steps_before: Annotated[
        Annotated[int, Field(ge=0)] | None,
        Help("Take the distances this many steps before convergence.", unset="at the start"),
    ] = None

    def parts(self) -> tuple[DataSet, DataSet]:
        """Return the first items for training, and those after them for tests."""
        items, test = self.items or 1000, self.test_items or 10_000
        try:
            data = la.datasets.ljat3(
                self.cube,
                items=items + test,
                inputs=self.inputs,
                seed=self.data_seed,
                steps_before=self.steps_before,
            )
        except RuntimeError as error:  # of a cube so large that the atoms do not meet
            raise ValueError(str(error)) from None
        return data.split(items)


class MnistRecipe(AbstractDataRecipe, frozen=True):
    """A perceptron on MNIST, of which the first 1,000 training images are shipped."""

    landscape: Literal["mnist"]
    hidden: Hidden = [10]
    l2: L2 = 0.1
    items: Items = 1000
    data: Annotated[
        Path | None,
        Help(
            "The full MNIST: an .npz file, or a folder of IDX files.",
            unset="the 1,000 images that are shipped",
        ),
    ] = None

    def parts(self) -> tuple[DataSet, DataSet]:
        """Return the first training images, and the test images."""
        training = la.datasets.mnist("training", path=self.data)
        if self.items and self.items > len(training):
            hint = "" if self.data else "; name the full set by --data"
            raise ValueError(f"There are {len(training)} training images, not {self.items}{hint}.")
        return training[: self.items], _first(la.datasets.mnist("test", path=self.data), self.test_items)


@functools.lru_cache(maxsize=8)  # students of several sizes share one teacher
def _taught(kind: type[AbstractDataRecipe], settings: str) -> Lesson:
    """Return the lesson of a teacher; `settings` is its recipe as JSON."""
    recipe = kind.model_validate(json.loads(settings))
    from ._teacher import halves, teach, train_teacher

    first, second = halves(recipe.training_parts()[0], seed=recipe.data_seed)
    network = recipe.network(first)
    return teach(network, train_teacher(network, seed=recipe.data_seed), second)


def _first(data: DataSet, items: int | None) -> DataSet:
    if items is not None and items > len(data):
        raise ValueError(f"{data.name}: there are {len(data)} test items, not {items}.")
    return data[:items]
