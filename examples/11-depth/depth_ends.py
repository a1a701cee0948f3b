"""Ends of minimisations of deep networks, verified where that is possible, and what their spectra say."""

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np

from lossatlas.analysis import log_determinants
from lossatlas.landscapes import Perceptron
from lossatlas.recipes import read_recipe
from lossatlas.searches import descend, minimise, run_batch


@dataclasses.dataclass(frozen=True)
class Cell:
    """Networks of one data set, activation and number of hidden layers.

    - `set`: name of a recipe with data, such as boston.
    - `activation`: as of `Perceptron`.
    - `layers`: hidden ones, of `nodes` each.
    - `items`: for training, drawn at random by `data_seed`.
    - `l2`: penalty, above zero: without one no minimum is isolated.
    - `inputs`: after the map of `datasets.project`; 0 leaves the columns.
    """

    set: str
    activation: str
    layers: int
    nodes: int = 22
    items: int = 300
    l2: float = 3e-3
    inputs: int = 10
    data_seed: int = 0

    def network(self) -> Perceptron:
        """Build the network."""
        if not self.l2 > 0:
            raise ValueError(f"`l2` must be above zero, got {self.l2}: no minimum is isolated without it.")
        settings = {
            "landscape": self.set,
            "hidden": [self.nodes] * self.layers,
            "activation": self.activation,
            "items": self.items,
            "l2": self.l2,
            "data_seed": self.data_seed,
        }
        if self.inputs:
            settings["project"] = self.inputs
        return read_recipe(settings).build().landscape


def random_start(network: Perceptron, seed: int, number: int) -> np.ndarray:
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


def ends(
    network: Perceptron, starts: np.ndarray, *, max_gradients: int = 10_000, workers: int | None = None
) -> Iterator[dict[str, Any]]:
    """Minimise from every start and compute the spectrum at its end; yield a row of the table for each.

    A minimum of a ReLU network mostly lies on kinks of its loss, where the gradient jumps: Newton steps
    would lead away from there, so only a descent that meets none is polished and verified.

    **Returns:** rows with

    - `outcome`: `converged`: a minimum, its gradient at rounding level and its index from the spectrum. A
        ReLU network whose gradient jumps until the steps are used up ends as `max_steps`.
    - `energy`: loss with penalty, `error`: the loss without it; `rms_gradient`: loss units per parameter
        unit; `gradients`: evaluations spent.
    - `entropy`, `zeros`, `negative`: as of `log_determinants`; of a ReLU network, of the region around the
        end within which it is smooth. Not a number where the Hessian is not finite.
    - `x`: the end, shape (dim,), parameter units.
    """
    found = _minimised(network, starts, {"max_gradients": max_gradients, "workers": workers})
    x = np.concatenate([point.x for point, _, _ in found])
    spectra = run_batch(_eigenvalues, network, x, workers=workers)
    for (point, outcome, gradients), spectrum in zip(found, spectra):
        energy = float(point.energy[0])
        penalty = float(network.l2) * float(np.sum(point.x[0] ** 2 * np.asarray(network.penalised)))
        yield {
            "outcome": outcome,
            "energy": energy,
            "error": energy - penalty,
            "rms_gradient": float(point.rms_gradient[0]),
            "gradients": gradients,
            **_widths(spectrum),
            "x": point.x[0],
        }


def _minimised(
    network: Perceptron, starts: np.ndarray, limits: dict[str, Any]
) -> list[tuple[Any, str, int]]:
    """Return the end from every start as a record of one row, its outcome, and the gradients spent."""
    if network.smoothness == "smooth":
        found = minimise(network, starts, **limits)
        return [
            (found.rows([i]), _outcome(found.rows([i])), int(found.gradients[i])) for i in range(len(found))
        ]
    end = descend(network, starts, **limits)
    near = np.flatnonzero(end.converged)
    polished = minimise(network, end.x[near], **limits)
    verified = {int(near[k]): polished.rows([k]) for k in np.flatnonzero(polished.converged)}
    rows: list[tuple[Any, str, int]] = []
    for i, spent in enumerate(end.gradients.tolist()):
        if i in verified:
            rows.append((verified[i], "converged", spent + int(verified[i].gradients[0])))
        else:
            rows.append((end.rows([i]), _outcome(end.rows([i])).replace("converged", "max_steps"), spent))
    return rows


def _outcome(end: Any) -> str:
    (name,) = end.outcomes()
    return name


def _widths(spectrum: np.ndarray) -> dict[str, float]:
    if not np.all(np.isfinite(spectrum)):
        return {"entropy": np.nan, "zeros": np.nan, "negative": np.nan}
    widths = log_determinants(spectrum[None])
    return {name: getattr(widths, name)[0] for name in ("entropy", "zeros", "negative")}


def _eigenvalues(landscape, x):
    hessian = landscape.hessian(x)
    finite = jnp.all(jnp.isfinite(hessian))
    values = jnp.linalg.eigvalsh(jnp.where(finite, hessian, jnp.eye(len(x))))  # no end with NaN
    return jnp.where(finite, values, jnp.nan)
