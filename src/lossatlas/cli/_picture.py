"""`lossatlas picture`: pictures of the minima of one atlas or of several as models."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ._mistakes import check_atlas_file


Kind = Literal["boxes", "curve", "graphs", "misclassification", "distances", "networks", "fits"]


def picture(
    kind: Annotated[
        Kind,
        typer.Argument(
            help="boxes, curve or graphs of several atlases; misclassification, distances, networks or "
            "fits of one atlas."
        ),
    ],
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Atlases; for boxes, curve and graphs evaluated ones.", callback=check_atlas_file
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Picture: .png, .svg or .pdf.")],
    metric: Annotated[str, typer.Option(help="Metric for boxes, curve and graphs.")] = "auc",
    by: Annotated[
        str | None,
        typer.Option(help="Setting that labels the atlases. (default: all in which they differ)"),
    ] = None,
    shared: Annotated[bool, typer.Option("--shared", help="Draw all graphs on one energy axis.")] = False,
) -> None:
    """Draw metrics against a setting, graphs side by side, distances between models, networks, or fits."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from lossatlas import plots

    several: dict[str, Callable[..., Any]] = {
        "boxes": _boxes,
        "curve": _curve,
        "graphs": lambda files, metric, by: _graphs(files, metric, by, shared),
    }
    one: dict[str, Callable[..., Any]] = {
        "misclassification": _misclassification,
        "distances": _distances,
        "networks": _networks,
        "fits": _fits,
    }
    drawn: Any
    if kind in several:
        drawn = several[kind](files, metric, by)
    elif len(files) > 1:
        raise ValueError(f"The picture {kind} is of one atlas, got {len(files)}.")
    else:
        drawn = one[kind](files[0])
    try:
        plots.save_picture(drawn, out)
    finally:
        plt.close(drawn)
    typer.echo(f"picture  {out}")


def _boxes(files: list[Path], metric: str, by: str | None) -> Any:
    from lossatlas import plots
    from lossatlas.sweeps import compare_atlases

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


def _curve(files: list[Path], metric: str, by: str | None) -> Any:
    import numpy as np

    from lossatlas import plots
    from lossatlas.sweeps import compare_atlases

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


def _graphs(files: list[Path], metric: str, by: str | None, shared: bool) -> Any:
    """Draw the connected part that holds the global minimum, for every atlas."""
    import numpy as np

    from lossatlas import plots
    from lossatlas.atlas import Atlas
    from lossatlas.sweeps import compare_atlases

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
    from lossatlas.analysis import misclassification_distances
    from lossatlas.sweeps import judge_atlas

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
    from lossatlas.analysis import misclassification_distances, parameter_distances
    from lossatlas.atlas import Atlas
    from lossatlas.sweeps import judge_atlas

    _, wrong = _wrong(judge_atlas(file), file)
    with Atlas(file, readonly=True) as atlas:
        distances = parameter_distances(atlas.landscape.symmetry, atlas.minima.x)
    axes = plots.distance_density(misclassification_distances(wrong), distances.aligned, distances.plain)
    return axes[0].figure


def _networks(file: Path) -> Any:
    import numpy as np

    from lossatlas import plots
    from lossatlas.atlas import Atlas

    model, data = _model_of(file)
    with Atlas(file, readonly=True) as atlas:
        minima = atlas.minima
    order = np.argsort(minima.energy, kind="stable")[:12]
    maps = model.features == 2 and model.classes is not None
    x, energy = minima.x[order], minima.energy[order]
    titles = [f"minimum {number}\nloss {value:.6g}" for number, value in zip(minima.id[order], energy)]
    return plots.networks(model, x, energy, maps=maps, data=data, titles=titles).flat[0].figure


def _fits(file: Path) -> Any:
    import numpy as np

    from lossatlas import plots
    from lossatlas.atlas import Atlas

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


def _model_of(file: Path) -> tuple[Any, Any]:
    """Return the landscape of an atlas, which must be a model, and its training data."""
    from lossatlas.atlas import Atlas
    from lossatlas.landscapes import check_model

    with Atlas(file, readonly=True) as atlas:
        problem = atlas.problem
    try:
        return check_model(problem.landscape), problem.training
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


def _wrong(metrics, file: Path):
    """Return the part of the data, and which of its items each minimum gets wrong: test, else training."""
    for part in ("test", "training"):
        if part in metrics.misclassified:
            return part, metrics.misclassified[part]
    raise ValueError(f"{file} predicts a number, so no item is misclassified.")
