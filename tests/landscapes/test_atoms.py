"""Three atoms: energies that are known, the group against rotations tried out, and the spectrum."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import helpers
from lossatlas.landscapes import Triatomic, check_landscape
from lossatlas.landscapes._atoms import distances, planar
from lossatlas.searches import census, minimise


LANDSCAPE = Triatomic()
SYMMETRY = LANDSCAPE.symmetry

# REFERENCE.md, "Exact: LJAT3": energy with 8 decimals, distance with 7 and 5.
TRIANGLE, BOND = -2.18509884, 1.1687523
LINEAR, HALF = -2.21909817, 1.10876


def triangle(bond=BOND):
    return np.array([0.0, 0.0, bond, 0.0, bond / 2, bond * np.sqrt(3) / 2]) - bond * np.tile(
        [1 / 2, np.sqrt(3) / 6], 3
    )


def line(half=HALF):
    """Atom 1 in the centre."""
    return np.array([0.0, 0.0, -half, 0.0, half, 0.0])


def textbook_energy(positions, z=2.0):
    """V from Cartesian positions (3, dim), with the inner angles themselves."""
    pairs = {
        (i, j): np.linalg.norm(positions[i] - positions[j]) for i, j in itertools.combinations(range(3), 2)
    }
    lennard_jones = sum(4 * (r**-12 - r**-6) for r in pairs.values())
    angles = []
    for i in range(3):
        u, v = (positions[j] - positions[i] for j in range(3) if j != i)
        angles.append(np.arccos(u @ v / np.linalg.norm(u) / np.linalg.norm(v)))
    return lennard_jones + z * (1 + 3 * np.prod(np.cos(angles))) / np.prod(list(pairs.values())) ** 3


def moved(x, permutation, reflect, angle, shift=(0.0, 0.0)):
    atoms = np.asarray(x).reshape(3, 2)[list(permutation)] * [1, -1 if reflect else 1]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (atoms @ turn.T + shift).ravel()


@functools.cache
def starts():
    return helpers.starts_for(LANDSCAPE, 40)


# jit once for all tests
value_and_gradient = jax.jit(lambda land, x: land.value_and_gradient(x))
by_autodiff = jax.jit(lambda land, x: jax.value_and_grad(land.surface_energy)(x))


@pytest.mark.parametrize("z", [2.0, 0.0, -0.7])
def test_energy_is_that_of_the_textbook(z):
    rng = np.random.default_rng(0)
    for _ in range(20):
        positions = 1.5 * rng.normal(size=(3, 3))
        known = textbook_energy(positions, z)
        # Terms of both signs: rounding is relative to their size, as that of the repulsion at least.
        size = 1 + abs(known)
        assert float(Triatomic(z).energy(planar(positions))) == pytest.approx(known, abs=1e-12 * size)


def test_known_energies_and_distances():
    for x, energy, bond in ((triangle(), TRIANGLE, [BOND] * 3), (line(), LINEAR, [HALF, HALF, 2 * HALF])):
        assert float(LANDSCAPE.energy(x)) == pytest.approx(energy, abs=5.1e-9)
        found = minimise(LANDSCAPE, x + 0.02 * np.random.default_rng(1).normal(size=6))
        assert found.outcomes() == {"converged": 1}
        assert found.energy[0] == pytest.approx(energy, abs=5.1e-9)
        np.testing.assert_allclose(distances(found.x[0]), bond, rtol=0, atol=1.1e-5)
    assert np.ptp(distances(found.x[0])[:2]) < 1e-12


def test_gradient_matches_autodiff():
    for x in [*starts(), triangle(), line()]:
        energy, gradient = value_and_gradient(LANDSCAPE, x)
        plain, slopes = by_autodiff(LANDSCAPE, x)
        size = 1 + abs(float(plain)) + np.linalg.norm(slopes)
        assert float(energy) == pytest.approx(float(plain), abs=1e-13 * size)
        np.testing.assert_allclose(gradient, slopes, rtol=0, atol=1e-12 * size)


def test_strength_is_data():
    """Another strength does not recompile, and changes the gradient as it should."""
    traced = []

    @jax.jit
    def gradient(landscape, x):
        traced.append(1)
        return landscape.value_and_gradient(x)[1]

    x = starts()[0]
    none, one, two = (gradient(Triatomic(z), x) for z in (0.0, 1.0, 2.0))
    assert len(traced) == 1
    np.testing.assert_allclose(two - one, one - none, rtol=1e-10)


@pytest.mark.parametrize("z", [np.nan, np.inf, [1.0, 2.0], "2", None, 1j, True])
def test_bad_strength_is_refused(z):
    with pytest.raises(ValueError, match="`z` must be one finite real number"):
        Triatomic(z)


def test_zero_modes():
    for x in starts()[:10]:
        _, gradient, hessian = map(np.asarray, helpers.derivatives(LANDSCAPE, x))
        modes = np.asarray(LANDSCAPE.zero_modes(x))
        np.testing.assert_allclose(modes @ modes.T, np.eye(3), rtol=0, atol=1e-14)
        np.testing.assert_allclose(modes @ gradient, 0, rtol=0, atol=1e-13 * (1 + np.abs(gradient).max()))
        # V is constant along the circle x(t) of a rotation, so u H u + g x'' = 0 with x'' = -x.
        bends = np.einsum("mi,ij,mj->m", modes, hessian, modes)
        known = [0, 0, gradient @ x / (x @ x)]
        np.testing.assert_allclose(bends, known, rtol=0, atol=1e-12 * (1 + np.abs(hessian).max()))


@pytest.mark.slow
@pytest.mark.slow
def test_minima_have_three_vibrations():
    for x, degenerate in ((triangle(), True), (line(), False)):
        x = minimise(LANDSCAPE, x).x[0]
        hessian = np.asarray(LANDSCAPE.hessian(x))
        values, vectors = np.linalg.eigh(hessian)
        np.testing.assert_allclose(values[:3], 0, atol=1e-11)
        assert values[3] > 1
        flat = vectors[:, :3] @ vectors[:, :3].T
        modes = np.asarray(LANDSCAPE.zero_modes(x))
        np.testing.assert_allclose(modes @ flat, modes, rtol=0, atol=1e-10)
        assert bool(np.isclose(values[3], values[4], rtol=1e-9)) == degenerate  # E' of D3h


@pytest.mark.slow
def test_all_stationary_points():
    """Minima and the transition states between them; their sum is an Euler characteristic.

    Shapes and sizes of three points in the plane are a sphere without the three collisions, times a
    half-line: 2 - 3 = -1. V grows towards every end of it, so the Morse sum is -1.
    """
    found = census(LANDSCAPE, starts=300)
    assert found.degenerate == 0
    assert found.index.tolist() == [0, 0, 1]
    np.testing.assert_allclose(found.energy[:2], [LINEAR, TRIANGLE], rtol=0, atol=5.1e-9)
    assert found.orbit_size == [3, 2, 6]
    assert found.morse_sum == -1


def test_planar_keeps_distances():
    rng = np.random.default_rng(3)
    positions = rng.normal(size=(2, 50, 3, 3))
    flat = np.asarray(planar(positions))
    assert flat.shape == (2, 50, 6)
    known = [
        np.linalg.norm(positions[..., i, :] - positions[..., j, :], axis=-1)
        for i, j in ((0, 1), (0, 2), (1, 2))
    ]
    np.testing.assert_allclose(distances(flat), np.stack(known, axis=-1), rtol=1e-14)
    np.testing.assert_allclose(flat.reshape(2, 50, 3, 2).sum(axis=-2), 0, atol=1e-14)


@pytest.mark.parametrize("parts", [(0, 1, 3), (0, 1, 1), (0, 0, 1), (0, 1, 0), (0, 0, 0), (0, -2, 1e-9)])
def test_planar_with_atoms_in_a_line_or_in_one_place(parts):
    direction = np.array([1.0, 2.0, -2.0]) / 3
    positions = np.array([0.3, -0.2, 0.9]) + np.outer(parts, direction)
    a, b, c = parts
    np.testing.assert_allclose(distances(planar(positions)), np.abs([a - b, a - c, b - c]), atol=1e-15)


def test_samples_are_uniform_in_a_cube():
    """Mean squared distance of two points of a cube is side^2 / 2."""
    draw = jax.jit(jax.vmap(LANDSCAPE.sample))
    x = draw(jax.random.split(jax.random.key(0), 20_000))
    squares = np.asarray(distances(x)) ** 2
    # Its variance is 7/60 side^4; side^2 = 12.
    error = 12 * np.sqrt(7 / 60 / 20_000)
    np.testing.assert_allclose(squares.mean(axis=0), 6, atol=4 * error)


angles = st.floats(-4.0, 4.0)
coordinates = st.lists(st.floats(-3.0, 3.0), min_size=6, max_size=6)


def centred(values):
    atoms = np.array(values).reshape(3, 2)
    return (atoms - atoms.mean(axis=0)).ravel()


@settings(max_examples=40, deadline=None)
@given(coordinates, st.permutations(range(3)), st.booleans(), angles)
def test_images_are_aligned(values, permutation, reflect, angle):
    x = centred(values)
    aligned = SYMMETRY.align(x, moved(x, permutation, reflect, angle))
    assert aligned.exact
    # The angle is known to rounding of the overlap; three atoms within 5 of the origin.
    assert aligned.distance <= 1e-13
    np.testing.assert_allclose(aligned.image, x, rtol=0, atol=1e-13)


@settings(max_examples=20, deadline=None)
@given(coordinates, coordinates)
def test_alignment_is_as_good_as_any_image_tried(one, other):
    a, b = centred(one), centred(other)
    aligned = SYMMETRY.align(a, b)
    assert aligned.distance == pytest.approx(np.linalg.norm(a - aligned.image), abs=1e-14)
    assert aligned.distance == pytest.approx(SYMMETRY.align(b, a).distance, abs=1e-9)
    tried = min(
        np.linalg.norm(a - moved(b, permutation, reflect, angle))
        for permutation in itertools.permutations(range(3))
        for reflect in (False, True)
        for angle in np.linspace(0, 2 * np.pi, 61)
    )
    # Angles a tenth apart: half of it moves b by no more than 0.053 ||b||.
    assert aligned.distance <= tried + 1e-12
    assert tried <= aligned.distance + 0.053 * np.linalg.norm(b)


SIZES = {
    "three distances": (np.array([0.0, 0.0, 1.1, 0.0, 0.3, 0.8]), 12),
    "two equal": (np.array([0.0, 1.3, -0.5, 0.0, 0.5, 0.0]), 6),
    "triangle": (triangle(), 2),
    "linear": (line(), 3),
    "in a line": (np.array([0.0, 0.0, 1.0, 0.0, 2.5, 0.0]), 6),
    "one place": (np.zeros(6), 1),
}


@pytest.mark.parametrize(("x", "size"), helpers.rows(SIZES))
def test_orbits(x, size):
    x = centred(x)
    assert SYMMETRY.order == 12
    rng = np.random.default_rng(4)
    for image in (x, SYMMETRY.random_image(x, rng), SYMMETRY.random_image(x, rng)):
        assert SYMMETRY.orbit_size(image) == size
        assert SYMMETRY.align(x, image).distance < 1e-14
    images = SYMMETRY.neighbour_images(x, 100)
    assert len(images) == size - 1
    apart = np.linalg.norm(images - x, axis=1)
    assert np.all(np.diff(apart) >= -1e-15)
    assert len(SYMMETRY.neighbour_images(x, 1)) == min(1, size - 1)
    for image in images:
        assert float(LANDSCAPE.energy(image)) == pytest.approx(
            float(LANDSCAPE.energy(x)), rel=1e-13, nan_ok=True
        )


def test_energy_is_invariant():
    rng = np.random.default_rng(5)
    for x in starts()[:10]:
        energy, gradient = value_and_gradient(LANDSCAPE, x)
        image = moved(x, rng.permutation(3), rng.random() < 0.5, rng.uniform(0, 6), rng.normal(size=2))
        other, turned = value_and_gradient(LANDSCAPE, image)
        size = 1 + np.linalg.norm(gradient)
        assert float(other) == pytest.approx(float(energy), abs=1e-12 * size)
        assert np.linalg.norm(turned) == pytest.approx(np.linalg.norm(gradient), rel=1e-10)


def test_equal_groups_do_not_recompile():
    assert SYMMETRY == Triatomic(1.0).symmetry and hash(SYMMETRY) == hash(Triatomic(1.0).symmetry)


def test_far_atoms_come_back():
    """The attraction of atoms 5 apart is 24 / 5^7 = 3e-4; inside the region, so no search gives up."""
    x = centred([0.0, 0.0, 5.0, 0.0, 1.0, 5.0])
    found = minimise(LANDSCAPE, x)
    assert found.outcomes() == {"converged": 1}
    assert np.abs(found.energy[0] - [TRIANGLE, LINEAR]).min() < 1e-8


def test_a_sound_landscape():
    check_landscape(LANDSCAPE)
    assert jnp.shape(LANDSCAPE.sample(jax.random.key(0))) == (6,)
    assert LANDSCAPE.fingerprint() == {"landscape": "triatomic", "z": 2.0}
