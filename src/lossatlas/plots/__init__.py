"""Pictures: a function of one panel takes and returns `ax`.

Grids of like panels take a figure and return the array of their axes; composite pictures make a figure and
return it.
"""

from ._atlas_graph import atlas_tree as atlas_tree
from ._atlas_graph import column_label as column_label
from ._atlas_graph import minima_column as minima_column
from ._atlas_graph import plot_atlas_graph as plot_atlas_graph
from ._atlas_graph import write_atlas_graph as write_atlas_graph
from ._bifurcation import plot_bifurcation as plot_bifurcation
from ._bifurcation import plot_branches as plot_branches
from ._bifurcation import plot_point_counts as plot_point_counts
from ._complexity import plot_complexity as plot_complexity
from ._complexity import plot_energy_counts as plot_energy_counts
from ._complexity import plot_index_counts as plot_index_counts
from ._degree_distribution import plot_degree_distribution as plot_degree_distribution
from ._depth import plot_clustering as plot_clustering
from ._depth import plot_critical_pairs as plot_critical_pairs
from ._depth import plot_hessian_entropy as plot_hessian_entropy
from ._disconnectivity import plot_disconnectivity as plot_disconnectivity
from ._distance_density import plot_distance_density as plot_distance_density
from ._energy_histograms import plot_energy_histograms as plot_energy_histograms
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
from ._rates import plot_rates as plot_rates
from ._save import check_picture as check_picture
from ._save import save_picture as save_picture
from ._temperature_scan import plot_peak_graphs as plot_peak_graphs
from ._temperature_scan import plot_temperature_scan as plot_temperature_scan
