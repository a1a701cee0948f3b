"""Symmetry groups against enumeration of every element."""

import functools
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossatlas.landscapes import FiniteSymmetry, NodeSymmetry, NoSymmetry, _node_symmetry, sign_symmetry


def cut(vector, sizes):
    """Weights and biases of every layer, as views that may be written to."""
    layers, start = [], 0
    for inputs, outputs in itertools.pairwise(sizes):
        middle, end = start + inputs * outputs, start + (inputs + 1) * outputs
        layers.append((vector[start:middle].reshape(outputs, inputs), vector[middle:end]))
        start = end
    return layers


def full_size(sizes):
    return sum((inputs + 1) * outputs for inputs, outputs in itertools.pairwise(sizes))


def link_mask(sizes, frozen):
    """All free but the links (layer, to, from), or the biases (layer, to)."""
    mask = np.ones(full_size(sizes), bool)
    for layer, to, *origin in frozen:
        weights, biases = cut(mask, sizes)[layer]
        if origin:
            weights[to, origin[0]] = False
        else:
            biases[to] = False
    return mask


def biases_of(sizes):
    return tuple((layer, to) for layer, nodes in enumerate(sizes[1:]) for to in range(nodes))


def exchanged_inputs(sizes, permutation):
    index = np.arange(full_size(sizes))
    weights = cut(index, sizes)[0][0]
    weights[:] = weights[:, list(permutation)]
    return index


def exchanged_ends(sizes):
    """Reversed inputs together with reversed outputs."""
    index = exchanged_inputs(sizes, range(sizes[0])[::-1])
    for part in cut(index, sizes)[-1]:
        part[:] = part[::-1].copy()
    return index


def group(sizes, odd, mask, extra):
    """Every element as signed permutation of the free variables: (indices, signs)."""
    full = full_size(sizes)
    hidden = sizes[1:-1]
    elements = []
    moves = [itertools.permutations(range(h)) for h in hidden]
    flips = [itertools.product((1, -1) if odd else (1,), repeat=h) for h in hidden]
    for choice in itertools.product(*moves, *flips):
        index, sign = np.arange(full), np.ones(full, int)
        for layer, (order, signs) in enumerate(zip(choice[: len(hidden)], choice[len(hidden) :])):
            order, signs = list(order), np.array(signs)
            for part in (index, sign):
                into, bias = cut(part, sizes)[layer]
                out, _ = cut(part, sizes)[layer + 1]
                into[:], bias[:], out[:] = into[order], bias[order], out[:, order].copy()
            into, bias = cut(sign, sizes)[layer]
            out, _ = cut(sign, sizes)[layer + 1]
            into *= signs[:, None]
            bias *= signs
            out *= signs
        for data in {tuple(range(full)), *map(tuple, extra)}:
            moved = np.array(data)[index]
            if (mask[moved] == mask).all():
                position = np.cumsum(mask) - 1
                elements.append((position[moved[mask]], sign[mask]))
    # Nodes without any variable are exchanged without effect.
    distinct = {(tuple(index), tuple(sign)): (index, sign) for index, sign in elements}.values()
    return np.array([e[0] for e in distinct]), np.array([e[1] for e in distinct])


SWAP_TWO = ((0, 2, 0), (0, 3, 0), (1, 0, 2), (1, 0, 3), (1, 1, 0), (1, 1, 1))
ENDS = (2, 3, 2)
CASES = {
    "one layer": ((2, 3, 1), True, (), ()),
    "not odd": ((2, 4, 2), False, (), ()),
    "exchanged inputs": ((2, 3, 1), True, (), [exchanged_inputs((2, 3, 1), (1, 0))]),
    "three inputs": (
        (3, 2, 1),
        True,
        (),
        [exchanged_inputs((3, 2, 1), p) for p in itertools.permutations(range(3))],
    ),
    "inputs and outputs": (ENDS, True, (), [exchanged_ends(ENDS)]),
    "masked": ((2, 4, 1), True, ((0, 0, 0), (0, 1, 0)), ()),
    "extra needs nodes": (
        (2, 3, 1),
        True,
        ((0, 0, 0), (0, 1, 1)),
        [exchanged_inputs((2, 3, 1), (1, 0))],
    ),
    "extra against mask": ((2, 3, 1), True, ((0, 0, 0),), [exchanged_inputs((2, 3, 1), (1, 0))]),
    "two layers": ((2, 2, 2, 1), True, (), ()),
    "two layers, not odd": ((1, 3, 3, 1), False, (), ()),
    "two layers, exchanged inputs": (
        (2, 2, 3, 1),
        True,
        (),
        [exchanged_inputs((2, 2, 3, 1), (1, 0))],
    ),
    "two layers at once": ((2, 3, 3, 1), False, ((1, 0, 0), (1, 1, 1), (1, 2, 2)), ()),
    "two layers at once, odd": ((1, 2, 2, 1), True, ((1, 0, 1), (1, 1, 0)), ()),
    "no biases": ((2, 3, 1), True, biases_of((2, 3, 1)), [exchanged_inputs((2, 3, 1), (1, 0))]),
    "no biases, not odd": ((2, 3, 2), False, biases_of((2, 3, 2)), ()),
    "no biases, two layers": ((2, 2, 2, 1), True, biases_of((2, 2, 2, 1)), ()),
    "one bias": ((2, 3, 1), True, ((0, 1),), ()),
    "two nodes without any link": (
        (2, 4, 1),
        True,
        (*biases_of((2, 4, 1)), *((0, to, i) for to in (1, 3) for i in (0, 1)), (1, 0, 1), (1, 0, 3)),
        (),
    ),
    "nothing comes in": (
        (2, 3, 1),
        True,
        (*biases_of((2, 3, 1)), *((0, to, i) for to in (1, 2) for i in (0, 1))),
        (),
    ),
    "three layers": ((1, 2, 2, 2, 1), True, ((1, 0, 1), (1, 1, 0)), ()),
}


