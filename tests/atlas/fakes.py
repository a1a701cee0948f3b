"""Landscapes that know their symmetry and nothing else: an atlas needs no energy."""

import hashlib
import os
import sqlite3
from pathlib import Path

import numpy as np


class _Finite:
    """What is the same for all groups without periods."""

    def in_units(self, unit):
        return self

    def fold(self, x):
        return x

    def norms(self, x):
        return np.linalg.norm(x, axis=1)


class NoSymmetry(_Finite):
    order = 1

    def align(self, a, b):
        return b, float(np.linalg.norm(a - b)), True

    def orbit_size(self, x):
        return 1


class SignSymmetry(_Finite):
    order = 2

    def align(self, a, b):
        plus, minus = np.linalg.norm(a - b), np.linalg.norm(a + b)
        return _Alignment(b if plus <= minus else -b, float(min(plus, minus)), True)

    def orbit_size(self, x):
        return 1 if np.abs(x).max() < 1e-6 else 2


class _Alignment(tuple):
    def __new__(cls, image, distance, exact):
        made = super().__new__(cls, (image, distance, exact))
        made.image, made.distance = image, distance
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
    return atlas.points.add_minima(x, energy, 1e-12 * ones, 0.5 * ones, 2.0 * ones, **options)


def add_states(atlas, x, energy, minima, **options):
    """Add transition states of which only place, energy and ends matter."""
    ones = np.ones(len(energy))
    return atlas.points.add_transition_states(
        x, energy, 1e-12 * ones, -0.5 * ones, 3.0 * ones, minima, **options
    )


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


def rewrite(path, *statements):
    """Change a file as lossatlas might have written it: checksums agree with what is in it."""
    from lossatlas.atlas._checksums import seal

    with sqlite3.connect(path) as db:
        for statement in statements:
            db.execute(statement)
        seal(db)
    db.close()


def damage(path, *statements):
    """Change a file behind the back of its checksums."""
    with sqlite3.connect(path) as db:
        for statement in statements:
            db.execute(statement)
    db.close()


def to_older_schema(path, version):
    """Make an atlas what lossatlas wrote with an older schema, 1 or 2."""
    older = path.with_name("older")
    db = sqlite3.connect(older)
    db.executescript(Path(__file__).with_name("second_schema.sql").read_text())
    db.execute("ATTACH ? AS newer", (str(path),))
    tables = db.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall()
    for (table,) in tables:
        if table == "metrics":  # `third_schema.sql` has some
            continue
        names = ", ".join(row[1] for row in db.execute(f"PRAGMA main.table_info({table})"))
        db.execute(f"INSERT INTO main.{table} SELECT {names} FROM newer.{table}")
    if version == 1:
        db.execute("DROP TABLE main.metrics")
        db.execute("PRAGMA main.user_version = 1")
    db.commit()
    db.close()
    os.replace(older, path)
