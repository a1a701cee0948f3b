"""Teachers: what a teacher says, what a student of it learns, what is refused."""

import dataclasses
import functools
import json

import jax
import numpy as np
import pytest

from lossatlas import datasets
from lossatlas.landscapes import Perceptron
from lossatlas.recipes import RecipeError, read_recipe, teach, to_settings, train_teacher


IRIS = {"landscape": "iris", "items": 100, "teacher": 2, "teacher_l2": 1e-2}


@functools.cache
def iris(**changed):
    return read_recipe({**IRIS, **changed})


def by_hand(sizes, x, inputs, activation=np.tanh):
    """Outputs of a network, shape (items, outputs), from the vector of variables as documented."""
    signal, start = inputs, 0
    for layer, (have, want) in enumerate(zip(sizes[:-1], sizes[1:])):
        weights = x[start : start + have * want].reshape(want, have)
        biases = x[start + have * want : start + have * want + want]
        start += have * want + want
        signal = (activation(signal) if layer else signal) @ weights.T + biases
    assert start == len(x)
    return signal


@pytest.mark.slow
def test_halves_are_all_items_once():
    recipe = iris()
    lesson = recipe.lesson()
    training = recipe.parts()[0]
    taught = np.asarray(lesson.teacher.inputs)
    both = np.vstack([taught, lesson.data.inputs])
    assert (len(taught), len(lesson.data)) == (50, 50)
    np.testing.assert_array_equal(both[np.lexsort(both.T)], training.inputs[np.lexsort(training.inputs.T)])


def test_teacher_is_a_minimum_of_the_first_half():
    lesson = iris().lesson()
    energy, gradient = jax.jit(lambda x: lesson.teacher.value_and_gradient(x))(lesson.x)
    # Newton steps end where the gradient is rounding, 1e-16 times curvatures of order one or less.
    assert np.linalg.norm(gradient) < 1e-11
    assert np.linalg.eigvalsh(jax.jit(lambda x: lesson.teacher.hessian(x))(lesson.x))[0] > 0
    scores = by_hand(lesson.teacher.sizes, lesson.x, np.asarray(lesson.teacher.inputs))
    scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
    loss = -np.mean(np.sum(scores * np.asarray(lesson.teacher.targets), axis=1))
    assert float(energy) == pytest.approx(loss + 1e-2 * lesson.x @ lesson.x, rel=1e-12)


def test_student_learns_what_the_teacher_says():
    recipe = iris(hidden=(4,))
    lesson, problem = recipe.lesson(), recipe.build()
    outputs = by_hand((4, 2, 3), lesson.x, lesson.data.inputs)
    np.testing.assert_allclose(lesson.targets, outputs, rtol=0, atol=1e-13 * np.abs(outputs).max())
    np.testing.assert_array_equal(np.asarray(problem.landscape.targets), lesson.targets)
    np.testing.assert_array_equal(problem.training.targets, np.argmax(outputs, axis=1))
    assert problem.landscape.loss == "squared_error" and float(problem.landscape.l2) == 0.0
    assert len(problem.test) == 50
    x = np.random.default_rng(0).normal(size=problem.landscape.dimension)
    expected = np.mean(np.sum((by_hand((4, 4, 3), x, lesson.data.inputs) - outputs) ** 2, axis=1))
    assert float(problem.landscape.energy(x)) == pytest.approx(expected, rel=1e-12)


def test_a_number_to_predict():
    data = datasets.regression("yacht")[:60]
    teacher = Perceptron(data.inputs, data.targets, hidden=[2], l2=1e-2, loss="squared_error")
    x = np.random.default_rng(0).normal(size=teacher.dimension)
    lesson = teach(teacher, x, data)
    np.testing.assert_allclose(lesson.targets, by_hand((6, 2, 1), x, data.inputs), rtol=1e-12)
    np.testing.assert_array_equal(lesson.data.targets, lesson.targets[:, 0])
    assert lesson.data.classes is None and "the answers of a teacher [6, 2, 1]" in lesson.data.note
    both = np.column_stack([data.targets, data.inputs[:, 0]])
    two = dataclasses.replace(data, targets=both, target=("drag", "centre"))
    teacher = Perceptron(two.inputs, two.targets, hidden=[2], l2=1e-2, loss="squared_error")
    lesson = teach(teacher, np.linspace(-1.0, 1.0, teacher.dimension), two)
    assert lesson.data.target == ("drag", "centre") and lesson.targets.shape == (60, 2)
    np.testing.assert_array_equal(lesson.data.targets, lesson.targets)


def test_one_teacher_for_students_of_all_sizes():
    assert iris(hidden=(3,)).lesson() is iris(hidden=(5,), l2=1e-4).lesson()
    other = iris(data_seed=1).lesson()
    assert not np.array_equal(other.x, iris().lesson().x)


@pytest.mark.parametrize("changed, l2", [({}, 0.0), ({"l2": 1e-3}, 1e-3)])
def test_built_again_from_what_an_atlas_remembers(changed, l2):
    recipe = iris(**changed)
    settings = json.loads(json.dumps(to_settings(recipe)))
    assert (settings["l2"], settings["teacher_l2"]) == (l2, 1e-2)
    again = read_recipe(settings).build().landscape
    assert again.fingerprint() == recipe.build().landscape.fingerprint()
    assert again.fingerprint()["l2"] == l2


def test_recipes_without_a_teacher_are_as_before():
    settings = to_settings(read_recipe({"landscape": "iris"}))
    assert settings["l2"] == 1e-3 and "teacher" not in settings and "teacher_l2" not in settings


@pytest.mark.parametrize("settings, key, sentence", [
    ({"landscape": "xor", "teacher": 2}, "teacher", "does not take `teacher`; ljat3, "),
    ({"landscape": "spin-glass", "teacher": 2}, "teacher", "does not take `teacher`"),
    ({**IRIS, "teacher": 0}, "teacher", "`teacher` should be greater than 0, got 0"),
    ({**IRIS, "teacher": "ten"}, "teacher", "takes whole numbers such as 3 or 5,5, got 'ten'"),
    ({**IRIS, "teacher": []}, "teacher", "`teacher`"),
    ({**IRIS, "teacher_l2": 0.0}, "teacher_l2", "`teacher_l2` should be greater than 0"),
])  # fmt: skip
def test_mistakes(settings, key, sentence):
    with pytest.raises(RecipeError) as caught:
        read_recipe(settings)
    assert caught.value.key == key
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("settings, sentence", [
    ({"landscape": "iris", "teacher_l2": 1e-2}, "`teacher_l2` needs `teacher`"),
    ({**IRIS, "neighbours": 1}, "`neighbours` removes links that the `teacher` has"),
    ({**IRIS, "landscape": "digits", "items": 1}, "a teacher and a student need an item each, got 1"),
])  # fmt: skip
def test_mistakes_that_building_finds(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_recipe(settings).build()


def test_no_lesson_without_a_teacher():
    with pytest.raises(ValueError, match="names no `teacher`"):
        read_recipe({"landscape": "iris"}).lesson()


def test_a_teacher_that_learns_nothing():
    # All but no penalty: on data that a plane divides the loss falls for ever.
    network = read_recipe({**IRIS, "teacher": None, "teacher_l2": None, "hidden": 2, "l2": 1e-300})
    with pytest.raises(ValueError, match="no verified minimum from 2 starts"):
        train_teacher(network.network(network.parts()[0][:50]), starts=2, workers=1)
