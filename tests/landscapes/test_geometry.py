"""Geodesics and normals of spheres and their products."""

import jax
import numpy as np
import pytest

from lossatlas.landscapes import Euclidean, ProductOfSpheres, Sphere


SIZES = (3, 2, 4)
GEOMETRIES = {
    "space": (Euclidean(), [slice(0, 9)]),
    "sphere": (Sphere(3.0), [slice(0, 9)]),
    "spheres": (ProductOfSpheres(SIZES, 2.0), [slice(0, 3), slice(3, 5), slice(5, 9)]),
}
every_geometry = pytest.mark.parametrize("name", GEOMETRIES)


def points(geometry, seed=0):
    rng = np.random.default_rng(seed)
    return [np.asarray(geometry.retract(x)) for x in rng.normal(size=(2, 9))]


@every_geometry
def test_ways_are_geodesics(name):
    """The ends are right, steps are even, and the acceleration has no tangent component."""
    geometry, _ = GEOMETRIES[name]
    a, b = points(geometry)
    way = np.asarray(jax.vmap(lambda f: geometry.between(a, b, f))(np.linspace(0, 1, 101)))
    np.testing.assert_allclose(way[[0, -1]], [a, b], rtol=0, atol=1e-14)
    geometry.check(way, "way")
    steps = np.linalg.norm(np.diff(way, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-12)
    for before, x, after in zip(way, way[1:], way[2:]):
        bend = before + after - 2 * x
        normals = np.asarray(geometry.normals(x))
        np.testing.assert_allclose(bend - normals.T @ (normals @ bend), 0, atol=1e-14)


def test_length_of_a_great_circle():
    a, b = points(Sphere(3.0))
    way = np.asarray(jax.vmap(lambda f: Sphere(3.0).between(a, b, f))(np.linspace(0, 1, 100_001)))
    length = np.linalg.norm(np.diff(way, axis=0), axis=1).sum()
    assert length == pytest.approx(3.0 * np.arccos(a @ b / 9.0), rel=1e-9)  # chords: (angle / n)^2 / 24


def test_antipodes_are_joined_by_half_a_great_circle():
    a, _ = points(Sphere(3.0))
    way = np.asarray(jax.vmap(lambda f: Sphere(3.0).between(a, -a, f))(np.linspace(0, 1, 7)))
    np.testing.assert_allclose(way[[0, -1]], [a, -a], rtol=0, atol=1e-14)
    Sphere(3.0).check(way, "way")
    steps = np.linalg.norm(np.diff(way, axis=0), axis=1)
    np.testing.assert_allclose(steps, 6.0 * np.sin(np.pi / 12), rtol=1e-13)


@every_geometry
def test_a_way_to_the_same_point_stays_there(name):
    geometry, _ = GEOMETRIES[name]
    a, _ = points(geometry)
    np.testing.assert_allclose(geometry.between(a, a, 0.3), a, rtol=0, atol=1e-14)


@every_geometry
def test_a_retracted_step_is_no_longer_than_the_step(name):
    geometry, parts = GEOMETRIES[name]
    a, b = points(geometry)
    normals = np.asarray(geometry.normals(a))
    step = b - normals.T @ (normals @ b)
    end = np.asarray(geometry.retract(a + step))
    length = 0.0
    for part in parts:
        p, q = a[part], end[part]
        angle = np.arccos(p @ q / np.linalg.norm(p) / np.linalg.norm(q))
        way = np.linalg.norm(q - p) if name == "space" else angle * np.linalg.norm(p)
        length += way**2
    assert np.sqrt(length) <= np.linalg.norm(step) * (1 + 1e-14)


def test_normals_and_retraction_of_a_product_are_those_of_the_parts():
    geometry, parts = GEOMETRIES["spheres"]
    x = np.random.default_rng(3).normal(size=9)
    normals, retracted = np.asarray(geometry.normals(x)), np.asarray(geometry.retract(x))
    assert normals.shape == (3, 9)
    for k, part in enumerate(parts):
        unit = x[part] / np.linalg.norm(x[part])
        np.testing.assert_allclose(normals[k, part], unit, rtol=1e-14)
        assert np.count_nonzero(normals[k]) == len(unit)
        np.testing.assert_allclose(retracted[part], 2.0 * unit, rtol=1e-14)
