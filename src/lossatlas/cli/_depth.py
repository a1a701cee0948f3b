"""`lossatlas depth`: minima of shallow and deep networks, their distances and widths compared."""

from pathlib import Path
from typing import Annotated, Any

import typer

from . import _landscape as options
from ._console import print_table
from ._report import AsCsv, AsJson, Plot, check_plot, print_result, save_plot


DISTANCES = (
    "set",
    "activation",
    "layers",
    "minima",
    "distinct",
    "loss",
    "error",
    "plain",
    "aligned",
    "starts",
)
ENTROPIES = ("set", "activation", "layers", "entropy", "slope", "rank correlation", "zero", "negative")
_ELSE = {"unverified": "on kinks", "trivial": "constant"}  # ends that are no minima to compare


def depth(
    sets: Annotated[
        list[str],
        typer.Argument(
            metavar="SET...",
            help="Of boston, concrete, energy, power, wine_red, yacht, digits, iris, mnist, ljat3.",
        ),
    ],
    layers: Annotated[
        str, typer.Option(help="Numbers of hidden layers; first and last are compared.")
    ] = "2,6",
    nodes: Annotated[int, typer.Option(help="Nodes of each hidden layer.")] = 22,
    activations: Annotated[str, typer.Option(help="Of tanh, sigmoid, softplus, gelu, relu.")] = "relu,tanh",
    starts: Annotated[int, typer.Option(help="Random starts of each network.")] = 20,
    items: Annotated[int, typer.Option(help="Training items.")] = 300,
    l2: Annotated[float, typer.Option(help="L2 penalty lambda, above zero.")] = 3e-3,
    project: Annotated[
        int, typer.Option(help="Inputs after a linear map of the columns; 0 leaves them.")
    ] = 10,
    data_seed: Annotated[int, typer.Option(help="Seed of the items that are drawn, and of the map.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the random starts.")] = 0,
    max_steps: Annotated[int, typer.Option(help="Gradients of each descent.")] = 10_000,
    workers: Annotated[int | None, typer.Option(help="Threads. (default: one per core)")] = None,
    memory: options.Memory = None,
    out: Annotated[Path, typer.Option(help="Folder of the points that are found.")] = Path("depth"),
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    plot: Plot = None,
    plot_entropy: Annotated[
        Path | None, typer.Option(callback=check_plot, help="Draw the widths of minima against their loss.")
    ] = None,
) -> None:
    """Compare minima of shallow and deep networks: how far apart they are, and how wide at which loss.

    Running the same command again goes on where it was stopped; a larger --starts adds to what is there.
    Deep networks take long: begin with --starts 4.
    """
    options.limit_memory(memory)
    from lossatlas.plots import plot_depth_distances, plot_depth_entropy
    from lossatlas.recipes import RecipeError, depth_cells, run_depth

    if as_json and as_csv:
        raise ValueError("Choose one of --json and --csv.")
    if out.exists() and not out.is_dir():
        raise ValueError(f"--out names a folder, but {out} is a file.")
    depths = _numbers(layers)
    try:
        cells = depth_cells(
            sets,
            layers=depths,
            activations=[name.strip() for name in activations.split(",")],
            nodes=nodes,
            items=items,
            l2=l2,
            inputs=project or None,
            data_seed=data_seed,
        )
    except RecipeError as error:
        raise ValueError(error.named(f"--{error.key.replace('_', '-')}")) from None
    for cell in cells:
        cell.recipe.build()  # what does not fit is said before hours of work
    results = run_depth(
        cells,
        out,
        starts=starts,
        seed=seed,
        max_steps=max_steps,
        workers=workers,
        report=lambda line: typer.echo(line, err=True),
    )
    rows = [result.summary() for result in results]
    compared = _compared(rows, depths)
    print_result(
        as_json,
        as_csv,
        record=lambda: {
            "networks": rows,
            "compared": {key: vars(value) for key, value in compared.items()},
        },
        columns=lambda: {key: [row[key] for row in rows] for key in rows[0]},
        table=lambda: _print(rows, compared, depths),
    )
    distances = _panels(results, [result.distances for result in results])
    widths = _panels(results, [result.losses_and_entropies for result in results])
    save_plot(plot, lambda: plot_depth_distances(distances)[0])
    save_plot(plot_entropy, lambda: plot_depth_entropy(widths)[0])


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(f"--layers takes whole numbers such as 2,6, got {text!r}.") from None


def _panels(results: list, values: list) -> dict[str, dict[str, Any]]:
    """Sort one value per result by panel and group."""
    panels: dict[str, dict[str, Any]] = {}
    for result, value in zip(results, values):
        cell = result.cell
        panels.setdefault(f"{cell.data}, {cell.activation}", {})[f"{cell.layers} hidden layers"] = value
    return panels


def _compared(rows: list[dict[str, Any]], depths: list[int]) -> dict[str, Any]:
    """Compare the last depth with the first, over the sets of each activation."""
    import numpy as np

    from lossatlas.analysis import compare

    compared: dict[str, Any] = {}
    if len(depths) < 2:
        return compared
    for activation in dict.fromkeys(row["activation"] for row in rows):
        of = {
            depth: [row for row in rows if (row["activation"], row["layers"]) == (activation, depth)]
            for depth in (depths[0], depths[-1])
        }
        for key in ("plain", "aligned", "slope", "spearman"):
            pairs = zip(of[depths[0]], of[depths[-1]])
            differences = np.array([deep[key] - shallow[key] for shallow, deep in pairs])
            if np.isfinite(differences).any():
                compared[f"{activation} {key}"] = compare(differences)
    return compared


def _print(rows: list[dict[str, Any]], compared: dict[str, Any], depths: list[int]) -> None:
    print_table(
        "distances between the points found, over their norms (starts: aligned, between the random starts)",
        DISTANCES,
        [
            (
                *_names(row),
                _ended(row),
                str(row["distinct"]),
                _with_error(row["loss"], row["loss_sd"]),
                _known(row["error"], ".3g"),
                _with_error(row["plain"], row["plain_error"]),
                _with_error(row["aligned"], row["aligned_error"]),
                _known(row["starts_aligned"], ".3g"),
            )
            for row in rows
        ],
    )
    print_table(
        "entropy, -ln |det Hessian| per variable, and its slope against the loss",
        ENTROPIES,
        [
            (
                *_names(row),
                _known(row["entropy"], ".3f"),
                _with_error(row["slope"], row["slope_bootstrap_error"]),
                _known(row["spearman"], ".2f"),
                _known(row["zeros"], ".1f"),
                _known(row["negative"], ".1f"),
            )
            for row in rows
        ],
    )
    for name, found in compared.items():
        typer.echo(
            f"{name}, {depths[-1]} less {depths[0]} layers: {_with_error(found.mean, found.error)} over "
            f"the sets, median {found.median:.3g}; above zero in {found.positive} of {found.count} "
            f"(sign test p = {found.p_value:.2g})"
        )


def _names(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["set"], row["activation"], str(row["layers"])


def _ended(row: dict[str, Any]) -> str:
    """Say how many searches ended in minima, and in what else that is worth a word."""
    said = [f"{row['minima']}"]
    said += [f"{row[key]} {word}" for key, word in _ELSE.items() if row[key]]
    return f"{' + '.join(said)} of {row['starts']}"


def _with_error(value: float, error: float) -> str:
    if error != error:
        return _known(value, ".3g")
    return "-" if value != value else f"{value:.3g} \N{PLUS-MINUS SIGN} {error:.2g}"


def _known(value: float, form: str) -> str:
    return "-" if value != value else f"{value:{form}}"
