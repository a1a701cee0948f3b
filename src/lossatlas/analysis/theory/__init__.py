"""Theory: critical points of spherical spin glasses and of deep networks, to compare landscapes with."""

from ._critical_points import mean_critical_points as mean_critical_points
from ._critical_points import most_critical_pairs as most_critical_pairs
from ._deep_networks import clustering_bound as clustering_bound
from ._deep_networks import hessian_entropy as hessian_entropy
from ._deep_networks import log_critical_pairs as log_critical_pairs
from ._deep_networks import nodes_per_layer as nodes_per_layer
from ._p_spin_complexity import complexity as complexity
from ._p_spin_complexity import complexity_zeros as complexity_zeros
from ._p_spin_complexity import threshold_energy as threshold_energy
