"""Pictures of the minima of atlases as models: of one atlas, or of several side by side.

The room of pictures is imported when one is drawn, so that explorations need not wait for matplotlib.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lossatlas.analysis import ModelMetrics, misclassification_distances, parameter_distances
from lossatlas.atlas import Atlas
from lossatlas.datasets import DataSet
from lossatlas.landscapes import check_model

from ._compare import compare_atlases
from ._run import judge_atlas


if TYPE_CHECKING:
    from matplotlib.figure import Figure

PictureKind = Literal["boxes", "curve", "graphs", "misclassification", "distances", "networks", "fits"]


def picture(
    kind: PictureKind,
    files: Sequence[Path],
    *,
    metric: str = "auc",
    by: str | None = None,
    shared: bool = False,
) -> "Figure":
    """Draw the minima of atlases as models.

    **Arguments:**

    - `kind`: of several atlases: `boxes` (a metric against a setting), `curve` (its mean and spread against
        a setting that is a number) or `graphs` (disconnectivity graphs coloured by the metric). Of one
        atlas: `misclassification` and `distances` (between minima as classifiers), `networks` (the lowest
        twelve) or `fits` (the lowest nine).
    - `files`: the atlases; for `boxes`, `curve` and `graphs` evaluated ones.
    - `metric`: the metric of these three.
    - `by`: the setting that labels the atlases; default all in which they differ.
    - `shared`: draw all `graphs` on one energy axis.

    **Returns:** the figure, for `lossatlas.plots.save_picture`.

    **Raises:** `ValueError` for another kind, several atlases for a picture of one, and atlases that have
    not what the picture needs.
    """
    several: dict[str, Callable[[], Figure]] = {
        "boxes": lambda: _boxes(files, metric, by),
        "curve": lambda: _curve(files, metric, by),
        "graphs": lambda: _graphs(files, metric, by, shared),
    }
    one: dict[str, Callable[[Path], Figure]] = {
        "misclassification": _misclassification,
        "distances": _distances,
        "networks": _networks,
        "fits": _fits,
    }
    if kind in several:
        return several[kind]()
    if kind not in one:
        raise ValueError(f"`kind` must be one of {', '.join([*several, *one])}, got {kind!r}.")
    if len(files) != 1:
        raise ValueError(f"The picture {kind} is of one atlas, got {len(files)}.")
    return one[kind](files[0])


def _boxes(files: Sequence[Path], metric: str, by: str | None) -> Any:
    from lossatlas import plots

    found = compare_atlases(files, metric, by=by)
    (first, values), *others = found.values.items()
    second, second_values = others[0] if others else (first, None)
    return plots.metric_boxes(
        values,
        found.labels,
        second=second_values,
        names=(first, second),
        marked=found.lowest[first],
        second_marked=found.lowest[second] if others else None,
        xlabel=found.heading,
        ylabel=plots.column_label(metric),
    ).figure


def _curve(files: Sequence[Path], metric: str, by: str | None) -> Any:
    from lossatlas import plots

    found = compare_atlases(files, metric, by=by)
    try:
        s = np.array([float(label) for label in found.labels])
    except ValueError:
        said = ", ".join(found.labels)
        raise ValueError(f"A curve needs numbers, but {found.heading} is {said}.") from None
    order = np.argsort(s, kind="stable")
    groups = found.values.values()
    mean = np.array([[np.nanmean(values) for values in group] for group in groups]).T
    spread = np.array([[np.nanstd(values) for values in group] for group in groups]).T
    return plots.metric_curve(
        s[order],
        mean[order],
        spread=spread[order],
        labels=list(found.values),
        xlabel=found.heading,
        ylabel=plots.column_label(metric),
    ).figure


def _graphs(files: Sequence[Path], metric: str, by: str | None, shared: bool) -> Any:
    """Draw the connected component that holds the global minimum, for every atlas."""
    from lossatlas import plots

    found = compare_atlases(files, metric, by=by)
    part, values = next(iter(found.values.items()))
    keys = found.heading.split(", ")
    trees, titles, colours, names = [], [], [], set()
    for file, label, metrics in zip(files, found.labels, values):
        with Atlas(file, readonly=True) as atlas:
            whole, ids = plots.atlas_tree(atlas), atlas.minima.id
            names.add(plots.energy_label(atlas))
        tree = whole.where(whole.component == 0)
        trees.append(tree)
        colours.append(metrics[np.isin(ids, tree.ids)])
        settings = ", ".join(map(" ".join, zip(keys, label.split(", "))))
        title = file.stem if len(files) == 1 else settings
        few = f" of {len(whole)}" if len(tree) < len(whole) else ""
        titles.append(f"{title}\n{len(tree)}{few} minima")
    text = f"{part} {plots.column_label(metric)}"
    ylabel = names.pop() if len(names) == 1 else "loss"  # penalties differ
    return plots.graphs(
        trees, titles, colours=colours, colour_label=text, share_energy=shared, ylabel=ylabel
    )[0].figure


def _misclassification(file: Path) -> Any:
    from lossatlas import plots

    part, wrong = _wrong(judge_atlas(file), file)
    if len(wrong) < 2:
        raise ValueError(f"{file} holds one minimum; distances need two.")
    ids = [str(1 + row) for row in range(len(wrong))]
    text = "fraction misclassified by one of two alone"
    ax = plots.misclassification(misclassification_distances(wrong), labels=ids, colour_label=text)
    ax.set_title(f"{file.stem}: {len(wrong)} minima, {wrong.shape[1]} {part} items")
    return ax.figure


def _distances(file: Path) -> Any:
    from lossatlas import plots

    _, wrong = _wrong(judge_atlas(file), file)
    with Atlas(file, readonly=True) as atlas:
        distances = parameter_distances(atlas.landscape.symmetry, atlas.minima.x)
    axes = plots.distance_density(misclassification_distances(wrong), distances.aligned, distances.plain)
    return axes[0].figure


def _networks(file: Path) -> Any:
    from lossatlas import plots

    model, data = _model_of(file)
    with Atlas(file, readonly=True) as atlas:
        minima = atlas.minima
    order = np.argsort(minima.energy, kind="stable")[:12]
    maps = model.features == 2 and model.classes is not None
    x, energy = minima.x[order], minima.energy[order]
    titles = [f"minimum {number}\nloss {value:.6g}" for number, value in zip(minima.id[order], energy)]
    return plots.networks(model, x, energy, maps=maps, data=data, titles=titles).flat[0].figure


def _fits(file: Path) -> Any:
    from lossatlas import plots

    model, data = _model_of(file)
    with Atlas(file, readonly=True) as atlas:
        minima = atlas.minima
    order = np.argsort(minima.energy, kind="stable")[:9]
    x, energy = minima.x[order], minima.energy[order]
    titles = [
        "\n".join(filter(None, (f"minimum {number}, loss {value:#.4g}", model.describe(point))))
        for number, value, point in zip(minima.id[order], energy, x)
    ]
    return plots.fits(model, x, energy, data=data, titles=titles)[0].figure


def _model_of(file: Path) -> tuple[Any, DataSet | None]:
    """Return the landscape of an atlas, which must be a model, and its training data."""
    with Atlas(file, readonly=True) as atlas:
        problem = atlas.problem
    try:
        return check_model(problem.landscape), problem.training
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


def _wrong(metrics: ModelMetrics, file: Path) -> tuple[str, np.ndarray]:
    """Return the part of the data, and which of its items each minimum gets wrong: test, else training."""
    for part in ("test", "training"):
        if part in metrics.misclassified:
            return part, metrics.misclassified[part]
    raise ValueError(f"{file} predicts a number, so no item is misclassified.")
