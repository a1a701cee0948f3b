"""LJAT3: classify geometries of three atoms by the minimum that they reach; any number of items."""

import math
from typing import Any

import jax
import numpy as np
from jaxtyping import UInt32

from lossatlas._cache import cache_directory
from lossatlas._checks import check_whole
from lossatlas._types import Array, Integer, Pairs, Point, Scalar
from lossatlas.landscapes import Triatomic
from lossatlas.landscapes._atoms import distances, planar
from lossatlas.searches import run_batch

from ._data_set import DataSet
from ._ljat3_file import file_name, read, write
from ._ljat3_optimisation import TOLERANCE, Optimisation


CUBES = {"D1": 2.0 * math.sqrt(3.0), "D2": 1.385, "D3": 2.0 * math.sqrt(2.0)}  # sides, units of sigma
CLASSES = ("triangle", "atom 1 in the centre", "atom 2 in the centre", "atom 3 in the centre")
Z = 2.0  # strength of the three-body term
TRIANGLE, LINEAR = -2.1850988402687714, -2.219098169600678  # energies of the minima for this strength

_CHUNK = 8192  # starts per compiled call; fixed, so that the starts do not depend on the number of items
_NO_LIMIT = 2**31 - 1  # accepted steps that no minimisation reaches


def ljat3(
    cube: str | float = "D1",
    *,
    items: int = 200_000,
    inputs: int = 2,
    steps_before: int | None = None,
    seed: int = 0,
    cache: bool = True,
    workers: int | None = None,
) -> DataSet:
    """Return distances between three atoms, at or after the start, and the minimum that they reach.

    Atoms are placed uniformly in a cube and minimised with L-BFGS to an rms gradient of 1e-10 on the
    landscape `Triatomic` with a three-body term of strength Z = 2. Class 0 is the triangle; class k is the
    linear molecule with atom k in the centre. Every minimisation is checked to end in one of these four
    minima.

    Item i starts from `fold_in(key(seed), i)`, so the first n items do not depend on `items`. The outcome
    depends on the minimiser as well as on the landscape (see `Optimisation`): steepest descent gives
    another class to 15, 2.5 and 11 % of the items of D1, D2 and D3.

    **Arguments:**

    - `cube`: "D1" (side 2 sqrt 3), "D2" (1.385), "D3" (2 sqrt 2), or a side in units of sigma.
    - `items`: number of items, one start each; usually half of them are for training: `.split(0.5)`.
    - `inputs`: 2 for the distances r12 and r13, 3 for r12, r13 and r23.
    - `steps_before`: None for the distances at the start; a number s for those s accepted steps before the
        end of the minimisation (at the start, if it has fewer steps); 0 for those at the minimum.
    - `seed`: seed of the starts.
    - `cache`: whether to keep the data in the user's cache directory, and to read them from there.
    - `workers`: number of threads; default one per core.

    **Returns:** `DataSet`, in units of sigma and not standardised.

    **Raises:**

    - `ValueError`: an unknown cube, no items, another number of inputs, or a seed or number of steps that
        is not a whole number.
    - `RuntimeError`: a minimisation did not end in one of the four minima, or ended differently when run
        again for `steps_before`; the message gives their number and the first item. In cubes with a side
        above 5, some atoms start too far from the others to be attracted.

    Source: Ballard, Stevenson, Das & Wales, J. Chem. Phys. 144, 124119 (2016), doi:10.1063/1.4944672;
    distances on the way: Das & Wales, Chem. Phys. Lett. 667, 158 (2017).
    """
    side = _side(cube)
    items = check_whole("items", items, below=2**32)
    seed = check_whole("seed", seed, least=0, below=2**32)
    if isinstance(inputs, bool) or not isinstance(inputs, int | np.integer) or inputs not in (2, 3):
        raise ValueError(f"`inputs` must be 2 (r12, r13) or 3 (r12, r13, r23), got {inputs!r}.")
    if steps_before is not None:
        steps_before = check_whole("steps_before", steps_before, least=0, below=2**32)
    path = cache_directory() / file_name(side, items, seed, Z, steps_before) if cache else None
    known = read(path, items, len(CLASSES)) if path else None
    if known is None:
        known = _outcomes(side, items, seed, steps_before, workers)
        if path:
            write(path, known)
    when = "at the start" if steps_before is None else f"{steps_before} steps before convergence"
    name = f"ljat3 {cube if isinstance(cube, str) else format(side, 'g')}"
    return DataSet(
        name=name,
        inputs=np.ascontiguousarray(known["distances"][:, :inputs]),
        targets=known["targets"].astype(np.int64),
        classes=CLASSES,
        columns=("r12", "r13", "r23")[:inputs],
        target="outcome",
        source="minimisations after Ballard et al., J. Chem. Phys. 144, 124119 (2016)",
        note=f"distances {when}, units of sigma",
    )


