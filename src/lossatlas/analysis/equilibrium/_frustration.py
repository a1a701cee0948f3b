"""Frustration: barriers to the global minimum relative to the energy gained by crossing them."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from lossatlas._abstract_result import AbstractRows

from .._disconnectivity import disconnectivity
from .._transition_network import TransitionNetwork
from ._thermodynamics import SAME_LEVEL, Superposition, check_temperatures


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Frustration(AbstractRows):
    """The frustration of a landscape at several temperatures; every array has shape (temperatures,).

    - `kt`: the temperatures, loss units.
    - `frustration`: F, a sum over minima, see the function `frustration`; dimensionless.
    - `normalised`: F divided by the occupation of the minima in the sum. It is a weighted mean, so it is at
        least 1; NaN if the sum has no minimum.
    - `ground`: occupation of the minima left out of the sum because they are as low as the global minimum.
    - `unconnected`: occupation of the minima left out of the sum because no known path leads from them to
        the global minimum.
    """

    kt: np.ndarray
    frustration: np.ndarray
    normalised: np.ndarray
    ground: np.ndarray
    unconnected: np.ndarray


def frustration(network: TransitionNetwork, kt: ArrayLike) -> Frustration:
    """Compute the frustration F(T) = sum_a p_a (E_a^ts - E_gmin) / (E_a - E_gmin).

    E_a is the energy of minimum a, E_gmin that of the global minimum, E_a^ts that of the highest transition
    state on the lowest path from minimum a to the global minimum, and p_a the equilibrium occupation, see
    `occupation`. The sum leaves out the global minimum, minima of the same energy within 1e-9 max(1, |E|)
    (the ratio diverges there; they are treated as global minima, so that paths may end in any of them),
    and minima that are not connected to it. The occupation of both groups is reported.

    The normalised form has the weights p_a / sum p_a, with the sum over the minima that F includes; this is
    p_a / (1 - p_gmin) where all minima are connected and only one is lowest. It is computed from
    logarithms, so that it stays finite at low kT, where F itself goes to zero with the occupation of all
    minima but the lowest.

    **Arguments:**

    - `network`: minima and transition states, log-products and orbit sizes of the minima.
    - `kt`: temperatures, loss units, shape (temperatures,) or one number.

    **Returns:** `Frustration`.

    **Raises:** `ValueError` for temperatures that are not positive, a network without transition states,
    and minima whose log-product or orbit size is not known.

    Source: V. K. de Souza, J. D. Stevenson, S. P. Niblett, J. D. Farrell & D. J. Wales, J. Chem. Phys. 146,
    124103 (2017), doi:10.1063/1.4977794.
    """
    kt, sums = check_temperatures(kt), Superposition(network)
    if not len(network.ts_energies):
        raise ValueError("Frustration needs transition states, and the network has none.")
    ground = _ground(network)
    barriers = barriers_to_global_minimum(network) - sums.offset
    unconnected = np.isinf(barriers)
    counts = ~(ground | unconnected)
    ratios = barriers[counts] / sums.energies[counts]
    # Each row: F, its normalised form, the occupation of the lowest and of the unconnected minima.
    rows = []
    for _, log_p, p, _ in sums.blocks(kt):
        top = log_p[:, counts].max(axis=1, keepdims=True, initial=-np.inf)
        inside = np.exp(log_p[:, counts] - top)
        with np.errstate(invalid="ignore"):
            normalised = inside @ ratios / inside.sum(axis=1)
        rows.append(
            (p[:, counts] @ ratios, normalised, p[:, ground].sum(axis=1), p[:, unconnected].sum(axis=1))
        )
    return Frustration(kt, *(np.concatenate(column) for column in zip(*rows)))


def barriers_to_global_minimum(network: TransitionNetwork) -> np.ndarray:
    """Return the energy of the highest transition state on the lowest path to the global minimum.

    Of all paths from a minimum, the lowest is the one whose highest transition state is lowest. In the
    disconnectivity tree this is the energy of the first node above a minimum that has the global minimum
    below it, too. Where several minima have the lowest energy, the path may end in any of them.

    **Arguments:**

    - `network`: the minima and transition states.

    **Returns:** one energy per minimum, loss units, shape (minima,): for the global minimum its own energy,
    and infinity where no path is known.

    **Raises:** `ValueError` for anything but a `TransitionNetwork`.
    """
    tree = disconnectivity(network)
    nodes = len(tree.parent)
    # One more node above all roots ends the walks from minima that are not connected.
    parent = np.append(np.where(tree.parent < 0, nodes, tree.parent), nodes)
    energy = np.append(tree.energy, np.inf)
    leads = np.zeros(nodes + 1, dtype=bool)
    leads[nodes] = True
    for minimum in np.flatnonzero(_ground(network)).tolist():
        while not leads[minimum]:
            leads[minimum], minimum = True, parent[minimum]
    above = np.where(leads, np.arange(nodes + 1), parent)
    while not leads[above].all():  # every round doubles the steps
        above = above[above]
    return energy[above[: len(network)]]


def _ground(network: TransitionNetwork) -> np.ndarray:
    """Return which minima are as low as the global one."""
    lowest = network.energies.min()
    return network.energies - lowest <= SAME_LEVEL * max(1.0, abs(lowest))
