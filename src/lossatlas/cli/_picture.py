"""`lossatlas picture`: what minima are worth as models, in pictures of one atlas or of several."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ._graph import check_judged


Kind = Literal["boxes", "curve", "graphs", "misclassification", "distances", "networks", "fits"]


def picture(
    kind: Annotated[
        Kind,
        typer.Argument(
            help="boxes, curve, graphs of several atlases; misclassification, distances, networks, "
            "fits of one."
        ),
    ],
    files: Annotated[list[Path], typer.Argument(help="Atlases, evaluated before.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Picture: .png, .svg or .pdf.")],
    metric: Annotated[str, typer.Option(help="Metric of boxes, curve and graphs.")] = "auc",
    by: Annotated[
        str | None,
        typer.Option(help="Setting that atlases are told apart by. (default: those in which they differ)"),
    ] = None,
    shared: Annotated[bool, typer.Option("--shared", help="Graphs on one energy axis.")] = False,
) -> None:
    """Draw metrics against a setting, graphs in a row, distances between models, networks, fits."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from lossatlas.plots import save_picture

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
        save_picture(drawn, out)
    finally:
        plt.close(drawn)
    typer.echo(f"picture  {out}")


def _boxes(files: list[Path], metric: str, by: str | None) -> Any:
    from lossatlas.plots import column_label, plot_metric_boxes

    names, heading = _labels(files, by)
    parts = _parts(files, metric)
    found = [_metric(files, f"{part}_{metric}") for part in parts]
    second, second_marked = found[1] if len(found) > 1 else (None, None)
    return plot_metric_boxes(
        found[0][0],
        names,
        second=second,
        names=(parts[0], parts[-1]),
        marked=found[0][1],
        second_marked=second_marked,
        xlabel=heading,
        ylabel=column_label(metric),
    ).figure


def _curve(files: list[Path], metric: str, by: str | None) -> Any:
    import numpy as np

    from lossatlas.plots import column_label, plot_metric_curve

    names, heading = _labels(files, by)
    try:
        s = np.array([float(name) for name in names])
    except ValueError:
        raise ValueError(f"A curve needs numbers, but {heading} is {', '.join(names)}.") from None
    order = np.argsort(s, kind="stable")
    parts = _parts(files, metric)
    found = [_metric([files[i] for i in order], f"{part}_{metric}")[0] for part in parts]
    mean = np.array([[np.nanmean(values) for values in groups] for groups in found]).T
    spread = np.array([[np.nanstd(values) for values in groups] for groups in found]).T
    return plot_metric_curve(
        s[order], mean, spread=spread, labels=parts, xlabel=heading, ylabel=column_label(metric)
    ).figure


def _graphs(files: list[Path], metric: str, by: str | None, shared: bool) -> Any:
    """Draw the connected part of every global minimum."""
    import numpy as np

    from lossatlas.atlas import Atlas
    from lossatlas.plots import atlas_tree, column_label, plot_graphs

    names, heading = _labels(files, by) if len(files) > 1 else ([files[0].stem], "")
    keys = heading.split(", ")
    part = _parts(files, metric)[0]
    trees, titles, colours = [], [], []
    for file, name in zip(files, names):
        with Atlas(file, readonly=True) as atlas:
            whole, minima = atlas_tree(atlas), atlas.minima
        tree = whole.where(whole.component == 0)
        trees.append(tree)
        colours.append(minima[f"{part}_{metric}"][np.isin(minima.id, tree.ids)])
        title = ", ".join(map(" ".join, zip(keys, name.split(", ")))) if heading else name
        few = f" of {len(whole)}" if len(tree) < len(whole) else ""
        titles.append(f"{title}\n{len(tree)}{few} minima")
    text = f"{part} {column_label(metric)}"
    return plot_graphs(trees, titles, colours=colours, colour_label=text, share_energy=shared)[0].figure


def _misclassification(file: Path) -> Any:
    from lossatlas.analysis import misclassification_distances
    from lossatlas.plots import plot_misclassification
    from lossatlas.recipes import judge_atlas

    part, wrong = _wrong(judge_atlas(file), file)
    if len(wrong) < 2:
        raise ValueError(f"{file} holds one minimum; distances need two.")
    ids = [str(1 + row) for row in range(len(wrong))]
    text = "fraction misclassified by one of two alone"
    ax = plot_misclassification(misclassification_distances(wrong), labels=ids, colour_label=text)
    ax.set_title(f"{file.stem}: {len(wrong)} minima, {wrong.shape[1]} {part} items")
    return ax.figure


