"""Pictures of results. A function with one panel takes and returns the matplotlib axes, `ax`.

A function with a grid of equal panels takes a figure and returns the array of its axes; one with different
panels makes a figure and returns it.
"""

from lossatlas._suggestions import suggest_arguments as _suggest_arguments

from ._atlas_graph import atlas_graph as atlas_graph
from ._atlas_graph import atlas_tree as atlas_tree
from ._atlas_graph import column_label as column_label
from ._atlas_graph import energy_label as energy_label
from ._atlas_graph import minima_column as minima_column
from ._atlas_graph import write_atlas_graph as write_atlas_graph
from ._bifurcation import bifurcation as bifurcation
from ._bifurcation import branches as branches
from ._bifurcation import point_counts as point_counts
from ._complexity import complexity as complexity
from ._complexity import energy_counts as energy_counts
from ._complexity import index_counts as index_counts
from ._degree_distribution import degree_distribution as degree_distribution
from ._depth import clustering as clustering
from ._depth import critical_pairs as critical_pairs
from ._depth import hessian_entropy as hessian_entropy
from ._disconnectivity import disconnectivity as disconnectivity
from ._distance_density import distance_density as distance_density
from ._energy_histograms import energy_histograms as energy_histograms
from ._fits import fits as fits
from ._frustration import frustration as frustration
from ._funnels import funnels as funnels
from ._graphs import graphs as graphs
from ._heat_capacity import heat_capacity as heat_capacity
from ._interactive import write_interactive as write_interactive
from ._metric_boxes import metric_boxes as metric_boxes
from ._metric_curve import metric_curve as metric_curve
from ._misclassification import misclassification as misclassification
from ._networks import networks as networks
from ._occupation import occupation as occupation
from ._rates import arrhenius as arrhenius
from ._rates import evolution as evolution
from ._rates import rates as rates
from ._save import check_picture as check_picture
from ._save import save_picture as save_picture
from ._temperature_scan import peak_graphs as peak_graphs
from ._temperature_scan import temperature_scan as temperature_scan


_suggest_arguments(globals())