@functools.cache
def case(name):
    sizes, odd, frozen, extra = CASES[name]
    mask = link_mask(sizes, frozen)
    symmetry = NodeSymmetry(sizes, odd=odd, mask=mask if frozen else None, extra=extra)
    return symmetry, sizes, odd, mask, group(sizes, odd, mask, extra)


def points(name, rng):
    """Free variables of ordinary and of degenerate points."""
    _, sizes, odd, mask, (indices, signs) = case(name)
    size = full_size(sizes)
    yield rng.normal(size=size)[mask]
    yield np.zeros(size)[mask]
    yield np.ones(size)[mask]
    yield rng.integers(-1, 2, size)[mask].astype(float)
    yield rng.integers(0, 2, size)[mask].astype(float)
    x = np.zeros(size)
    cut(x, sizes)[-1][1][:] = rng.normal(size=sizes[-1])
    yield x[mask]
    for action in ("zero", "copy", "negate"):
        x = rng.normal(size=size)
        layer = int(rng.integers(len(sizes) - 2))
        into, bias = cut(x, sizes)[layer]
        out, _ = cut(x, sizes)[layer + 1]
        factor = {"zero": 0.0, "copy": 1.0, "negate": -1.0}[action]
        into[0], bias[0], out[:, 0] = factor * into[-1], factor * bias[-1], factor * out[:, -1]
        yield x[mask]
    # Fixed by one element drawn at random: the mean over the cyclic group it generates.
    k = rng.integers(len(indices))
    x = image = rng.normal(size=mask.sum())
    total = x.copy()
    while not np.allclose(image := signs[k] * image[indices[k]], x):
        total += image
    yield total


@pytest.mark.parametrize("name", CASES)
def test_order_and_alignment_match_enumeration(name):
    symmetry, _, _, _, (indices, signs) = case(name)
    assert symmetry.order == len(indices)
    one_layer = len(CASES[name][0]) == 3
    rng = np.random.default_rng(1)
    for _ in range(20):
        a, b = rng.normal(size=(2, indices.shape[1]))
        images = signs * b[indices]
        best = np.linalg.norm(images - a, axis=1).min()
        found = symmetry.align(a, b)
        assert np.linalg.norm(images - found.image, axis=1).min() == 0
        assert found.distance == pytest.approx(np.linalg.norm(found.image - a), rel=1e-14)
        assert found.distance >= best - 1e-12
        assert found.exact == one_layer
        if one_layer:
            assert found.distance == pytest.approx(best, rel=1e-13)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", range(4))
def test_orbit_size_matches_enumeration(name, seed):
    symmetry, _, _, _, (indices, signs) = case(name)
    for x in points(name, np.random.default_rng(seed)):
        stabiliser = int((np.abs(signs * x[indices] - x).max(axis=1) < 1e-6).sum())
        assert symmetry.orbit_size(x) * stabiliser == len(indices)
        rounded = x + 1e-9 * np.random.default_rng(seed).normal(size=x.shape)
        assert symmetry.orbit_size(rounded) * stabiliser == len(indices)


