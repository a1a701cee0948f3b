"""Landscapes that know their symmetry and nothing else: an atlas needs no energy."""

import hashlib

import numpy as np


class NoSymmetry:
    order = 1

    def align(self, a, b):
        return b, float(np.linalg.norm(a - b)), True

    def orbit_size(self, x):
        return 1


class SignSymmetry:
    order = 2

    def align(self, a, b):
        plus, minus = np.linalg.norm(a - b), np.linalg.norm(a + b)
        return _Alignment(b if plus <= minus else -b, float(min(plus, minus)), True)

    def orbit_size(self, x):
        return 1 if np.abs(x).max() < 1e-6 else 2


class _Alignment(tuple):
    def __new__(cls, image, distance, exact):
        made = super().__new__(cls, (image, distance, exact))
        made.distance = distance
        return made


class FakeLandscape:
    def __init__(self, dimension=3, symmetry=None, data="a", **settings):
        self.dimension = dimension
        self.symmetry = symmetry or SignSymmetry()
        self.settings = {"landscape": "fake", "sizes": (2, 3), **settings}
        self.data = hashlib.sha256(data.encode()).hexdigest()

    def fingerprint(self):
        return {**self.settings, "data": self.data}


class HugeSymmetry(SignSymmetry):
    order = 2**200

    def orbit_size(self, x):
        return 2**200


def random_points(rng, count, dimension=3):
    """Return x and energy of points that are all different."""
    return rng.normal(size=(count, dimension)), rng.permutation(count) + rng.uniform(size=count) / 2


def add(atlas, x, energy, **options):
    """Add minima of which only place and energy matter."""
    ones = np.ones(len(energy))
    return atlas.add_minima(x, energy, 1e-12 * ones, 0.5 * ones, 2.0 * ones, **options)


def add_states(atlas, x, energy, minima, **options):
    """Add transition states of which only place, energy and ends matter."""
    ones = np.ones(len(energy))
    return atlas.add_transition_states(x, energy, 1e-12 * ones, -0.5 * ones, 3.0 * ones, minima, **options)


def filled(path, landscape=None):
    """Return an open atlas of five minima in three parts, with repeated and self-joining states."""
    from lossatlas.atlas import Atlas

    atlas = Atlas(path, landscape or FakeLandscape())
    rng = np.random.default_rng(0)
    add(atlas, rng.normal(size=(5, 3)), np.arange(5.0), hits=np.array([3, 1, 0, 2, 1]))
    ends = np.array([[1, 2], [2, 1], [3, 3], [2, 4]])
    lengths = np.array([1.0, 2.0, 3.0, 4.0])
    add_states(atlas, rng.normal(size=(4, 3)), 10.0 + np.arange(4), ends, path_length=lengths)
    return atlas
