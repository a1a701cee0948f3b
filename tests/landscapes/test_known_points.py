"""The one index that says whether two points are the same."""

import numpy as np
import pytest

from lossatlas.landscapes import KnownPoints, NoSymmetry, Units, sign_symmetry, xor


X = np.random.default_rng(0).normal(size=12)


def empty(symmetry, dim=12, **settings):
    return KnownPoints(np.empty((0, dim)), np.empty(0), symmetry, **settings)


def holding(x, energy, symmetry=None, **settings):
    return KnownPoints(np.array([x]), np.array([float(energy)]), symmetry or NoSymmetry(), **settings)


def find(known, x, energy):
    return known.find(np.array([x]), np.array([float(energy)]))[1].tolist()


def test_points_are_found_again_under_the_symmetry():
    symmetry = xor(2).symmetry
    known = empty(symmetry)
    rng = np.random.default_rng(1)
    points = np.array([X, 2 * X, rng.normal(size=12)])
    rows, new = known.add(points, np.arange(3.0))
    assert rows.tolist() == [0, 1, 2] and new.all() and len(known) == 3
    images = np.array([symmetry.random_image(x, rng) for x in np.repeat(points, 10, axis=0)])
    energies = np.repeat(np.arange(3.0), 10)
    rows, new = known.add(images, energies)
    assert rows.tolist() == [0] * 10 + [1] * 10 + [2] * 10 and not new.any()
    assert np.array_equal(known.x, points)
    # Without the group the images are other points.
    assert len(KnownPoints(points, np.arange(3.0), NoSymmetry()).find(images, energies)[0]) < 10


@pytest.mark.parametrize("energy", [0.0, 1e-3, 50.0, -50.0])
def test_energy_window_is_relative_to_one_or_more(energy):
    known = holding(X, energy, energy_tol=1e-6)
    window = 1e-6 * max(1.0, abs(energy))
    for sign in (1, -1):
        assert find(known, X, energy + sign * 0.99 * window) == [0]
        assert find(known, X, energy + sign * 1.02 * window) == []


@pytest.mark.parametrize("size", [0.1, 1.0, 30.0])
def test_distance_limit_is_relative_to_one_or_more(size):
    x = size * X / np.linalg.norm(X)
    known = holding(x, 0.0, distance_tol=1e-5)
    limits = 1e-5 * np.maximum(1.0, np.abs(x))
    assert find(known, x + 0.98 * limits, 0) == [0]  # all variables at once
    for limit, direction in zip(limits, np.eye(12)):
        assert find(known, x - 0.98 * limit * direction, 0) == [0]
        assert find(known, x - 1.02 * limit * direction, 0) == []


def test_a_large_variable_does_not_hide_the_others():
    x = np.append(X, 1e9)
    known = holding(x, 0.0)
    assert find(known, x + 1e-7, 0) == [0]
    assert find(known, x + 1e-2 * np.eye(13)[0], 0) == []


@pytest.mark.parametrize("unit", [2.0**-20, np.append(np.full(11, 2.0**20), 2.0**-30)])
def test_distances_and_energies_are_in_units_of_the_landscape(unit):
    x, energy = X * unit, 2.0**-40
    units = Units(unit, 2.0**-40)
    known = holding(x, energy, units=units)
    assert find(known, x + 9e-6 * unit, energy) == [0]
    assert find(known, x + 1e-3 * unit * np.eye(12)[11], energy) == []
    assert find(known, x, energy * (1 + 1e-8)) == []


def test_equal_energies_are_told_apart_by_distance():
    wells = np.array([[1.0, 1.0], [1.0, -1.0]])  # the same energy and the same norm
    known = KnownPoints(wells, np.zeros(2), sign_symmetry(2))
    assert known.find(-wells, np.zeros(2))[1].tolist() == [0, 1]
    assert find(known, [np.sqrt(2), 0.0], 0) == []


def test_by_energy_merges_equal_energies():
    known = holding([1.0, 1.0], 0.0, sign_symmetry(2), by_energy=True)
    assert find(known, [7.0, -1.0], 5e-10) == [0]
    assert find(known, [1.0, 1.0], 1e-6) == []


@pytest.mark.parametrize("seed", range(3))
def test_a_batch_gives_what_its_points_give_one_by_one(seed):
    symmetry = xor(2).symmetry
    rng = np.random.default_rng(seed)
    classes = rng.normal(size=(6, 12))
    which = rng.integers(6, size=40)
    x = np.array([symmetry.random_image(classes[i], rng) for i in which])
    energy = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 2.0])[which]  # different points of equal energy
    batch, single = empty(symmetry), empty(symmetry)
    rows, new = batch.add(x, energy)
    one_by_one = [single.add(x[i : i + 1], energy[i : i + 1]) for i in range(40)]
    assert rows.tolist() == [row[0] for row, _ in one_by_one]
    assert new.tolist() == [is_new[0] for _, is_new in one_by_one]
    assert np.array_equal(batch.x, single.x) and len(batch) == len(set(which))
    first = {}
    assert rows.tolist() == [first.setdefault(i, len(first)) for i in which]
