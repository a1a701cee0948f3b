"""Writes the problem files that the peers read, for trying them by hand.

    python benchmarks/peers/problems.py FOLDER

network.npz: random data, 2 inputs, 10 hidden nodes, 4 classes, 1000 items, lam = 1e-4, starts uniform in
[-5, 5]. triatomic.npz: three atoms uniform in a cube of side 2 sqrt(3). spin_glass.npz: N = 100, p = 3,
standard normal coefficients, starts uniform on the sphere. `pairs` and `minima` may be added to the first.
"""

import argparse
from pathlib import Path

import numpy as np


def write_network(file, starts=20, seed=0):
    rng = np.random.default_rng(seed)
    inputs, targets = rng.random((1000, 2)), rng.integers(0, 4, 1000)
    points = rng.uniform(-5.0, 5.0, (starts, 74))
    np.savez(file, inputs=inputs, targets=targets, hidden=10, l2=1e-4, starts=points)


def write_triatomic(file, starts=300, seed=0):
    rng = np.random.default_rng(seed)
    np.savez(file, starts=rng.uniform(0.0, 2.0 * np.sqrt(3.0), (starts, 9)))


def write_spin_glass(file, size=100, starts=20, seed=0):
    coefficients = np.random.default_rng(seed).standard_normal((size, size, size))
    points = np.random.default_rng(seed + 1).standard_normal((starts, size))
    points *= np.sqrt(size) / np.linalg.norm(points, axis=1, keepdims=True)
    np.savez(file, coefficients=coefficients, starts=points)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--starts", type=int, default=20, help="of the network and the spin glass")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    write_network(options.folder / "network.npz", options.starts)
    write_triatomic(options.folder / "triatomic.npz")
    write_spin_glass(options.folder / "spin_glass.npz", starts=options.starts)


if __name__ == "__main__":
    main()
