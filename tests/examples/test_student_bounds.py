"""What is known of students: where their ground state is, and what those too small cannot reach."""

import functools

import jax
import numpy as np
import pytest
from student_bounds import ground_state, rank_bound

from lossatlas.landscapes import Perceptron
from lossatlas.recipes import read_recipe, teach
from lossatlas.searches import LBFGS, QuasiNewton, descend
from lossatlas.searches.global_search import random_starts


@functools.cache
def iris(hidden):
    """Recipe of a student on iris, of a teacher with two nodes."""
    recipe = {"landscape": "iris", "items": 100, "teacher": 2, "teacher_l2": 1e-2}
    return read_recipe({**recipe, "hidden": hidden})


def random_lesson(teacher_sizes, activation="tanh", items=30):
    """A teacher with random weights: the ground state does not ask how it was trained."""
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(items, teacher_sizes[0]))
    teacher = Perceptron(
        inputs, rng.normal(size=(items, teacher_sizes[-1])), hidden=teacher_sizes[1:-1], l2=0.0,
        activation=activation, loss="squared_error",
    )  # fmt: skip
    data = read_recipe({"landscape": "iris"}).parts()[0][:items]
    return teach(teacher, rng.normal(size=teacher.dimension), data)


@pytest.mark.parametrize(
    "activation",
    ["tanh", "relu", *(pytest.param(name, marks=pytest.mark.slow) for name in ("sigmoid", "softplus"))],
)
@pytest.mark.parametrize(
    "teacher, student", [((3,), (3,)), ((3,), (7,)), ((2, 3), (2, 3)), ((2, 3), (5, 4))]
)
def test_teacher_in_a_student_has_no_loss(activation, teacher, student):
    lesson = random_lesson((4, *teacher, 3), activation)
    network = Perceptron(
        lesson.data.inputs,
        lesson.targets,
        hidden=student,
        l2=0.0,
        activation=activation,
        loss="squared_error",
    )
    x = ground_state(lesson, network)
    scale = np.mean(np.sum(lesson.targets**2, axis=1))
    # Outputs agree to rounding, some 1e-15 of their size; the loss is its square.
    assert float(network.energy(x)) < 1e-28 * scale
    assert np.linalg.norm(jax.jit(lambda x: network.value_and_gradient(x)[1])(x)) < 1e-12 * scale
    moved = float(network.energy(x + 1e-3))
    assert moved > 1e-10 * scale


@pytest.mark.slow
def test_descent_finds_the_ground_state_from_beside_it():
    recipe = iris((3,))
    student = recipe.build().landscape
    x = ground_state(recipe.lesson(), student)
    starts = x + 1e-2 * np.random.default_rng(0).normal(size=(3, len(x)))
    found = descend(
        student, starts, method=QuasiNewton(LBFGS(20)), tolerance=1e-9, max_gradients=3000, workers=1
    )
    assert found.converged.all()
    # At this gradient, with curvatures down to 1e-6, at most g^2/(2 c) is left.
    assert np.all(found.energy < 1e-11)


def test_rank_bound():
    rng = np.random.default_rng(0)
    targets = rng.normal(size=(40, 2)) @ rng.normal(size=(2, 5)) + rng.normal(size=5)
    assert rank_bound(targets, 0) == pytest.approx(np.sum(np.var(targets, axis=0)), rel=1e-12)
    # Rank two but for a constant: the rest is rounding.
    assert rank_bound(targets, 2) < 1e-25
    noisy = targets + 0.1 * rng.normal(size=targets.shape)
    variances = np.sort(np.linalg.eigvalsh(np.cov(noisy.T, bias=True)))[::-1]
    for nodes in range(6):
        assert rank_bound(noisy, nodes) == pytest.approx(variances[nodes:].sum(), rel=1e-10, abs=1e-12)


@pytest.mark.slow
def test_students_smaller_than_the_teacher_stay_above_the_bound():
    recipe = iris((1,))
    student, lesson = recipe.build().landscape, recipe.lesson()
    bound = rank_bound(lesson.targets, 1)
    assert bound > 1e-3
    starts = random_starts(student, jax.random.key(0), np.arange(20), workers=1)
    found = descend(student, starts, method=QuasiNewton(LBFGS(20)), max_gradients=2000, workers=1)
    assert np.all(found.energy >= bound)
    assert found.energy.min() < rank_bound(lesson.targets, 0)  # and yet it learns


@pytest.mark.parametrize("sizes, settings, sentence", [
    ((4, 2, 3), {}, r"A teacher \[4, 3, 3\] does not fit in a student \[4, 2, 3\]"),
    ((4, 3, 3, 3), {}, "does not fit"),
    ((4, 3, 3), {"activation": "relu"}, "A tanh teacher does not fit in a relu student"),
    ((4, 3, 3), {"neighbours": 2}, "only if neither has links left out"),
])  # fmt: skip
def test_students_that_hold_no_teacher(sizes, settings, sentence):
    lesson = random_lesson((4, 3, 3))
    settings = {"hidden": sizes[1:-1], "l2": 0.0, "loss": "squared_error", **settings}
    with pytest.raises(ValueError, match=sentence):
        ground_state(lesson, Perceptron(lesson.data.inputs, lesson.targets, **settings))
