"""Communities: groups of minima with many edges inside and few edges between them."""

import dataclasses

import numpy as np
from scipy.sparse import csr_matrix

from lossatlas._abstract_result import AbstractResult

from .._transition_network import TransitionNetwork, check_network
from ._graph_measures import find_components


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Communities(AbstractResult):
    """A division of the minima into communities, which are numbered by decreasing size.

    - `ids`: ids of the minima, shape (n,).
    - `label`: number of the community of each minimum, 0, 1, ...; shape (n,).
    - `sizes`: number of minima in each community, decreasing; shape (communities,).
    - `modularity`: modularity Q of this division, dimensionless; NaN without any edge.
    """

    ids: np.ndarray
    label: np.ndarray
    sizes: np.ndarray
    modularity: float

    def __len__(self) -> int:
        """Return the number of communities."""
        return len(self.sizes)

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per minimum."""
        return {"id": self.ids, "community": self.label}


def communities(network: TransitionNetwork, *, seed: int = 0, resolution: float = 1.0) -> Communities:
    """Divide the minima into communities that make the modularity large, by the Louvain method.

    Q = sum over communities c of (e_c / m - resolution (d_c / 2m)^2), with m edges in all, e_c of them
    inside c, and d_c the sum of the degrees in c. An edge is a pair of minima joined by any number of
    transition states. The Louvain method may return a community whose minima are not connected within it;
    here each connected piece of it becomes a community, which makes Q larger. The method is a heuristic:
    another seed may find another division of about the same Q.

    **Arguments:**

    - `network`: the minima and transition states.
    - `seed`: seed of the random order in which minima are visited.
    - `resolution`: above 1 for more and smaller communities, below for fewer; dimensionless.

    **Returns:** `Communities`.

    **Raises:** `ValueError` for a resolution that is not positive, `ImportError` without scikit-network.

    Source: V. D. Blondel et al., J. Stat. Mech. P10008 (2008), doi:10.1088/1742-5468/2008/10/P10008;
    connected pieces: V. A. Traag, L. Waltman & N. J. van Eck, Sci. Rep. 9, 5233 (2019),
    doi:10.1038/s41598-019-41695-z.
    """
    check_network(network)
    if not (np.isfinite(resolution) and resolution > 0):
        raise ValueError(f"`resolution` must be positive, got {resolution}.")
    # Not the Leiden method of scikit-network: it does not end on some graphs (scikit-network issue 592) and
    # ignores the seed.
    try:
        from sknetwork.clustering import Louvain
    except ImportError as error:
        raise ImportError(
            "Communities need scikit-network: python -m pip install 'lossatlas[communities]'."
        ) from error
    n, pairs = len(network), network.edges()[0]
    label = np.arange(n)
    if len(pairs):
        ends = np.concatenate([pairs, pairs[:, ::-1]]).T
        graph = csr_matrix((np.ones(ends.shape[1]), ends), shape=(n, n))
        search = Louvain(resolution, "newman", shuffle_nodes=True, random_state=seed)
        found = search.fit_predict(graph)
        label = find_components(n, pairs[found[pairs[:, 0]] == found[pairs[:, 1]]])
    return Communities(network.ids, label, np.bincount(label), _modularity(pairs, label, resolution))


def _modularity(pairs: np.ndarray, label: np.ndarray, resolution: float) -> float:
    if not len(pairs):
        return float("nan")
    inside = np.mean(label[pairs[:, 0]] == label[pairs[:, 1]])
    ends = np.bincount(label[pairs].ravel()) / pairs.size
    return float(inside - resolution * np.sum(ends**2))
