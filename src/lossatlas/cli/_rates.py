"""`lossatlas rates`: rate constants, first-passage times and paths between two sets of minima."""

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from ._console import print_table
from ._report import (
    AsCsv,
    AsJson,
    Plot,
    at_each,
    number_from_log,
    print_failures,
    print_result,
    print_shallow,
    read_ids,
    read_network_and_sets,
    read_temperatures,
    save_plot,
)


_PRINTED = ("rate", "mfpt", "mean_rate", "steady_state_rate", "non_steady_state_rate")
_LISTS = ("unconnected", "committor", "log_committor", "shares", "log_shares")  # of a row: in JSON alone

_DRAWN = 680.0  # ln of the longest time of a picture


def rates(
    file: Annotated[Path, typer.Argument(help="The atlas.")],
    source: Annotated[
        str, typer.Option("--from", help="Ids of minima, such as 1,2,7-9, or sets by name, such as A,17.")
    ],
    target: Annotated[str, typer.Option("--to", help="Other minima.")],
    kt: Annotated[str, typer.Option("--kt", help="Temperatures, loss units: 0.1,0.2 or LOW:HIGH:COUNT.")],
    paths: Annotated[
        int | None, typer.Option(help="Number of fastest paths to list. (default: 1 for one temperature)")
    ] = None,
    monte_carlo: Annotated[
        int, typer.Option(help="Trajectories of kinetic Monte Carlo, to check with.")
    ] = 0,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    plot: Plot = None,
) -> None:
    """Compute rates from one set of minima to another, by graph transformation."""
    network, sets = read_network_and_sets(file)
    start = read_ids(source, "--from", len(network), sets)
    end = read_ids(target, "--to", len(network), sets)
    common = sorted(set(start.tolist()) & set(end.tolist()))
    if common:
        raise ValueError(f"--from and --to must not overlap; both name minimum {common[0] + 1}.")
    temperatures = read_temperatures(kt)
    paths = int(len(temperatures) == 1) if paths is None else paths
    if paths < 0 or monte_carlo < 0:
        raise ValueError("--paths and --monte-carlo must not be negative.")
    found, errors = at_each(temperatures, lambda t: _at(network, t, start, end, paths, monte_carlo))
    rows = _rows(temperatures, found, errors)
    good = [one for one in found if one is not None]
    hidden = {*_LISTS, "paths"}
    print_result(
        as_json,
        as_csv,
        record=lambda: _record(rows),
        columns=lambda: {name: [row[name] for row in rows] for name in rows[0] if name not in hidden},
        table=lambda: _print(network, rows, good, len(start)),
    )
    save_plot(plot, lambda: _draw(good, start, end))


def _at(network, kt: float, start, end, paths: int, monte_carlo: int) -> tuple[dict[str, Any], Any, Any]:
    """Return numbers at one temperature, the fastest paths and the rates themselves."""
    from lossatlas.analysis.kinetics import (
        fastest_paths,
        first_passage,
        kinetic_monte_carlo,
        rate_network,
    )

    rates = rate_network(network, kt)
    passage = first_passage(rates, start, end)
    row: dict[str, Any] = {"kt": kt}
    for name in _PRINTED:
        row |= {name: getattr(passage, name), f"log_{name}": getattr(passage, f"log_{name}")}
    row["unconnected"] = (passage.unconnected + 1).tolist()
    row |= {name: getattr(passage, name) for name in _LISTS[1:]}
    if monte_carlo and not len(passage.unconnected):
        drawn = kinetic_monte_carlo(rates, start, end, trajectories=monte_carlo)
        row |= {
            "monte_carlo_mfpt": drawn.mfpt,
            "monte_carlo_error": drawn.standard_error,
            "log_monte_carlo_mfpt": drawn.log_mfpt,
            "monte_carlo_relative_error": drawn.relative_error,
        }
    return row, fastest_paths(rates, start, end, count=paths) if paths else [], rates


def _rows(temperatures, found, errors) -> list[dict[str, Any]]:
    """Return one record per temperature; where that failed, all but kT and `error` is None."""
    names = dict.fromkeys(name for one in found if one is not None for name in one[0])
    rows = []
    for kt, one, error in zip(temperatures.tolist(), found, errors):
        rows.append(
            {**dict.fromkeys(names), "kt": kt, **(one[0] if one else {}), "paths": None, "error": error}
        )
        if one is not None:
            rows[-1]["paths"] = [
                {"minima": path.states + 1, "log_probability": path.log_probability} for path in one[1]
            ]
    return rows


def _record(rows) -> dict[str, Any]:
    """Return JSON: numbers for one temperature, lists over the temperatures for several."""
    return rows[0] if len(rows) == 1 else {name: [row[name] for row in rows] for name in rows[0]}


def _print(network, rows, found, count: int) -> None:
    print_table(
        "rate constants",
        ("kT", *(name.replace("_", " ") for name in _PRINTED)),
        [
            (
                f"{row['kt']:.6g}",
                *("failed" if row["error"] else number_from_log(row[f"log_{name}"]) for name in _PRINTED),
            )
            for row in rows
        ],
    )
    print_failures([row["kt"] for row in rows], [row["error"] for row in rows])
    for row, paths, _ in found:
        if "monte_carlo_mfpt" in row:
            error = row["log_monte_carlo_mfpt"] + math.log(row["monte_carlo_relative_error"])
            typer.echo(
                f"kT {row['kt']:.6g}: kinetic Monte Carlo gives a first-passage time of "
                f"{number_from_log(row['log_monte_carlo_mfpt'])} +- {number_from_log(error)}"
            )
        for path in paths:
            steps = " - ".join(str(state + 1) for state in path.states)
            typer.echo(f"kT {row['kt']:.6g}: path {steps}, ln probability {path.log_probability:.6g}")
    stranded = found[0][0]["unconnected"]
    if len(stranded) == count:
        typer.echo("no known path leads from the first set to the second")
    elif stranded:
        typer.echo(
            f"no known path leads from {len(stranded)} of the first set to the second (first: minimum "
            f"{stranded[0]}); numbers are of the others"
        )
    print_shallow(network, [row["kt"] for row, _, _ in found])


def _draw(found, start, end) -> Any:
    """Draw the occupation over time for one temperature, rates against 1 / kT for several."""
    import numpy as np

    from lossatlas.analysis.kinetics import evolve
    from lossatlas.plots import plot_arrhenius, plot_evolution

    if len(found) > 1:
        kt = np.array([row["kt"] for row, _, _ in found])
        logs = np.array([row["log_rate"] for row, _, _ in found])
        return plot_arrhenius(kt, {"rate": logs}, log=True)
    row, _, rates = found[0]
    if not row["log_rate"] > -np.inf:
        raise ValueError("The rate is zero, so there is nothing to draw.")
    fastest = float(rates.branching()[3].max())
    ends = np.log(0.1) - fastest, np.log(300) + row["log_mfpt"]
    if np.abs(ends).max() > _DRAWN:
        raise ValueError(
            f"The times, {number_from_log(ends[0])} to {number_from_log(ends[1])}, are beyond the range of "
            "floats, so the occupation cannot be drawn."
        )
    times = np.exp(np.linspace(*ends, 120))
    sets = {_name("from", start): start, _name("to", end): end}
    return plot_evolution(evolve(rates, rates.equilibrium(start), times), sets)


def _name(side: str, states) -> str:
    return f"minimum {states[0] + 1}" if len(states) == 1 else f"{side}: {len(states)} minima"
