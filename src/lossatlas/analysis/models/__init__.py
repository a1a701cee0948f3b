"""Minima as models: metrics on data, distances between minima, and comparisons of networks."""

from ._areas import auc as auc
from ._distances import ParameterDistances as ParameterDistances
from ._distances import misclassification_distances as misclassification_distances
from ._distances import parameter_distances as parameter_distances
from ._judge import regression_scores as regression_scores
from ._metric_names import is_detail as is_detail
from ._metric_names import name_words as name_words
from ._minima_statistics import Comparison as Comparison
from ._minima_statistics import Estimate as Estimate
from ._minima_statistics import LogDeterminants as LogDeterminants
from ._minima_statistics import TradeOff as TradeOff
from ._minima_statistics import compare as compare
from ._minima_statistics import log_determinants as log_determinants
from ._minima_statistics import mean_distance as mean_distance
from ._minima_statistics import relative_distances as relative_distances
from ._minima_statistics import trade_off as trade_off
from ._model_metrics import ModelMetrics as ModelMetrics
from ._model_metrics import evaluate as evaluate
from ._sampling_error import paired_differences as paired_differences
from ._sampling_error import within_sampling_error as within_sampling_error
