"""How far apart minima are: as parameters, and as models."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float

from lossatlas._abstract_result import AbstractResult
from lossatlas.landscapes import AbstractSymmetry


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ParameterDistances(AbstractResult):
    """Euclidean distances between minima, parameter units.

    - `aligned`: between each minimum and the nearest image of the other, shape (minima, minima).
    - `plain`: between the points as they are stored, shape (minima, minima).
    - `exact`: whether every aligned distance is the smallest over the group; otherwise some are upper
        bounds (several hidden layers).
    """

    aligned: Float[np.ndarray, "minima minima"]
    plain: Float[np.ndarray, "minima minima"]
    exact: bool

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per pair of different minima, given by their rows in `x`, the smaller first."""
        a, b = np.triu_indices(len(self.plain), 1)
        return {"a": a, "b": b, "aligned": self.aligned[a, b], "plain": self.plain[a, b]}


def parameter_distances(
    symmetry: AbstractSymmetry, x: Float[np.ndarray, "minima dim"]
) -> ParameterDistances:
    """Return the distances of all pairs of minima, with and without alignment.

    **Arguments:**

    - `symmetry`: of the landscape, min over its elements g of ||x_i - g x_j||.
    - `x`: minima, shape (minima, dim), parameter units.
    """
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 2 or not np.all(np.isfinite(x)):
        raise ValueError(f"`x` must hold finite numbers of shape (minima, dim), got shape {x.shape}.")
    if not isinstance(symmetry, AbstractSymmetry):
        raise ValueError("`symmetry` must be that of a landscape, such as `landscape.symmetry`.")
    count, exact = len(x), True
    aligned, plain = np.zeros((count, count)), np.zeros((count, count))
    for i in range(count):
        plain[i] = np.linalg.norm(x - x[i], axis=1)
        for j in range(i):
            found = symmetry.align(x[i], x[j])
            aligned[i, j] = aligned[j, i] = found.distance
            exact = exact and found.exact
    return ParameterDistances(aligned, plain, exact)


def misclassification_distances(
    misclassified: Bool[np.ndarray, "minima items"],
) -> Float[np.ndarray, "minima minima"]:
    """Return the fraction of items that exactly one of two minima gets wrong.

    l_ij = f_i + f_j - 2 f_ij, with f the misclassified fractions and f_ij the fraction that both get
    wrong; 0 <= l_ij <= f_i + f_j.

    **Arguments:**

    - `misclassified`: which minimum gets which item wrong, shape (minima, items).

    **Raises:** `ValueError` for anything but booleans of that shape with at least one item.
    """
    wrong = np.asarray(misclassified)
    if wrong.ndim != 2 or wrong.dtype != bool or wrong.shape[1] == 0:
        raise ValueError(
            f"`misclassified` must be booleans of shape (minima, items), got {wrong.dtype} {wrong.shape}."
        )
    counts = wrong.astype(np.float64)  # whole numbers: the products below are exact
    both = counts @ counts.T
    alone = np.diag(both)
    return (alone[:, None] + alone[None, :] - 2.0 * both) / wrong.shape[1]
