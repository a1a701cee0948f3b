"""What minima are worth as models: all metrics of all minima, beside a loop with numpy and scikit-learn."""

import numpy as np
from scipy.special import softmax
from sklearn.metrics import log_loss, roc_auc_score

from _measure import Line, Row, Settings, Value, clock, compare
from _problems import d1, starts
from lossatlas.analysis import evaluate, parameter_distances
from lossatlas.datasets import ljat3
from lossatlas.searches import minimise


MINIMA, ITEMS = 100, 10_000


def metrics(settings: Settings) -> list[Line]:
    """Loss, accuracy, AUC, macro AUC of 100 minima on 10,000 items; aligned distances of their pairs."""
    network = d1()
    x = minimise(network, starts(network, MINIMA), workers=1).x
    data = ljat3("D1", items=1000 + ITEMS).split(1000)[1]
    evaluate(network, x, data, workers=1)  # compilation
    found = {}

    def ours() -> Value:
        begin = clock()
        found["ours"] = evaluate(network, x, data, workers=1).columns
        return Value(clock() - begin)

    def peer() -> Value:
        begin = clock()
        rows = [judge(network, point, data) for point in x]
        spent = clock() - begin
        names = ("loss", "accuracy", "auc", "macro_auc")
        apart = max(
            np.abs(found["ours"][f"training_{name}"] - column).max()
            for name, column in zip(names, zip(*rows))
        )
        return Value(spent, f"largest difference {apart:.0e}")

    lines = compare("metrics", "s", ours, {"numpy and scikit-learn": peer}, settings.repeats)

    def distances() -> Value:
        begin = clock()
        parameter_distances(network.symmetry, x)
        return Value(clock() - begin, f"{MINIMA * (MINIMA - 1) // 2} pairs")

    return lines + compare("aligned distances", "s", distances, {}, settings.repeats)


def judge(network, point: np.ndarray, data) -> tuple[float, ...]:
    (w0, b0), (w1, b1) = [(np.asarray(w), np.asarray(b)) for w, b in network.layers(point)]
    p = softmax(np.tanh(data.inputs @ w0.T + b0) @ w1.T + b1, axis=1)
    areas = [roc_auc_score(data.targets == c, p[:, c]) for c in range(p.shape[1])]
    accuracy = np.mean(p.argmax(axis=1) == data.targets)
    return log_loss(data.targets, p, labels=range(p.shape[1])), accuracy, areas[0], float(np.mean(areas))


ROWS: dict[str, Row] = {"metrics": metrics}