@pytest.mark.parametrize("name", CASES)
def test_images_belong_to_the_orbit_and_align_back(name):
    symmetry, _, _, _, (indices, signs) = case(name)
    rng = np.random.default_rng(2)
    for x in points(name, rng):
        orbit = signs * x[indices]
        image = symmetry.random_image(x, rng)
        assert np.abs(orbit - image).max(axis=1).min() == 0
        assert symmetry.orbit_size(image) == symmetry.orbit_size(x)
        images = symmetry.neighbour_images(x, 1000)
        assert len(images) == min(len(images), symmetry.orbit_size(x) - 1)
        distances = np.linalg.norm(images - x, axis=1)
        assert (np.diff(distances) >= -1e-12).all()
        for i, image in enumerate(images):
            assert np.abs(orbit - image).max(axis=1).min() == 0
            assert np.abs(x - image).max() > 1e-6
            assert all(np.abs(image - other).max() > 1e-6 for other in images[:i])
        assert np.array_equal(symmetry.neighbour_images(x, 2), images[:2])


def test_random_image_is_uniform():
    symmetry, _, _, _, (indices, _) = case("extra needs nodes")
    rng = np.random.default_rng(3)
    x = rng.normal(size=indices.shape[1])
    draws = 200 * symmetry.order
    seen = {}
    for _ in range(draws):
        image = tuple(symmetry.random_image(x, rng))
        seen[image] = seen.get(image, 0) + 1
    assert len(seen) == symmetry.order
    assert max(abs(count - 200) for count in seen.values()) < 6 * math.sqrt(200)


def test_neighbours_of_an_ordinary_point_are_flips_exchanges_and_data_symmetries():
    symmetry, _, _, _, (indices, _) = case("exchanged inputs")
    x = np.random.default_rng(4).normal(size=indices.shape[1])
    assert len(symmetry.neighbour_images(x, 100)) == 3 + 2 * 3 + 1
    assert symmetry.neighbour_images(x, 0).shape == (0, len(x))


@given(seed=st.integers(0, 2**32 - 1), hidden=st.integers(1, 7), odd=st.booleans())
@settings(max_examples=60, deadline=None)
def test_aligned_distance_is_a_metric_on_orbits_with_one_hidden_layer(seed, hidden, odd):
    sizes = (2, hidden, 2)
    symmetry = NodeSymmetry(sizes, odd=odd, extra=[exchanged_inputs(sizes, (1, 0))])
    rng = np.random.default_rng(seed)
    a, b, c = rng.normal(size=(3, full_size(sizes)))
    ab, bc, ac = (symmetry.align(*pair).distance for pair in ((a, b), (b, c), (a, c)))
    assert symmetry.align(b, a).distance == pytest.approx(ab, rel=1e-12)
    assert ac <= ab + bc + 1e-12
    assert symmetry.align(a, symmetry.random_image(b, rng)).distance == pytest.approx(ab, rel=1e-12)


@pytest.mark.parametrize("sizes", [(2, 3, 2), (4, 10, 3), (2, 40, 2)])
def test_random_images_are_found_again_with_one_hidden_layer(sizes):
    symmetry = NodeSymmetry(sizes, odd=True)
    rng = np.random.default_rng(5)
    for _ in range(20):
        x = rng.normal(size=full_size(sizes))
        found = symmetry.align(x, symmetry.random_image(x, rng))
        assert found.exact and found.distance == 0
        near = x + 1e-10 * rng.normal(size=x.shape)
        found = symmetry.align(x, symmetry.random_image(near, rng))
        assert found.distance == pytest.approx(np.linalg.norm(near - x), rel=1e-4)


@pytest.mark.parametrize("sizes", [(2, 8, 8, 8, 2), (4, 16, 16, 3)])
def test_random_images_are_found_again_with_several_hidden_layers(sizes):
    symmetry = NodeSymmetry(sizes, odd=True)
    rng = np.random.default_rng(6)
    found = 0
    for _ in range(200):
        x = rng.normal(size=full_size(sizes))
        alignment = symmetry.align(x, symmetry.random_image(x, rng))
        assert alignment.exact == (alignment.distance < 1e-9)
        found += alignment.exact
    assert found >= 198


def test_large_groups_are_not_enumerated():
    sizes = (3, 40, 2)
    symmetry = NodeSymmetry(sizes, odd=True)
    assert symmetry.order == 2**40 * math.factorial(40)
    x = np.random.default_rng(7).normal(size=full_size(sizes))
    assert symmetry.orbit_size(x) == symmetry.order
    assert symmetry.orbit_size(np.zeros_like(x)) == 1
    into, bias = cut(x, sizes)[0]
    into[:10], bias[:10], cut(x, sizes)[1][0][:, :10] = 0, 0, 0
    assert symmetry.orbit_size(x) == symmetry.order // (2**10 * math.factorial(10))


