"""What the points mean: arrays and sparse graphs in, result objects out; no files, no pictures."""

from ._coverage import Coverage as Coverage
from ._coverage import coverage as coverage
from ._disconnectivity import DisconnectivityTree as DisconnectivityTree
from ._disconnectivity import disconnectivity as disconnectivity
from ._distances import ParameterDistances as ParameterDistances
from ._distances import misclassification_distances as misclassification_distances
from ._distances import parameter_distances as parameter_distances
from ._model_metrics import ModelMetrics as ModelMetrics
from ._model_metrics import auc as auc
from ._model_metrics import evaluate as evaluate
from ._result import AbstractResult as AbstractResult
from ._transition_network import TransitionNetwork as TransitionNetwork
from ._transition_network import transition_network as transition_network
