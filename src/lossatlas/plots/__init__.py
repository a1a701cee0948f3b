"""Pictures: every function takes and returns `ax`, those with several panels a figure and its axes."""

from ._disconnectivity import plot_disconnectivity as plot_disconnectivity
from ._distance_density import plot_distance_density as plot_distance_density
from ._graphs import plot_graphs as plot_graphs
from ._metric_boxes import plot_metric_boxes as plot_metric_boxes
from ._metric_curve import plot_metric_curve as plot_metric_curve
from ._misclassification import plot_misclassification as plot_misclassification
from ._networks import plot_networks as plot_networks
from ._save import check_picture as check_picture
from ._save import save_picture as save_picture
