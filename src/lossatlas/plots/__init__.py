"""Pictures: every function takes and returns `ax`, those with several panels a figure and its axes."""

from ._bifurcation import plot_bifurcation as plot_bifurcation
from ._bifurcation import plot_point_counts as plot_point_counts
from ._complexity import plot_complexity as plot_complexity
from ._complexity import plot_index_counts as plot_index_counts
from ._degree_distribution import plot_degree_distribution as plot_degree_distribution
from ._depth import plot_clustering as plot_clustering
from ._depth import plot_critical_pairs as plot_critical_pairs
from ._depth import plot_hessian_entropy as plot_hessian_entropy
from ._disconnectivity import plot_disconnectivity as plot_disconnectivity
from ._distance_density import plot_distance_density as plot_distance_density
from ._fits import plot_fits as plot_fits
from ._frustration import plot_frustration as plot_frustration
from ._funnels import plot_funnels as plot_funnels
from ._graphs import plot_graphs as plot_graphs
from ._heat_capacity import plot_heat_capacity as plot_heat_capacity
from ._interactive import write_interactive as write_interactive
from ._metric_boxes import plot_metric_boxes as plot_metric_boxes
from ._metric_curve import plot_metric_curve as plot_metric_curve
from ._misclassification import plot_misclassification as plot_misclassification
from ._networks import plot_networks as plot_networks
from ._occupation import plot_occupation as plot_occupation
from ._rates import plot_arrhenius as plot_arrhenius
from ._rates import plot_evolution as plot_evolution
from ._save import check_picture as check_picture
from ._save import save_picture as save_picture
