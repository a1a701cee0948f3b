"""`lossatlas descend`: the energies that training reaches, from random starts on many draws."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import _landscape as options
from ._console import print_table, progress_bar
from ._report import AsCsv, AsJson, Plot, print_result, save_plot


if TYPE_CHECKING:
    from lossatlas.recipes import DescentSummary, Reached


@options.with_landscape_options
def descend(
    name: options.Name,
    given: dict,
    *,
    methods: Annotated[
        str | None,
        typer.Option(help="Of gradient, lbfgs and hopping, with commas between. (default: all)"),
    ] = None,
    vary: Annotated[
        str | None,
        typer.Option(
            metavar="KEY=V1,V2",
            help="One option of the landscape and its values, such as size=10,20 or 'hidden=5,5;10'.",
        ),
    ] = None,
    draws: Annotated[
        int | None,
        typer.Option(help="Draws of the coefficients or data. (default: 10; 1 where nothing is drawn)"),
    ] = None,
    starts: Annotated[int | None, typer.Option(help="Random starts on each draw. (default: 100)")] = None,
    step: Annotated[
        float | None,
        typer.Option(help="Step of gradient descent, for variables of order 1. (default: 0.1)"),
    ] = None,
    chains: Annotated[
        int | None, typer.Option(help="Chains of basin-hopping on each draw. (default: 4)")
    ] = None,
    hops: Annotated[int | None, typer.Option(help="Hops of a chain. (default: 24)")] = None,
    temperature: Annotated[
        float | None,
        typer.Option(help="kT of basin-hopping, for variables of order 1. (default: 1)"),
    ] = None,
    hop_length: Annotated[
        float | None,
        typer.Option(help="Standard deviation of the longest hops. (default: as the point's variables)"),
    ] = None,
    max_steps: Annotated[int | None, typer.Option(help="Gradients of a descent. (default: 20000)")] = None,
    tolerance: Annotated[
        float | None, typer.Option(help="Rms gradient at which a descent ends. (default: 1e-6)")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of starts and hops. (default: 0)")] = None,
    workers: Annotated[int | None, typer.Option(help="Threads. (default: one per core)")] = None,
    memory: options.Memory = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Keep every descent in this CSV file; the same command goes on with it."),
    ] = None,
    plot: Plot = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Descend from random starts by several methods and compare the energies that are reached.

    Nothing is polished: what counts is where training ends. A file (--out) can be extended by more values,
    draws and methods; the table is of all that it holds of the values named.
    """
    asked: dict[str, Any] = {
        "methods": None if methods is None else tuple(part.strip() for part in methods.split(",")),
        **{"draws": draws, "starts": starts, "step": step, "chains": chains, "hops": hops},
        **{"temperature": temperature, "hop_length": hop_length, "max_steps": max_steps},
        **{"tolerance": tolerance, "seed": seed},
    }
    options.limit_memory(memory)
    if as_json and as_csv:
        raise ValueError("Choose one of --json and --csv.")
    from lossatlas.recipes import (
        RecipeError,
        read_descent_settings,
        read_family,
        run_descents,
        summarise_descents,
    )

    options.recipe_of(name, given)
    try:
        family = read_family({"landscape": name, **given}, vary)
    except RecipeError as error:
        raise ValueError(f"--vary: {error.named(error.key)}") from None
    try:
        settings = read_descent_settings({key: value for key, value in asked.items() if value is not None})
    except RecipeError as error:
        raise ValueError(error.named(f"--{error.key.replace('_', '-')}")) from None
    with progress_bar("building the landscapes") as update:
        runs = run_descents(family, settings, file=out, workers=workers, report=update)
    summary = summarise_descents(family, runs)
    print_result(
        as_json,
        as_csv,
        record=lambda: _record(summary),
        columns=summary.to_columns,
        table=lambda: _print(summary),
    )
    save_plot(plot, lambda: _draw(summary))


def _record(summary: "DescentSummary") -> dict[str, Any]:
    import dataclasses

    return {
        "rows": summary.to_columns(),
        "levels": {part.value: part.unit.levels for part in summary.reached},
        "exponents": {name: dataclasses.asdict(fit) for name, fit in summary.exponents().items()},
    }


