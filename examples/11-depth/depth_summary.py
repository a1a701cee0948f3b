"""What the ends of shallow and deep networks say: how far apart they are, and how wide at which loss."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from depth_ends import Cell, random_start

from lossatlas.analysis import (
    Comparison,
    ParameterDistances,
    TradeOff,
    compare,
    mean_distance,
    parameter_distances,
    relative_distances,
    trade_off,
)
from lossatlas.landscapes import Perceptron


SAME_LOSS, SAME_PLACE = 1e-9, 1e-5  # relative, as in an atlas
TRIVIAL = 0.99  # of the loss of the best constant output: an error above that is of one
COMPARED = ("plain", "aligned", "slope", "spearman")


@dataclasses.dataclass(frozen=True, eq=False)
class DepthResult:
    """What one cell says.

    - `cell`: the networks; `dimension`: their variables.
    - `starts`, `minima`, `unverified`, `trivial`: how many searches there were, how many ended in verified
        minima, how many in ends of ReLU descents that are not, and how many in a constant output (not
        counted among the others). These and searches that failed are left out of what follows.
    - `x`, `energy`, `error`: the points used, their loss with penalty and without it.
    - `distinct`: which of them are the first of their kind: not the image of an earlier one under a
        symmetry.
    - `distances`: between them, relative to their norms, see `relative_distances`.
    - `start_distances`: the same between all random starts: what alignment gives for unrelated networks.
    - `entropy`, `zeros`, `negative`: of their spectra, see `log_determinants`.
    - `fit`: how the entropy goes with the loss, over the distinct points.
    """

    cell: Cell
    dimension: int
    starts: int
    minima: int
    unverified: int
    trivial: int
    x: np.ndarray
    energy: np.ndarray
    error: np.ndarray
    distinct: np.ndarray
    distances: ParameterDistances
    start_distances: ParameterDistances
    entropy: np.ndarray
    zeros: np.ndarray
    negative: np.ndarray
    fit: TradeOff

    @property
    def losses_and_entropies(self) -> tuple[np.ndarray, np.ndarray]:
        """Loss and entropy of the distinct points, shape (distinct,) each."""
        return self.energy[self.distinct], self.entropy[self.distinct]

    def row(self) -> dict[str, Any]:
        """Return numbers with their errors; what is not known is not a number."""
        aligned, plain = mean_distance(self.distances.aligned), mean_distance(self.distances.plain)
        return {
            "set": self.cell.set,
            "activation": self.cell.activation,
            "layers": self.cell.layers,
            "variables": self.dimension,
            "starts": self.starts,
            "minima": self.minima,
            "unverified": self.unverified,
            "trivial": self.trivial,
            "distinct": int(self.distinct.sum()),
            "loss": _mean(self.energy),
            "loss_sd": float(np.std(self.energy, ddof=1)) if self.distinct.sum() > 1 else np.nan,
            "error": _mean(self.error),
            "rms_variable": _mean(np.linalg.norm(self.x, axis=1)) / np.sqrt(self.dimension),
            "plain": plain.value,
            "plain_error": plain.error,
            "aligned": aligned.value,
            "aligned_error": aligned.error,
            "starts_aligned": mean_distance(self.start_distances.aligned).value,
            "entropy": _mean(self.entropy),
            "slope": self.fit.slope,
            "slope_error": self.fit.error,
            "slope_bootstrap_error": self.fit.bootstrap_error,
            "spearman": self.fit.spearman,
            "zeros": _mean(self.zeros),
            "negative": _mean(self.negative),
        }


def cells_of(rows: Sequence[Mapping[str, str]]) -> dict[Cell, list[Mapping[str, str]]]:
    """Return the rows of each cell, in the order of the table that run.py made.

    **Raises:** `ValueError` for no row, and for runs of one cell with other settings beside each other.
    """
    if not rows:
        raise ValueError("The table holds no end.")
    groups: dict[Cell, list[Mapping[str, str]]] = {}
    for row in rows:
        fields = dataclasses.fields(Cell)
        cell = Cell(**{field.name: field.type(row[field.name]) for field in fields})  # pyright: ignore
        groups.setdefault(cell, []).append(row)
    for cell, group in groups.items():
        for name in ("seed", "max_gradients"):
            values = sorted({row[name] for row in group})
            if len(values) > 1:
                raise ValueError(f"The table holds {cell} with {name} = {' and '.join(values)}.")
    return groups


def judged(cell: Cell, rows: Sequence[Mapping[str, str]]) -> DepthResult:
    """Return what the ends of one cell say; `rows` are of that cell."""
    network = cell.network()
    numbers = lambda name: np.array([float(row[name]) for row in rows])
    outcome, error = np.array([row["outcome"] for row in rows]), numbers("error")
    constant = error > TRIVIAL * constant_loss(network)
    verified = (outcome == "converged") & ~constant
    on_kinks = (outcome == "max_steps") & (network.smoothness != "smooth") & ~constant
    used = verified | on_kinks
    x = np.array([row["x"].split() for row in rows], dtype=float)[used]
    energy, entropy = numbers("energy")[used], numbers("entropy")[used]
    distances = parameter_distances(network.symmetry, x)
    same = same_points(x, energy, distances)
    distinct = (np.argmax(same, axis=1) if len(x) else np.zeros(0, dtype=int)) == np.arange(len(x))
    # Between two images of one point the distance is rounding.
    distances = dataclasses.replace(distances, aligned=np.where(same, 0.0, distances.aligned))
    starts = np.stack([random_start(network, int(row["seed"]), int(row["start"])) for row in rows])
    return DepthResult(
        cell,
        dimension=network.dimension,
        starts=len(rows),
        minima=int(verified.sum()),
        unverified=int(on_kinks.sum()),
        trivial=int(constant.sum()),
        x=x,
        energy=energy,
        error=error[used],
        distinct=distinct,
        distances=relative_distances(distances, x),
        start_distances=relative_distances(parameter_distances(network.symmetry, starts), starts),
        entropy=entropy,
        zeros=numbers("zeros")[used],
        negative=numbers("negative")[used],
        fit=trade_off(energy[distinct], entropy[distinct]),
    )


def constant_loss(network: Perceptron) -> float:
    """Return the loss of the best outputs that are the same for all items."""
    targets = np.asarray(network.targets)
    if network.loss == "squared_error":
        return float(np.sum(np.var(targets, axis=0)))
    part = targets.mean(axis=0)  # of items in each class
    if network.loss == "binary_cross_entropy":
        part = np.concatenate([part, 1.0 - part])
    return float(-np.sum(part * np.log(np.where(part > 0, part, 1.0))))


def same_points(x: np.ndarray, energy: np.ndarray, distances: ParameterDistances) -> np.ndarray:
    """Return which pairs are one point, images under the symmetry being one, shape (points, points)."""
    norm = np.linalg.norm(x, axis=1)
    near = distances.aligned <= SAME_PLACE * np.maximum(1.0, norm[:, None])
    limit = SAME_LOSS * np.maximum(1.0, np.abs(energy))
    return near & (np.abs(energy[:, None] - energy[None, :]) <= limit)


def compared(rows: Sequence[dict[str, Any]]) -> dict[str, Comparison]:
    """Compare the deepest networks with the shallowest, over the sets, by activation and number."""
    found = {}
    depths = sorted({row["layers"] for row in rows})
    for activation in dict.fromkeys(row["activation"] for row in rows):
        of = {(row["set"], row["layers"]): row for row in rows if row["activation"] == activation}
        sets = [name for name in dict.fromkeys(name for name, _ in of) if (name, depths[-1]) in of]
        pairs = [(of[name, depths[0]], of[name, depths[-1]]) for name in sets if (name, depths[0]) in of]
        for key in COMPARED if len(depths) > 1 else ():
            differences = np.array([deep[key] - shallow[key] for shallow, deep in pairs])
            if np.isfinite(differences).any():
                found[f"{activation} {key}"] = compare(differences)
    return found


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