def test_parts_that_are_alike_across_layers():
    # Four chains in -> node -> node -> out with equal links: 4! exchanges of whole chains, and a
    # chain cut off at both ends may be flipped too.
    sizes = (1, 4, 4, 1)
    symmetry = NodeSymmetry(sizes, odd=True)
    x = np.zeros(full_size(sizes))
    (first, _), (middle, _), (last, _) = cut(x, sizes)
    middle[:] = np.diag([2.0] * 4)
    assert symmetry.order // symmetry.orbit_size(x) == 2**4 * math.factorial(4)
    first[:], last[:] = 1, 3
    assert symmetry.order // symmetry.orbit_size(x) == math.factorial(4)


def test_two_layers_that_must_move_together_are_matched():
    symmetry, sizes, _, mask, _ = case("two layers at once")
    rng = np.random.default_rng(8)
    x = rng.normal(size=mask.sum())
    assert symmetry.order == math.factorial(3)
    images = [symmetry.random_image(x, rng) for _ in range(40)]
    assert len({tuple(image) for image in images}) == 6
    assert all(symmetry.align(x, image).distance == 0 for image in images)


def test_too_many_simultaneous_exchanges_are_refused(monkeypatch):
    monkeypatch.setattr(_node_symmetry, "MOST_REPRESENTATIVES", 100)  # of 120
    sizes = (1, 5, 5, 1)
    diagonal = link_mask(sizes, [(1, i, j) for i in range(5) for j in range(5) if i != j])
    with pytest.raises(ValueError, match="mask.*100"):
        NodeSymmetry(sizes, odd=False, mask=diagonal)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(sizes=(2, 1)), "sizes"),
        (dict(sizes=(2, 0, 1)), "sizes"),
        (dict(sizes=(2, 2, 1), mask=np.ones(3, bool)), "mask"),
        (dict(sizes=(2, 2, 1), extra=[np.arange(3)]), "extra"),
        (dict(sizes=(3, 1, 1), extra=[exchanged_inputs((3, 1, 1), (1, 2, 0))]), "group"),
    ],
)
def test_wrong_networks_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        NodeSymmetry(odd=True, **arguments)


def test_no_symmetry():
    a, b = np.arange(3.0), np.ones(3)
    symmetry = NoSymmetry()
    alignment = symmetry.align(a, b)
    assert (symmetry.order, symmetry.orbit_size(a), alignment.exact) == (1, 1, True)
    assert np.array_equal(alignment.image, b) and alignment.distance == pytest.approx(math.sqrt(2))
    assert symmetry.neighbour_images(a, 5).shape == (0, 3)
    assert np.array_equal(symmetry.random_image(a, np.random.default_rng(0)), a)


def test_sign_symmetry():
    symmetry = sign_symmetry(3)
    x = np.array([1.0, -2.0, 0.5])
    assert symmetry.order == 2
    assert symmetry.align(x, -x).distance == 0
    assert (symmetry.orbit_size(x), symmetry.orbit_size(np.zeros(3))) == (2, 1)
    assert np.array_equal(symmetry.neighbour_images(x, 9), [-x])
    assert {symmetry.random_image(x, np.random.default_rng(s))[0] for s in range(20)} == {1.0, -1.0}


def test_finite_symmetry_of_a_square():
    quarter = (np.array([1, 0]), np.array([-1, 1]))
    indices, signs = [np.arange(2)], [np.ones(2, int)]
    for _ in range(3):
        indices, signs = (
            [*indices, indices[-1][quarter[0]]],
            [*signs, quarter[1] * signs[-1][quarter[0]]],
        )
    symmetry = FiniteSymmetry(np.array(indices), np.array(signs))
    assert symmetry.orbit_size(np.array([1.0, 0.3])) == 4
    assert symmetry.align(np.array([2.0, 0.0]), np.array([0.0, -1.0])).distance == 1
    assert len(symmetry.neighbour_images(np.array([1.0, 0.0]), 2)) == 2


@pytest.mark.parametrize(
    ("indices", "signs", "message"),
    [
        ([[0, 1, 2], [1, 2, 0]], np.ones((2, 3)), "form a group"),
        ([[1, 0]], np.ones((1, 2)), "form a group"),
        ([[0, 1], [0, 1]], np.ones((2, 2)), "twice"),
        ([[0, 0]], np.ones((1, 2)), "permute"),
        ([[0, 1]], 2 * np.ones((1, 2)), "signs"),
        ([[0, 1]], np.ones((2, 2)), "shape"),
        (np.empty((0, 2), int), np.empty((0, 2)), "shape"),
    ],
)
def test_lists_that_are_no_group_are_refused(indices, signs, message):
    with pytest.raises(ValueError, match=message):
        FiniteSymmetry(np.array(indices), np.array(signs))
