"""What searches return: frozen records of numpy arrays, one row per search."""

import dataclasses

import numpy as np

from lossatlas._results import RESULTS


@dataclasses.dataclass(frozen=True)
class StationaryPoints:
    """Where searches ended, and what was checked there. Axis 0: one row per search.

    - `x`: points, shape (searches, dim), parameter units.
    - `energy`: loss units.
    - `rms_gradient`: ||gradient|| / sqrt(dim).
    - `index`: number of negative Hessian eigenvalues.
    - `zeros`: number of zero eigenvalues beyond the forced ones.
    - `lowest`, `second`: the two lowest eigenvalues (forced zero modes left out).
    - `log_product`: sum of ln of the positive eigenvalues.
    - `direction`: unit eigenvector of the lowest eigenvalue, shape (searches, dim).
    - `outcome`: RESULTS codes.
    - `gradients`, `hessians`: evaluations spent.
    """

    x: np.ndarray
    energy: np.ndarray
    rms_gradient: np.ndarray
    index: np.ndarray
    zeros: np.ndarray
    lowest: np.ndarray
    second: np.ndarray
    log_product: np.ndarray
    direction: np.ndarray
    outcome: np.ndarray
    gradients: np.ndarray
    hessians: np.ndarray

    def __len__(self) -> int:
        """Return the number of searches."""
        return len(self.energy)

    def __getitem__(self, rows) -> "StationaryPoints":
        """Return the rows of a mask, slice or index array."""
        rows = np.arange(len(self))[rows].reshape(-1)
        return StationaryPoints(
            **{field.name: getattr(self, field.name)[rows] for field in dataclasses.fields(self)}
        )

    def after(self, gradients: np.ndarray | int, hessians: np.ndarray | int) -> "StationaryPoints":
        """Return the same points with the evaluations added that led to them."""
        return dataclasses.replace(
            self, gradients=self.gradients + gradients, hessians=self.hessians + hessians
        )

    @staticmethod
    def concatenate(parts: "list[StationaryPoints]") -> "StationaryPoints":
        """Return the rows of all parts, in order."""
        return StationaryPoints(
            **{
                field.name: np.concatenate([getattr(part, field.name) for part in parts])
                for field in dataclasses.fields(StationaryPoints)
            }
        )

    @property
    def converged(self) -> np.ndarray:
        """Which searches ended in a verified point of the wanted index."""
        return self.outcome == RESULTS.converged

    def outcomes(self) -> dict[str, int]:
        """Return how many searches ended how."""
        codes, counts = np.unique(self.outcome, return_counts=True)
        return {RESULTS(int(code)).name: int(count) for code, count in zip(codes, counts)}
