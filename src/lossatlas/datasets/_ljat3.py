"""LJAT3: which minimum do three atoms reach? A classification problem with as many items as one likes."""

import dataclasses
import hashlib
import json
import math
import operator
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from lossatlas._cache import cache_directory
from lossatlas._types import Flag, Images, Integer, Point, Scalar
from lossatlas.landscapes import Triatomic
from lossatlas.landscapes._atoms import distances, planar
from lossatlas.searches import AbstractSearch, run_batch


CUBES = {"D1": 2.0 * math.sqrt(3.0), "D2": 1.385, "D3": 2.0 * math.sqrt(2.0)}  # sides, units of sigma
CLASSES = ("triangle", "atom 1 in the centre", "atom 2 in the centre", "atom 3 in the centre")
Z = 2.0  # strength of the three-body term
TRIANGLE, LINEAR = -2.1850988402687714, -2.219098169600678  # energies of the minima for this strength
TOLERANCE = 1e-10  # rms gradient
VERSION = 1  # of the numbers in the cache: raise it whenever they change

_CHUNK = 8192  # starts per compiled call: fixed, so that no number of items changes a start


@dataclasses.dataclass(frozen=True)
class Outcomes:
    """Outcomes of geometry optimisations, ready for a perceptron; a table without standardisation.

    - `name`: ljat3 and the cube.
    - `inputs`: distances between the atoms at the start, shape (items, 2 or 3), units of sigma.
    - `targets`: class numbers, shape (items,).
    - `classes`: names of the classes in the order of their numbers.
    - `columns`: names of the inputs.
    - `evaluations`: gradients that each minimisation took, shape (items,).
    - `target`: what is predicted.
    """

    name: str
    inputs: Float[np.ndarray, "items inputs"]
    targets: Int[np.ndarray, " items"]
    classes: tuple[str, ...]
    columns: tuple[str, ...]
    evaluations: Int[np.ndarray, " items"]
    target: str = "outcome"

    @property
    def loss(self) -> str:
        """The loss that fits."""
        return "cross_entropy"

    @property
    def training(self) -> "Outcomes":
        """The first half of the items; the longer one if their number is odd."""
        return self[: (len(self) + 1) // 2]

    @property
    def test(self) -> "Outcomes":
        """The second half of the items."""
        return self[(len(self) + 1) // 2 :]

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.targets)

    def __getitem__(self, rows: Any) -> "Outcomes":
        """Return the items of a mask, slice or index array."""
        return dataclasses.replace(
            self, inputs=self.inputs[rows], targets=self.targets[rows], evaluations=self.evaluations[rows]
        )

    def __str__(self) -> str:
        """Say what there is."""
        return (
            f"{self.name}: {len(self)} items, inputs {', '.join(self.columns)}, predicting the "
            f"{self.target} of {len(self.classes)}: {', '.join(self.classes)}"
        )


def ljat3(
    cube: str | float = "D1",
    *,
    items: int = 200_000,
    inputs: int = 2,
    seed: int = 0,
    cache: bool = True,
    workers: int | None = None,
) -> Outcomes:
    """Return starting distances of three atoms and the minimum that each start leads to.

    Atoms are placed uniformly in a cube and minimised with L-BFGS to an rms gradient of 1e-10 on the
    landscape `Triatomic`, Z = 2. Class 0 is the triangle; class k the linear molecule with atom k in the
    centre. Every item was checked to end in one of these four minima.

    Item i starts from `fold_in(key(seed), i)`, so the first n items are the same whatever `items`. The
    outcome belongs to the minimiser as much as to the landscape (see `Optimisation`): of D1, D2 and D3,
    steepest descent labels 15, 2.5 and 11 % of the items otherwise.

    **Arguments:**

    - `cube`: "D1" (side 2 sqrt 3), "D2" (1.385), "D3" (2 sqrt 2), or a side in units of sigma.
    - `items`: starts; `.training` is the first half of them, `.test` the second.
    - `inputs`: 2 for r12 and r13, 3 for r12, r13 and r23.
    - `seed`: of the starts.
    - `cache`: keep the outcomes in the user's cache directory, and read them from there if they are known.
    - `workers`: threads; default one per core.

    **Returns:** `Outcomes`.

    **Raises:**

    - `ValueError`: an unknown cube, no items, another number of inputs, or a seed that is no seed.
    - `RuntimeError`: a minimisation did not end in one of the four minima; says how many, and which first.
        In cubes of a side above 5 some atoms start beyond the reach of the others.

    Source: Ballard, Stevenson, Das & Wales, J. Chem. Phys. 144, 124119 (2016), doi:10.1063/1.4944672.
    """
    side = _side(cube)
    items = _whole(items, "items", 1)
    seed = _whole(seed, "seed", 0)
    if isinstance(inputs, bool) or inputs not in (2, 3):
        raise ValueError(f"`inputs` must be 2 (r12, r13) or 3 (r12, r13, r23), got {inputs!r}.")
    path = cache_directory() / _file_name(side, items, seed) if cache else None
    known = _read(path, items) if path else None
    if known is None:
        known = _outcomes(side, items, seed, workers)
        if path:
            _write(path, known)
    name = f"ljat3 {cube if isinstance(cube, str) else format(side, 'g')}"
    return Outcomes(
        name,
        np.ascontiguousarray(known["distances"][:, :inputs]),
        known["targets"].astype(np.int64),
        CLASSES,
        ("r12", "r13", "r23")[:inputs],
        known["evaluations"].astype(np.int64),
    )


class _State(eqx.Module):
    x: Point
    energy: Scalar
    gradient: Point
    steps: Images
    changes: Images
    inverse_overlaps: Point
    step: Point
    cuts: Integer
    evaluations: Integer


class Optimisation(AbstractSearch):
    """One minimisation to the tolerance by the L-BFGS of GMIN, to see where three atoms end.

    The outcome belongs to the minimiser, too, so this one is part of the definition of the data; those of
    `searches` may change. It differs from them in keeping pairs of negative curvature (steps are turned
    downhill, so the sign does no harm): overlapping atoms fly apart into the tail of the potential, where
    pairs of the repulsive wall, kept for want of better ones, would make steps too short to come back.

    **Arguments:**

    - `memory`: pairs of step and gradient change.
    - `longest`: longest step, units of sigma.
    - `max_steps`: gradients.
    - `max_rise`: of the energy in one step, relative to 1 + |E|.

    Source: the L-BFGS of GMIN (see Wales, Energy Landscapes, 2003), after Nocedal, Math. Comput. 35, 773
    (1980), doi:10.1090/S0025-5718-1980-0572855-7.
    """

    memory: int = 4
    longest: float = 0.1
    max_steps: int = 5000
    max_rise: float = 1e-10

    def init(self, landscape: Triatomic, x: Point) -> _State:
        """Evaluate the start."""
        energy, gradient = landscape.value_and_gradient(x)
        zeros = jnp.zeros((self.memory, x.shape[0]))
        none = jnp.zeros(self.memory)  # pairs of zeros change no direction
        step = self._bounded(-0.1 * gradient)
        return _State(x, energy, gradient, zeros, zeros, none, step, jnp.asarray(0), jnp.asarray(1))

    def finished(self, landscape: Triatomic, state: _State) -> Flag:
        """Stop on the gradient, or after too many of them."""
        return (_rms(state.gradient) <= TOLERANCE) | (state.evaluations >= self.max_steps)

    def step(self, landscape: Triatomic, state: _State) -> _State:
        """Try one step; if the energy rises, cut it by ten."""
        s = state
        trial = s.x + s.step
        energy, gradient = landscape.value_and_gradient(trial)
        # After ten cuts the memory is misleading: take the step.
        falls = energy <= s.energy + self.max_rise * (1.0 + jnp.abs(s.energy))
        accept = falls | (jnp.isfinite(energy) & (s.cuts >= 10))
        change = gradient - s.gradient
        overlap, size = jnp.sum(s.step * change), jnp.sum(change * change)
        useful = overlap != 0
        steps = jnp.concatenate([s.step[None], s.steps[:-1]])
        changes = jnp.concatenate([change[None], s.changes[:-1]])
        inverse = jnp.where(useful, 1.0 / jnp.where(useful, overlap, 1.0), 0.0)
        inverse_overlaps = jnp.concatenate([inverse[None], s.inverse_overlaps[:-1]])
        scale = jnp.where(useful, jnp.abs(overlap) / jnp.maximum(size, 1e-300), 1.0)
        # The two-loop recursion, of fixed length so that it runs well in lanes; newest pair first.
        q, alphas = gradient, []
        for row in range(self.memory):
            alphas.append(inverse_overlaps[row] * jnp.sum(steps[row] * q))
            q = q - alphas[row] * changes[row]
        q = scale * q
        for row in reversed(range(self.memory)):
            beta = inverse_overlaps[row] * jnp.sum(changes[row] * q)
            q = q + (alphas[row] - beta) * steps[row]
        following = self._bounded(jnp.where(jnp.sum(q * gradient) > 0, -q, q))
        taken = _State(
            trial,
            energy,
            gradient,
            steps,
            changes,
            inverse_overlaps,
            following,
            jnp.zeros_like(s.cuts),
            s.evaluations + 1,
        )
        refused = _State(
            s.x, s.energy, s.gradient, s.steps, s.changes, s.inverse_overlaps, 0.1 * s.step,
            s.cuts + 1, s.evaluations + 1,
        )  # fmt: skip
        return jax.tree.map(lambda a, b: jnp.where(accept, a, b), taken, refused)

    def result(self, landscape: Triatomic, state: _State) -> dict[str, Array]:
        """Return energy, rms gradient, the three distances, and evaluations."""
        return {
            "energy": state.energy,
            "rms_gradient": _rms(state.gradient),
            "distances": distances(state.x),
            "evaluations": state.evaluations,
        }

    def _bounded(self, step: Point) -> Point:
        length = jnp.sqrt(jnp.sum(step * step))
        return step * jnp.minimum(1.0, self.longest / jnp.maximum(length, 1e-300))


def _rms(gradient: Point) -> Scalar:
    return jnp.sqrt(jnp.mean(gradient * gradient))


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


def _whole(value: Any, name: str, least: int) -> int:
    try:
        number = operator.index(value) if not isinstance(value, bool) else -1
    except TypeError:
        number = -1
    if not least <= number < 2**32:
        raise ValueError(f"`{name}` must be a whole number from {least} to 2^32 - 1, got {value!r}.")
    return number


def _outcomes(side: float, items: int, seed: int, workers: int | None) -> dict[str, np.ndarray]:
    """Minimise from every start; returns starting distances, class numbers and evaluations."""
    starts, lengths = _starts(side, items, seed)
    ends = run_batch(Optimisation(), Triatomic(Z), starts, workers=workers)
    # In another program the same gradient differs by rounding, but never by a factor of two.
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
    # The longest of r12, r13, r23 is opposite the atom in the centre: 3, 2, 1.
    targets = np.where(triangle, 0, 3 - np.argmax(ends["distances"], axis=1))
    return {
        "distances": lengths,
        "targets": targets.astype(np.uint8),
        "evaluations": ends["evaluations"].astype(np.uint16),
    }


def _starts(side: float, items: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return planar starts (items, 6) and their distances (items, 3)."""
    # The generator is named, because its numbers must not depend on the user's settings of JAX.
    key = jax.random.key(seed, impl="threefry2x32")
    chunks = [
        _draw(key, np.arange(first, first + _CHUNK, dtype=np.uint32), side)
        for first in range(0, items, _CHUNK)
    ]
    x, lengths = (np.concatenate([np.asarray(part) for part in parts])[:items] for parts in zip(*chunks))
    return x, lengths


@jax.jit
def _draw(key: Array, numbers: Int[Array, " items"], side: Scalar) -> tuple[Array, Array]:
    def one(number: Integer) -> tuple[Point, Point]:
        positions = side * jax.random.uniform(jax.random.fold_in(key, number), (3, 3))
        x = planar(positions)
        return x, distances(x)

    return jax.vmap(one)(numbers)


def _file_name(side: float, items: int, seed: int) -> str:
    settings = json.dumps([VERSION, side.hex(), items, seed, Z])
    return f"ljat3-{hashlib.sha256(settings.encode()).hexdigest()}.npz"


def _read(path: Path, items: int) -> dict[str, np.ndarray] | None:
    """Return what is stored; None if there is nothing, or nothing sound."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            known = {name: stored[name] for name in ("distances", "targets", "evaluations")}
    except Exception:  # a damaged file can raise almost anything; whatever it was, the data are made anew
        return None
    sound = (
        known["distances"].shape == (items, 3)
        and known["distances"].dtype == np.float64
        and known["targets"].shape == (items,)
        and known["targets"].dtype == np.uint8
        and known["evaluations"].shape == (items,)
        and known["evaluations"].dtype == np.uint16
        and bool(np.all(known["targets"] < len(CLASSES)))
    )
    return known if sound else None


def _write(path: Path, known: dict[str, np.ndarray]) -> None:
    """Store the data under their name at once, so that no reader sees half a file."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
            temporary = file.name
            np.savez(file, **known)  # pyright: ignore[reportArgumentType]
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        warnings.warn(
            f"The data set could not be kept in {path.parent} ({error}); it will be made anew next time. "
            "Set LOSSATLAS_CACHE to a directory that can be written to, or pass cache=False.",
            stacklevel=3,
        )
