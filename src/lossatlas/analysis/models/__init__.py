"""What minima are worth as models, and how they differ."""

from ._distances import ParameterDistances as ParameterDistances
from ._distances import misclassification_distances as misclassification_distances
from ._distances import parameter_distances as parameter_distances
from ._model_metrics import ModelMetrics as ModelMetrics
from ._model_metrics import auc as auc
from ._model_metrics import evaluate as evaluate
