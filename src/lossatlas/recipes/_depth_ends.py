"""Ends of many minimisations of one network, verified where that is possible, and their files."""

import dataclasses
import itertools
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from lossatlas._results import RESULTS
from lossatlas._types import Point
from lossatlas.landscapes import AbstractLandscape, Perceptron
from lossatlas.searches import AbstractEnds, descend, minimise, run_batch


KEPT = ("x", "energy", "rms_gradient", "outcome", "gradients")  # of what searches return


@dataclasses.dataclass(frozen=True, eq=False)
class Ends(AbstractEnds):
    """Where the minimisations of one cell ended.

    - `x`: shape (starts, dim), parameter units.
    - `energy`: loss with penalty, shape (starts,); `error`: the loss without it.
    - `rms_gradient`: shape (starts,), loss units per parameter unit.
    - `outcome`: RESULTS codes. `converged`: a minimum, its gradient at rounding level and its index from
        the spectrum. A ReLU network whose gradient jumps until the steps are used up ends as `max_steps`.
    - `gradients`: evaluations spent.
    - `eigenvalues`: of the Hessian, shape (starts, dim); of a ReLU network, of the region around the end
        within which it is smooth.
    """

    x: np.ndarray
    energy: np.ndarray
    error: np.ndarray
    rms_gradient: np.ndarray
    outcome: np.ndarray
    gradients: np.ndarray
    eigenvalues: np.ndarray


def start(network: Perceptron, seed: int, number: int) -> np.ndarray:
    """Draw weights that keep the size of signals from layer to layer; biases are zero.

    Their variance is 2 over the inputs of the layer for ReLU, which cuts half of a signal, else 1 over
    them: with one scale for all, deep networks start dead or exploded.

    Source: He, Zhang, Ren & Sun, ICCV 2015, doi:10.1109/ICCV.2015.123, equation 10.
    """
    rng = np.random.default_rng((seed, number))
    gain = 1.0 if network.smoothness == "smooth" else 2.0
    parts = []
    for inputs, outputs in itertools.pairwise(network.sizes):
        parts += [rng.normal(scale=np.sqrt(gain / inputs), size=inputs * outputs), np.zeros(outputs)]
    return np.concatenate(parts)


def minimised(network: Perceptron, starts: np.ndarray, max_steps: int, workers: int | None) -> Ends:
    """Minimise from every start, and compute the spectra; of ReLU networks, the ends of descents.

    A minimum of a ReLU network mostly lies on kinks of its loss, where the gradient jumps: Newton steps
    would lead away from there, so only a descent that meets none is polished and verified.
    """
    if network.smoothness == "smooth":
        found = minimise(network, starts, max_gradients=max_steps, workers=workers)
        columns = {key: getattr(found, key).copy() for key in KEPT}
    else:
        end = descend(network, starts, max_gradients=max_steps, workers=workers)
        columns = {key: getattr(end, key).copy() for key in KEPT}
        near = np.flatnonzero(end.converged)
        columns["outcome"][near] = RESULTS.max_steps  # until it is verified
        polished = minimise(network, end.x[near], max_gradients=max_steps, workers=workers)
        for row, place in zip(np.flatnonzero(polished.converged), near[polished.converged]):
            for key in KEPT:
                spent = end.gradients[place] if key == "gradients" else 0
                columns[key][place] = getattr(polished, key)[row] + spent
    values = run_batch(_eigenvalues, network, columns["x"], workers=workers)
    penalty = float(network.l2) * np.sum(columns["x"] ** 2 * np.asarray(network.penalised), axis=1)
    return Ends(**columns, error=columns["energy"] - penalty, eigenvalues=values)


def _eigenvalues(landscape: AbstractLandscape, x: Point) -> Point:
    hessian = landscape.hessian(x)
    finite = jnp.all(jnp.isfinite(hessian))
    values = jnp.linalg.eigvalsh(jnp.where(finite, hessian, jnp.eye(len(x))))  # no end with NaN
    return jnp.where(finite, values, jnp.nan)


def read(path: Path, note: dict[str, Any]) -> Ends | None:
    """Return what a file holds, None without one; refuse another file or other settings."""
    if not path.exists():
        return None
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            before = json.loads(str(arrays["settings"]))
            ends = Ends(**{field.name: arrays[field.name] for field in dataclasses.fields(Ends)})
        if len({len(array) for array in vars(ends).values()}) > 1 or ends.x.shape != ends.eigenvalues.shape:
            raise ValueError
    except (ValueError, KeyError, EOFError, TypeError, AttributeError, zipfile.BadZipFile):
        raise ValueError(f"{path} is no file of this study: name another folder, or remove it.") from None
    for key in dict.fromkeys([*note, *before]):
        if before.get(key) != note.get(key):
            raise ValueError(
                f"{path} was made with {key} = {before.get(key)}, not {note.get(key)}: "
                "name another folder, or remove it."
            )
    return ends


def write(path: Path, note: dict[str, Any], ends: Ends) -> None:
    """Replace a file, so that it is whole whenever a run is killed."""
    partial = path.with_name(f".{path.name}")
    with open(partial, "wb") as file:
        np.savez(file, settings=np.array(json.dumps(note)), **vars(ends))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
