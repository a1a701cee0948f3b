"""Minima inserted a second: `Atlas.add_minima` in batches against a commit for every insert.

Run as `python benchmarks/atlas_insert.py`. Both write to disk in the same run, the naive one in SQLite's
default journal mode, as a first database often does; it does not even ask whether a point is known.
"""

import sqlite3
import tempfile
import time
from pathlib import Path

import numpy as np

from lossatlas.atlas import Atlas
from lossatlas.landscapes import NoSymmetry


DIMENSION = 74  # of a [2, 10, 4] perceptron
BATCH, BATCHES, NAIVE, SINGLE = 10_000, 10, 300, 500


class Landscape:
    dimension, symmetry = DIMENSION, NoSymmetry()

    def fingerprint(self):
        return {"landscape": "benchmark"}


def naive_rate(path: Path, x: np.ndarray, energy: np.ndarray) -> float:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE minima (id INTEGER PRIMARY KEY, energy REAL, x BLOB)")
    started = time.perf_counter()
    for point, value in zip(x[:NAIVE], energy):
        db.execute("INSERT INTO minima (energy, x) VALUES (?, ?)", (float(value), point.tobytes()))
        db.commit()
    rate = NAIVE / (time.perf_counter() - started)
    db.close()
    return rate


def main() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCH * BATCHES, DIMENSION))
    energy = rng.permutation(BATCH * BATCHES) / 1000
    # Beside this file, since /tmp is often no disk at all.
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent) as place:
        rates = []
        with Atlas(Path(place) / "a.atlas", Landscape()) as atlas:
            for part in np.split(np.arange(len(x)), BATCHES):
                e = energy[part]
                started = time.perf_counter()
                atlas.points.add_minima(x[part], e, e, e, e, hits=1)
                rates.append(BATCH / (time.perf_counter() - started))
            started = time.perf_counter()
            for i in range(SINGLE):
                e = [-1.0 - i]
                atlas.points.add_minima(x[:1], e, e, e, e, hits=1)
            single = SINGLE / (time.perf_counter() - started)
        naive = naive_rate(Path(place) / "naive.db", x, energy)
    print(f"batches of {BATCH} with {DIMENSION} variables, minima per second: ", end="")
    print(", ".join(f"{rate:,.0f}" for rate in rates))
    print(f"one by one into {len(x):,}: {single:,.0f} per second")
    print(f"a commit for every insert: {naive:,.0f} per second")
    print(f"ratio of the slowest batch: {min(rates) / naive:,.0f}")


if __name__ == "__main__":
    main()
