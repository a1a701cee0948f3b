"""Basin-hopping: perturb, minimise, accept or not; many chains at once."""

import dataclasses

import jax
import numpy as np

from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._records import StationaryPoints
from lossatlas.searches.minimise import BFGS, LBFGS, minimise

from ._starts import default_step, perturb


@dataclasses.dataclass(frozen=True)
class Hops:
    """Every minimisation of a basin-hopping run.

    - `quenches`: `StationaryPoints`, steps * chains rows, step by step; row `step * chains + chain`.
    - `accepted`: shape (steps, chains).
    - `x`, `energy`: where the chains ended, shapes (chains, dim) and (chains,).
    """

    quenches: StationaryPoints
    accepted: np.ndarray
    x: np.ndarray
    energy: np.ndarray


def accepts(old: float, new: float, temperature: float, key: jax.Array) -> bool:
    """Return whether a hop is accepted, with probability min(1, exp(-(new - old) / kT))."""
    if new <= old:
        return True
    return temperature > 0 and float(jax.random.uniform(key)) < np.exp(-(new - old) / temperature)


def basin_hopping(
    landscape: AbstractLandscape,
    starts: np.ndarray,
    *,
    steps: int,
    temperature: float,
    key: jax.Array,
    step: float | None = None,
    method: BFGS | LBFGS | None = None,
    workers: int | None = None,
) -> Hops:
    """Run one basin-hopping chain from every start.

    **Arguments:**

    - `landscape`: what is searched.
    - `starts`: shape (chains, dim), parameter units; minimised first.
    - `steps`: hops per chain; the first minimisation comes on top.
    - `temperature`: kT, loss units.
    - `key`: JAX random key; chain c of step s uses `fold_in(fold_in(key, s), c)`.
    - `step`: standard deviation of the longest hops, parameter units; default by landscape and point.
    - `method`: see `minimise`.
    - `workers`: threads; default one per core.

    **Returns:** `Hops`. A quench that did not converge is never accepted, and is in the record.

    Source: Wales & Doye, J. Phys. Chem. A 101, 5111 (1997), doi:10.1021/jp970984n.
    """
    first = minimise(landscape, starts, method=method, workers=workers)
    x, energy = first.x.copy(), np.where(first.converged, first.energy, np.inf)
    quenches, accepted = [first], [first.converged]
    for s in range(steps):
        keys = [jax.random.split(jax.random.fold_in(jax.random.fold_in(key, s), c)) for c in range(len(x))]
        trials = np.stack(
            [
                perturb(landscape, point, step or default_step(landscape, point), k[0])
                for point, k in zip(x, keys)
            ]
        )
        found = minimise(landscape, trials, method=method, workers=workers)
        taken = np.array(
            [
                ok and accepts(old, new, temperature, k[1])
                for ok, old, new, k in zip(found.converged, energy, found.energy, keys)
            ]
        )
        x[taken], energy[taken] = found.x[taken], found.energy[taken]
        quenches.append(found)
        accepted.append(taken)
    return Hops(StationaryPoints.concatenate(quenches), np.stack(accepted), x, energy)