def _side(cube: Any) -> float:
    if isinstance(cube, str) and cube in CUBES:
        return CUBES[cube]
    try:
        side = float(cube) if not isinstance(cube, (str, bool)) else math.nan
    except (TypeError, ValueError):
        side = math.nan
    if not (math.isfinite(side) and side > 0):
        raise ValueError(f"`cube` must be {', '.join(CUBES)} or a positive side, got {cube!r}.")
    return side


def _outcomes(
    side: float, items: int, seed: int, steps_before: int | None, workers: int | None
) -> dict[str, np.ndarray]:
    """Minimise from every start; return distances, class numbers and numbers of gradients, by name."""
    starts, lengths = _starts(side, items, seed)
    limits = np.full(items, _NO_LIMIT)
    ends = run_batch(Optimisation(), Triatomic(Z), starts, limits, workers=workers)
    # Another compiled program gives the same gradient but for rounding, far below a factor of two.
    converged = ends["rms_gradient"] <= 2.0 * TOLERANCE
    triangle = converged & (np.abs(ends["energy"] - TRIANGLE) <= 1e-9)
    linear = converged & (np.abs(ends["energy"] - LINEAR) <= 1e-9)
    lost = np.flatnonzero(~(triangle | linear))
    if len(lost):
        i = lost[0]
        raise RuntimeError(
            f"{len(lost)} of {items} minimisations from a cube of side {side:g} did not end in one of the "
            f"four minima; the first is item {i}: energy {ends['energy'][i]:.9g}, rms gradient "
            f"{ends['rms_gradient'][i]:.1e} after {ends['evaluations'][i]} evaluations."
        )
    # The longest of r12, r13, r23 is opposite the atom in the centre, which is 3, 2 or 1.
    targets = np.where(triangle, 0, 3 - np.argmax(ends["distances"], axis=1))
    if steps_before is not None:
        lengths = _on_the_way(starts, lengths, ends["accepted"], steps_before, workers)
    return {
        "distances": lengths,
        "targets": targets.astype(np.uint8),
        "evaluations": ends["evaluations"].astype(np.uint16),
    }


def _on_the_way(
    starts: np.ndarray, lengths: np.ndarray, steps: np.ndarray, steps_before: int, workers: int | None
) -> np.ndarray:
    """Return the distances a number of steps before the end, by running again to that step."""
    limits = np.maximum(steps.astype(np.int64) - steps_before, 0)
    stops = run_batch(Optimisation(), Triatomic(Z), starts, limits, workers=workers)
    other = np.flatnonzero(stops["accepted"] != limits)
    if len(other):
        raise RuntimeError(
            f"{len(other)} of {len(steps)} minimisations did not repeat; the first is item {other[0]}: "
            f"{stops['accepted'][other[0]]} steps instead of {limits[other[0]]}."
        )
    return np.where(limits[:, None] > 0, stops["distances"], lengths)


def _starts(side: float, items: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return planar starts, shape (items, 6), and their distances, shape (items, 3), units of sigma."""
    # The generator is named so that its numbers do not depend on the user's settings of JAX.
    key = jax.random.key(seed, impl="threefry2x32")
    chunks = [
        _draw(key, np.arange(first, first + _CHUNK, dtype=np.uint32), side)
        for first in range(0, items, _CHUNK)
    ]
    x, lengths = (np.concatenate([np.asarray(part) for part in parts])[:items] for parts in zip(*chunks))
    return x, lengths


@jax.jit
def _draw(key: Array, numbers: UInt32[Array, " items"], side: Scalar) -> tuple[Array, Array]:
    def one(number: Integer) -> tuple[Point, Pairs]:
        positions = side * jax.random.uniform(jax.random.fold_in(key, number), (3, 3))
        x = planar(positions)
        return x, distances(x)

    return jax.vmap(one)(numbers)
