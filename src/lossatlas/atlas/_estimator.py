"""Trained models as estimators of scikit-learn; imported where one is asked for."""

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MultiOutputMixin, RegressorMixin


if TYPE_CHECKING:
    from ._trained_model import TrainedModel


class _Trained(BaseEstimator):
    """What both kinds have in common; `model` is the one parameter, so that `clone` works."""

    def __init__(self, model: "TrainedModel"):
        self.model = model

    def fit(self, X: Any, y: Any = None):
        """Refuse: the model is trained."""
        raise ValueError(
            "This model is trained already, as a minimum of an atlas; explore to train others."
        )

    def predict(self, X: Any) -> np.ndarray:
        """Return classes or numbers, shape (items,), or for several targets (items, targets)."""
        return self.model.predict(X)

    def __sklearn_is_fitted__(self) -> bool:
        """Say that the model is fitted."""
        return True


class TrainedClassifier(ClassifierMixin, _Trained):
    """A minimum of a classifier as an estimator of scikit-learn."""

    @property
    def classes_(self) -> np.ndarray:
        """Names of the classes."""
        return np.array(self.model.classes)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities, shape (items, classes)."""
        return self.model.predict_proba(X)


class TrainedRegressor(MultiOutputMixin, RegressorMixin, _Trained):
    """A minimum of a regression, of one target or several, as an estimator of scikit-learn."""


def estimator(model: "TrainedModel") -> TrainedClassifier | TrainedRegressor:
    """Return the estimator that fits the model."""
    return TrainedRegressor(model) if model.classes is None else TrainedClassifier(model)