def _print(summary: "DescentSummary") -> None:
    print_table(
        "energies reached",
        (
            *(summary.key or "landscape", "method", "unit", "mean", "variance", "between draws"),
            *("best", "median", "converged", "gradients per start"),
        ),
        [_row(part) for part in summary.reached],
    )
    typer.echo("+- standard errors over draws; converged: descents, for hopping its quenches")
    for part in summary.reached:
        if part.lost:
            hint = "; try a smaller --step" if part.method == "gradient" else ""
            which = f"{summary.key} {part.value}, {part.method}".strip()
            typer.echo(f"{which}: {part.lost} of {part.descents} descents diverged and are left out{hint}")
    for method, fit in summary.exponents().items():
        scatter = f", chi^2 {fit.chi_squared:.2g} per degree of freedom" if fit.chi_squared >= 0 else ""
        typer.echo(f"variance, {method}: {summary.key}^({fit.exponent:.3f} +- {fit.error:.3f}){scatter}")
    levels = {part.value: part.unit.levels for part in summary.reached if part.unit.levels}
    for value, known in levels.items() if summary.levels is None else [("", summary.levels)]:
        if known:
            said = ", ".join(f"{name} = {level:.4f}" for name, level in known.items())
            typer.echo(f"theory of large ones{f', {summary.key} {value}' if value else ''}: {said}")


def _row(part: "Reached") -> tuple[str, ...]:
    import math

    import numpy as np

    spread = part.spread
    counts = f"{part.converged}/{part.descents}", f"{part.gradients:.1f}"
    first = part.value or "-", part.method, part.unit.label
    if spread is None:
        return (*first, "-", "-", "-", "-", "-", *counts)
    known = lambda value: "" if math.isnan(value) else f"{value:.2e}"
    error = lambda value: "" if math.isnan(value) else f" +- {value:.1g}"
    return (
        *first,
        f"{spread.mean:.5g}{error(spread.mean_error)}",
        f"{known(spread.variance)}{error(spread.variance_error)}",
        known(spread.between),
        f"{spread.best:.6g}",
        f"{np.median(part.energy):.5g}",
        *counts,
    )


def _draw(summary: "DescentSummary") -> Any:
    """Draw histograms, against a number also variance and mean, and hops beside independent quenches."""
    import matplotlib.pyplot as plt

    from lossatlas.plots import (
        plot_best_energy,
        plot_energy_histograms,
        plot_energy_mean,
        plot_energy_variance,
    )

    unit = summary.reached[0].unit
    names = {"-E_inf": "$-E_\\infty$", "-E_0": "$-E_0$", "H/sqrt(N)": "$H/\\sqrt{N}$"}
    levels = {names[name]: value for name, value in (summary.levels or {}).items()}
    label, key = names.get(unit.label, unit.label), summary.key
    panels: list[Any] = []
    for method in [name for name in summary.methods if name != "hopping"] or summary.methods:
        energies = {part.value or unit.label: part.energy[:0] for part in summary.reached}
        energies |= {part.value or unit.label: part.energy for part in summary.of(method)}
        if any(map(len, energies.values())):
            title = f"{method}, {key}" if key else method
            panels.append(
                lambda ax, energies=energies, title=title: plot_energy_histograms(
                    energies, levels=levels, label=label, title=title, ax=ax
                )
            )
    mean, variance = _against(summary, "mean"), _against(summary, "variance")
    if any(len(x) > 1 for x, _, _ in mean.values()):
        panels.append(
            lambda ax: plot_energy_mean(mean, levels=levels, label=key, energy_label=label, ax=ax)
        )
    if any(len(x) > 1 for x, _, _ in variance.values()):
        panels.append(lambda ax: plot_energy_variance(variance, fits=summary.exponents(), label=key, ax=ax))
    if "hopping" in summary.methods and len(summary.methods) > 1:
        curves: dict[str, dict[str, Any]] = {}
        for part in summary.reached:
            if part.best.shape[1] > 1 and part.method in ("lbfgs", "hopping"):
                curves.setdefault(part.value or unit.label, {})[part.method] = part.best
        panels.append(lambda ax: plot_best_energy(curves, levels=levels, label=label, title=key, ax=ax))
    if not panels:
        raise ValueError("No descent reached an energy, so there is nothing to draw.")
    columns = min(len(panels), 2)
    rows = -(-len(panels) // columns)
    figure = plt.figure(figsize=(4.6 * columns, 3.5 * rows), layout="constrained")
    for place, panel in enumerate(panels, start=1):
        panel(figure.add_subplot(rows, columns, place))
    return figure


def _against(summary: "DescentSummary", what: str) -> dict[str, tuple[list, list, list]]:
    """Return values of the key that are numbers, the mean or the variance there, and errors, by method."""
    from lossatlas.recipes import number_of

    points: dict[str, tuple[list, list, list]] = {}
    for part in summary.reached:
        spread, x = part.spread, number_of(part.value)
        if spread is None or not getattr(spread, f"{what}_error") > 0 or not x > 0:
            continue
        row = x, getattr(spread, what), getattr(spread, f"{what}_error")
        for column, entry in zip(points.setdefault(part.method, ([], [], [])), row):
            column.append(entry)
    return points
