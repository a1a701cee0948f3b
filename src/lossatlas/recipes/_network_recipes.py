"""Recipes of networks on data, and of their students."""

import abc
import functools
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field, PositiveFloat, PositiveInt, model_validator

from lossatlas import datasets, landscapes
from lossatlas.datasets import DataSet
from lossatlas.landscapes import Perceptron

from ._recipe import AbstractRecipe, Help, Problem, to_settings
from ._teacher import Lesson, halves, teach, train_teacher


TEACHER_L2 = 1e-3  # penalty of a teacher: without one its outputs would grow for ever


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
    Help("Hidden nodes, or of several layers: 5,5; 0 for none."),
]
L2 = Annotated[float, Help("L2 penalty lambda.")]
Regularise = Annotated[Literal["all", "weights"], Help("Penalise all variables, or weights only.")]
Items = Annotated[PositiveInt | None, Help("Training items.", unset="all")]
TestItems = Annotated[PositiveInt | None, Help("Test items.", unset="the rest")]


class AbstractNetworkRecipe(AbstractRecipe, frozen=True):
    """A perceptron; subclasses say on which data."""

    hidden: Hidden = [3]
    l2: L2 = 1e-3
    activation: Annotated[str, Help("tanh, sigmoid, softplus, gelu or relu.")] = "tanh"
    neighbours: Annotated[
        int | None, Help("Nearest nodes that a hidden node keeps its links to.", unset="all")
    ] = None
    regularise: Regularise = "all"
    biases: Annotated[bool, Help("Whether nodes have biases.")] = True

    def network(self, data: DataSet, outputs: np.ndarray | None = None) -> Perceptron:
        """Return the network on training data, or on their inputs and the outputs of a teacher."""
        return Perceptron(
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
    """XOR."""

    landscape: Literal["xor"]
    hidden: Hidden = [2]

    def build(self) -> Problem:
        """Return the network on the four items, which are its training data, too."""
        network = landscapes.xor(
            self.hidden,
            l2=self.l2,
            activation=self.activation,
            biases=self.biases,
            penalise_biases=self.regularise == "all",
            neighbours=self.neighbours,
        )
        inputs = np.asarray(network.inputs)
        data = DataSet(
            "xor", inputs, np.array([0, 1, 1, 0]), ("0", "1"), ("x1", "x2"), "x1 xor x2", "the truth table"
        )
        return Problem(network, data)


class AbstractDataRecipe(AbstractNetworkRecipe, frozen=True):
    """A perceptron on data of which some are kept for tests, some perhaps mislabelled.

    With a `teacher` it is a student: half of the training data teach a network of those hidden layers,
    the other half get its outputs, and the student learns these (see `lesson`), by default unpenalised.
    """

    items: Items = None
    test_items: TestItems = None
    mislabelled: Annotated[
        float, Field(ge=0, le=1), Help("Fraction of training items that get another class.")
    ] = 0.0
    data_seed: Annotated[
        int, Field(ge=0), Help("Seed of the data: their split, mislabelling, teacher.")
    ] = 0
    project: Annotated[
        PositiveInt | None,
        Help(
            "Inputs after a linear map: leading principal components, or the columns turned into a larger "
            "space.",
            unset="the columns",
        ),
    ] = None
    teacher: Annotated[
        Annotated[list[PositiveInt], Field(min_length=1), BeforeValidator(_layers)] | None,
        Help(
            "Hidden nodes of a teacher, such as 10 or 5,5: half of the data train it, the network learns "
            "its outputs on the rest, unpenalised unless l2 is given.",
            unset="none",
        ),
    ] = None
    teacher_l2: Annotated[
        PositiveFloat | None, Help("L2 penalty of the teacher.", unset=f"{TEACHER_L2:g}")
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _unpenalised_student(cls, settings: Any) -> Any:
        """Give a student no penalty unless one is asked for: its ground state is then zero."""
        if isinstance(settings, dict) and settings.get("teacher") is not None:
            return {"l2": 0.0, **settings}
        return settings

    @property
    def draws_data(self) -> bool:
        """Whether `data_seed` makes a difference to what is learnt."""
        return bool(self.mislabelled or self.teacher)

    @abc.abstractmethod
    def parts(self) -> tuple[DataSet, DataSet | None]:
        """Return training and test data."""

    def training_parts(self) -> tuple[DataSet, DataSet | None]:
        """Return training data, projected and then mislabelled, and test data."""
        training, test = self.parts()
        if self.project is not None:
            training, test = datasets.project(training, self.project, test=test, seed=self.data_seed)
        if self.mislabelled:
            training = training.mislabel(self.mislabelled, seed=self.data_seed)
        return training, test

    def build(self) -> Problem:
        """Return the network on the training data, or the student on what its teacher says."""
        training, test = self.training_parts()
        if self.teacher is None:
            if self.teacher_l2 is not None:
                raise ValueError("`teacher_l2` needs `teacher`: which hidden layers has it?")
            return Problem(self.network(training), training, test)
        lesson = self.lesson()
        return Problem(self.network(lesson.data, lesson.targets), lesson.data, test)

    def lesson(self) -> Lesson:
        """Return the teacher of the students: trained on one half of the data, it relabels the other.

        It has the student's activation and penalises the same variables, by `teacher_l2`, 1e-3 unless
        given. It is the best of a few minima; `data_seed` draws the halves and the starts.

        **Raises:** `ValueError` without a teacher, with `neighbours`, or if it reaches no minimum.
        """
        if self.teacher is None:
            raise ValueError(f"The recipe of {self.landscape} names no `teacher`.")
        if self.neighbours is not None:
            raise ValueError("`neighbours` cuts links that a `teacher` has, so it cannot be learnt.")
        teacher = {"hidden": self.teacher, "l2": self.teacher_l2 or TEACHER_L2, "teacher": None}
        settings = to_settings(self.model_copy(update={**teacher, "teacher_l2": None}))
        return _taught(type(self), json.dumps(settings, sort_keys=True))


class AbstractTableRecipe(AbstractDataRecipe, frozen=True):
    """Data that come as one table, whose parts are drawn at random."""

    @property
    def draws_data(self) -> bool:
        """Whether items are drawn, or something is done to them at random."""
        return self.items is not None or super().draws_data

    @abc.abstractmethod
    def everything(self) -> DataSet:
        """Return all data that there are."""

    def parts(self) -> tuple[DataSet, DataSet | None]:
        """Return `items` of the table, drawn at random, and the rest."""
        data = self.everything()
        if self.items is None:
            if self.test_items is not None:
                raise ValueError("`test_items` needs `items`: how many of the others are for training?")
            return data, None
        training, test = data.split(self.items, seed=self.data_seed)
        return training, _first(test, self.test_items)


class IrisRecipe(AbstractTableRecipe, frozen=True):
    """Fisher's iris."""

    landscape: Literal["iris"]

    def everything(self) -> DataSet:
        """Return the flowers."""
        return datasets.iris()


class DigitsRecipe(AbstractTableRecipe, frozen=True):
    """Handwritten digits of 8 x 8 pixels."""

    landscape: Literal["digits"]
    hidden: Hidden = [10]
    l2: L2 = 1e-2
    items: Items = 1000

    def everything(self) -> DataSet:
        """Return the digits."""
        return datasets.digits()


class RegressionRecipe(AbstractTableRecipe, frozen=True):
    """One of the six regression sets."""

    landscape: Literal["boston", "concrete", "energy", "power", "wine_red", "yacht"]

    def everything(self) -> DataSet:
        """Return the set."""
        return datasets.regression(self.landscape)


class CsvRecipe(AbstractTableRecipe, frozen=True):
    """A CSV file of the user's own."""

    landscape: Literal["csv"]
    table_file: Annotated[Path, Field(alias="table"), Help("The table.", argument="TABLE.csv")]
    target: Annotated[str, Help("Column of the table to predict.")]
    task: Annotated[str, Help("What the target is: auto, classes or number.")] = "auto"
    weights: Annotated[
        str | None, Help("Column of the table that says how much each row counts.", unset="none")
    ] = None

    def everything(self) -> DataSet:
        """Read the file."""
        if self.weights is not None and self.teacher is not None:
            raise ValueError(
                "A student learns the outputs of a `teacher` without `weights`; give one of them."
            )
        return datasets.load_table(self.table_file, self.target, task=self.task, weights=self.weights)


class Ljat3Recipe(AbstractDataRecipe, frozen=True):
    """Outcomes of geometry optimisations of three atoms."""

    landscape: Literal["ljat3"]
    hidden: Hidden = [10]
    l2: L2 = 1e-4
    items: Items = 1000
    test_items: TestItems = 10_000
    cube: Annotated[
        str | float,
        BeforeValidator(_cube),
        Help("Cube of the starts: D1, D2, D3, or the length of its side."),
    ] = "D1"
    inputs: Annotated[Literal[2, 3], Help("Distances that the network is given, 2 or 3.")] = 2
    steps_before: Annotated[
        Annotated[int, Field(ge=0)] | None,
        Help("Distances so many steps before convergence.", unset="at the start"),
    ] = None

    @property
    def draws_data(self) -> bool:
        """Always: atoms are placed at random."""
        return True

    def parts(self) -> tuple[DataSet, DataSet]:
        """Return the first items, and those after them."""
        items, test = self.items or 1000, self.test_items or 10_000
        try:
            data = datasets.ljat3(
                self.cube,
                items=items + test,
                inputs=self.inputs,
                seed=self.data_seed,
                steps_before=self.steps_before,
            )
        except RuntimeError as error:  # from a cube so large that atoms miss each other
            raise ValueError(str(error)) from None
        return data.split(items)


class MnistRecipe(AbstractDataRecipe, frozen=True):
    """MNIST; the first 1,000 training images are shipped."""

    landscape: Literal["mnist"]
    hidden: Hidden = [10]
    l2: L2 = 0.1
    items: Items = 1000
    data: Annotated[
        Path | None,
        Help(
            "The full set: an .npz file, or a folder of IDX files.",
            unset="the 1,000 images that are shipped",
        ),
    ] = None

    def parts(self) -> tuple[DataSet, DataSet]:
        """Return the first training images, and the test images."""
        training = datasets.mnist("training", path=self.data)
        if self.items and self.items > len(training):
            hint = "" if self.data else "; name the full set by --data"
            raise ValueError(f"There are {len(training)} training images, not {self.items}{hint}.")
        return training[: self.items], _first(datasets.mnist("test", path=self.data), self.test_items)


@functools.lru_cache(maxsize=8)  # students of several sizes have one teacher
def _taught(kind: type["AbstractDataRecipe"], settings: str) -> Lesson:
    """Return the lesson of a teacher whose recipe is given as JSON."""
    recipe = kind.model_validate(json.loads(settings))
    first, second = halves(recipe.training_parts()[0], seed=recipe.data_seed)
    network = recipe.network(first)
    return teach(network, train_teacher(network, seed=recipe.data_seed), second)


def _first(data: DataSet, items: int | None) -> DataSet:
    if items is not None and items > len(data):
        raise ValueError(f"{data.name}: there are {len(data)} test items, not {items}.")
    return data[:items]