def _distances(file: Path) -> Any:
    from lossatlas.analysis import misclassification_distances, parameter_distances
    from lossatlas.atlas import Atlas
    from lossatlas.plots import plot_distance_density
    from lossatlas.recipes import judge_atlas, problem_of

    _, wrong = _wrong(judge_atlas(file), file)
    with Atlas(file, readonly=True) as atlas:
        x = atlas.minima.x
    distances = parameter_distances(problem_of(file).landscape.symmetry, x)
    axes = plot_distance_density(misclassification_distances(wrong), distances.aligned, distances.plain)
    return axes[0].figure


def _networks(file: Path) -> Any:
    import numpy as np

    from lossatlas.atlas import Atlas
    from lossatlas.plots import plot_networks

    model, data = _model_of(file)
    with Atlas(file, readonly=True) as atlas:
        minima = atlas.minima
    order = np.argsort(minima.energy, kind="stable")[:12]
    maps = model.features == 2 and model.classes is not None
    x, energy = minima.x[order], minima.energy[order]
    return plot_networks(model, x, energy, maps=maps, data=data if maps else None).flat[0].figure


def _fits(file: Path) -> Any:
    import numpy as np

    from lossatlas.atlas import Atlas
    from lossatlas.plots import plot_fits

    model, data = _model_of(file)
    with Atlas(file, readonly=True) as atlas:
        minima = atlas.minima
    order = np.argsort(minima.energy, kind="stable")[:9]
    return plot_fits(model, minima.x[order], minima.energy[order], data=data)[0].figure


def _model_of(file: Path) -> tuple[Any, Any]:
    """Return the model that the minima of an atlas are points of, and the data that it learnt from."""
    from lossatlas.landscapes import check_model
    from lossatlas.recipes import problem_of

    problem = problem_of(file)
    try:
        return check_model(problem.landscape), problem.training
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


def _wrong(metrics, file: Path):
    """Return what the minima get wrong: test items, or training items where there are no others."""
    for part in ("test", "training"):
        if part in metrics.misclassified:
            return part, metrics.misclassified[part]
    raise ValueError(f"{file} predicts a number, so no item is misclassified.")


def _parts(files: list[Path], metric: str) -> list[str]:
    """Return the parts of the data for which all atlases have the metric, test before training.

    **Raises:** `ValueError` if there is none.
    """
    from lossatlas.atlas import Atlas

    parts = ["test", "training"]
    for file in files:
        with Atlas(file, readonly=True) as atlas:
            check_judged(atlas)
            metrics = atlas.minima.quantities
        if f"training_{metric}" not in metrics:
            there = ", ".join(name.removeprefix("training_") for name in metrics if "training" in name)
            raise ValueError(f"{file} has no metric {metric!r}; there is {there}.")
        known = {name for name, values in metrics.items() if values[values == values].size}
        if f"training_{metric}" not in known:
            raise ValueError(f"The metric {metric!r} is not defined for the training data of {file}.")
        parts = [part for part in parts if f"{part}_{metric}" in known]
    return parts


def _metric(files: list[Path], name: str) -> tuple[list[Any], list[float]]:
    """Return the values of every atlas, and those at its global minimum."""
    import numpy as np

    from lossatlas.atlas import Atlas

    values, marks = [], []
    for file in files:
        with Atlas(file, readonly=True) as atlas:
            minima = atlas.minima
        values.append(np.asarray(minima[name], dtype=float))
        marks.append(float(values[-1][np.argmin(minima.energy)]))
    return values, marks


def _labels(files: list[Path], by: str | None) -> tuple[list[str], str]:
    """Return one label per atlas, from the settings in which their recipes differ, and the heading."""
    from lossatlas.atlas import Atlas
    from lossatlas.recipes import shown

    recipes = []
    for file in files:
        with Atlas(file, readonly=True) as atlas:
            state = atlas.log.get_state("exploration", None) or {}
            recipes.append({**(atlas.recipe or {}), "seed": state.get("seed")})
    if by is not None:
        missing = [file for file, recipe in zip(files, recipes) if by not in recipe]
        if missing:
            raise ValueError(f"{missing[0]} was explored without the setting {by!r}.")
        keys = [by]
    else:
        every = dict.fromkeys(key for recipe in recipes for key in recipe)
        keys = [key for key in every if len({str(recipe.get(key)) for recipe in recipes}) > 1]
    if not keys:
        return [file.stem for file in files], "atlas"
    names = [", ".join(shown(recipe.get(key, "-")) for key in keys) for recipe in recipes]
    return names, ", ".join(key.replace("_", " ") for key in keys)
