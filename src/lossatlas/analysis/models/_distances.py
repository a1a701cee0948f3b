"""Distances between minima: in parameter space, and by the items that they misclassify."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float

from lossatlas._abstract_result import AbstractResult
from lossatlas.landscapes import AbstractSymmetry


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ParameterDistances(AbstractResult):
    """Euclidean distances between all pairs of minima, parameter units.

    - `aligned`: distance between one minimum and the nearest image of the other, shape (minima, minima).
    - `plain`: distance between the points as stored, shape (minima, minima).
    - `exact`: whether every aligned distance is the smallest over the symmetry group; otherwise some are
        upper bounds (as for several hidden layers).
    """

    aligned: Float[np.ndarray, "minima minima"]
    plain: Float[np.ndarray, "minima minima"]
    exact: bool

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per pair of different minima; `a` < `b` are their positions in `x`."""
        a, b = np.triu_indices(len(self.plain), 1)
        return {"a": a, "b": b, "aligned": self.aligned[a, b], "plain": self.plain[a, b]}


def parameter_distances(
    symmetry: AbstractSymmetry, x: Float[np.ndarray, "minima dim"]
) -> ParameterDistances:
    """Return the distances of all pairs of minima, with and without alignment.

    **Arguments:**

    - `symmetry`: the symmetry of the landscape; the aligned distance is the minimum of ||x_i - g x_j|| over
        its elements g.
    - `x`: minima, shape (minima, dim), parameter units.

    **Returns:** `ParameterDistances`.

    **Raises:** `ValueError` for points of another shape or not finite, and anything but a symmetry.
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
    """Return, for all pairs of minima, the fraction of items that exactly one of the two misclassifies.

    l_ij = f_i + f_j - 2 f_ij, where f_i is the fraction of items that minimum i misclassifies and f_ij the
    fraction that both misclassify; 0 <= l_ij <= f_i + f_j.

    **Arguments:**

    - `misclassified`: whether a minimum misclassifies an item, shape (minima, items).

    **Returns:** l, shape (minima, minima), dimensionless.

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
