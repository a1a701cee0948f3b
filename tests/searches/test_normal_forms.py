"""Normal forms of bifurcations, followed from every branch and either side; all counts by algebra."""

import functools

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from lossatlas.landscapes import Loss, sign_symmetry
from lossatlas.searches import follow


def quartic(x, data):
    """E' = a x^3 + b x^2 + (c + d p) x + e p, for all forms one program."""
    a, b, c, d, e = data["form"]
    p = data["p"]
    return a * x[0] ** 4 / 4 + b * x[0] ** 3 / 3 + (c + d * p) * x[0] ** 2 / 2 + e * p * x[0]


def sheared(x, data):
    """The same along u, in three variables, of which one more goes down; u, v and w are turned and bent."""
    u, v, w = jnp.array([[0.8, 0.6, 0.0], [-0.36, 0.48, 0.8], [0.48, -0.64, 0.6]]) @ x
    return quartic(u[None], data) + (v - u**2) ** 2 - 2.0 * (w + u * v) ** 2


@functools.cache
def one() -> Loss:
    return Loss(quartic, 1, data=DATA)


@functools.cache
def even() -> Loss:
    return Loss(quartic, 1, data=DATA, symmetry=sign_symmetry(1))


@functools.cache
def three() -> Loss:
    return Loss(sheared, 3, data=DATA)


DATA = {"form": np.array([1.0, 0, 1.0, 1.0, 0]), "p": np.array(0.0)}
TURN = np.array([[0.8, 0.6, 0.0], [-0.36, 0.48, 0.8], [0.48, -0.64, 0.6]])

TRANSCRITICAL = (0, 1.0, 0, 1.0, 0)  # x (x + p)
SUPERCRITICAL = (1.0, 0, 0, -1.0, 0)  # x (x^2 - p)
SUBCRITICAL = (-1.0, 0, 0, -1.0, 0)  # -x (x^2 + p)
ASYMMETRIC = (1.0, -2.0, 0, -1.0, 0)  # x (x^2 - 2 x - p): transcritical at p = 0, and a fold at p = -1
IMPERFECT = (1.0, 0, -1.0, 0, 1.0)  # x^3 - x + p: two folds

# Form, start and end of p, x at the start, and counts of (minima, maxima) at values of p.
FORMS = {
    f"{name} from x = {x:.3g} at p = {start}": (form, start, end, x, counts)
    for name, form, start, end, points, counts in [
        ("transcritical", TRANSCRITICAL, -0.7, 1.3, (0.0, 0.7), {-0.7: (1, 1), 0.5: (1, 1), 1.3: (1, 1)}),
        ("transcritical", TRANSCRITICAL, 1.3, -0.7, (0.0, -1.3), {-0.7: (1, 1), 0.5: (1, 1), 1.3: (1, 1)}),
        ("transcritical", TRANSCRITICAL, 0.3, -0.005, (0.0, -0.3), {0.3: (1, 1), -0.005: (1, 1)}),
        ("supercritical", SUPERCRITICAL, 1.0, -1.0, (0.0, 1.0, -1.0), {-1: (1, 0), 0.5: (2, 1), 1: (2, 1)}),
        ("supercritical", SUPERCRITICAL, -1.0, 1.0, (0.0,), {-1: (1, 0), 0.5: (2, 1), 1: (2, 1)}),
        ("subcritical", SUBCRITICAL, -1.0, 1.0, (0.0, 1.0, -1.0), {-1: (1, 2), -0.5: (1, 2), 1: (0, 1)}),
        ("subcritical", SUBCRITICAL, 1.0, -1.0, (0.0,), {-1: (1, 2), -0.5: (1, 2), 1: (0, 1)}),
        (
            "asymmetric", ASYMMETRIC, 1.0, -1.5, (0.0, 1 - 2**0.5, 1 + 2**0.5),
            {-1.2: (1, 0), -0.5: (2, 1), 1: (2, 1)},
        ),
        ("asymmetric", ASYMMETRIC, -1.5, 1.0, (0.0,), {-1.2: (1, 0), -0.5: (2, 1), 1: (2, 1)}),
        ("imperfect", IMPERFECT, -0.38, 0.38, (-1.15, 0.9, 0.6), {}),
    ]
    for x in points
}  # fmt: skip


def p_of(loss):
    return loss.data["p"]


def data_of(loss):
    return loss.data


def at(base, form, p):
    leaves = lambda loss: (loss.data["form"], loss.data["p"])
    return eqx.tree_at(leaves, base, (jnp.array(form, dtype=float), jnp.asarray(float(p))))


def root_near(form, p, x):
    a, b, c, d, e = form
    roots = np.roots(np.trim_zeros([a, b, c + d * p, e * p], "f"))
    real = roots[np.abs(roots.imag) < 1e-9].real
    return float(real[np.argmin(np.abs(real - x))])


def counted(base, name, *, images=False, lift=lambda u: [u]):
    form, start, end, x, counts = FORMS[name]
    point = np.array([lift(root_near(form, start, x))])
    branches = follow(at(base, form, start), point, to=end, where=p_of)
    assert branches.outcomes() == {"converged": len(branches)}
    return branches.counts(list(counts), images=images).tolist(), [list(row) for row in counts.values()]


@pytest.mark.parametrize("name", [name for name in FORMS if "imperfect" not in name])
def test_every_branch_is_found_from_every_side(name):
    found, known = counted(one(), name)
    assert found == known


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FORMS if "critical" in name and "trans" not in name])
def test_a_pitchfork_whose_sides_are_images(name):
    found, known = counted(even(), name, images=True)
    assert found == known


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FORMS if "imperfect" not in name and "at p = -" in name])
def test_every_branch_is_found_in_several_variables(name):
    """v = u^2 and w = -u v at every stationary point, and one more direction goes down."""
    found, known = counted(three(), name, lift=lambda u: TURN.T @ np.array([u, u**2, -(u**3)]))
    assert found == [[0, *row] for row in known]


@pytest.mark.parametrize("name", [name for name in FORMS if "imperfect" in name])
def test_an_imperfect_pitchfork_is_one_branch_with_two_folds_outside(name):
    """Between the folds there are three pieces, which nothing joins there."""
    form, start, end, x, _ = FORMS[name]
    point = np.array([[root_near(form, start, x)]])
    branches = follow(at(one(), form, start), point, to=end, where=p_of)
    assert len(branches) == 1 and not branches.events and branches.outcomes() == {"converged": 1}


def two_pitchforks(x, p):
    """x from p = 0 on, y from p = 0.5 on."""
    return x[0] ** 4 / 4 - p * x[0] ** 2 / 2 + x[1] ** 4 / 4 - (p - 0.5) * x[1] ** 2 / 2


@pytest.mark.slow
@pytest.mark.parametrize("start, end, point", [
    (1.0, -1.0, (1.0, 0.5**0.5)),
    (1.0, -1.0, (0.0, -(0.5**0.5))),
    (1.0, -1.0, (0.0, 0.0)),
    (-1.0, 1.0, (0.0, 0.0)),
])  # fmt: skip
def test_all_of_a_tree_of_pitchforks_is_found_from_any_branch(start, end, point):
    loss = Loss(two_pitchforks, 2, data=np.array(start))
    branches = follow(loss, np.array([point]), to=end, where=data_of)
    assert branches.counts([-0.5, 0.25, 1.0]).tolist() == [[1, 0, 0], [2, 1, 0], [4, 4, 1]]
