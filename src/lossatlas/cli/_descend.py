"""`lossatlas descend`: where descents from random starts end, before anything is polished."""

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import _landscape as options
from ._console import print_table
from ._report import AsCsv, AsJson, check_plot, print_result, save_plot


if TYPE_CHECKING:
    from lossatlas.searches import Descents


def descend(
    context: typer.Context,
    name: options.Name,
    *,
    method: Annotated[
        str | None,
        typer.Option(
            help="bfgs, lbfgs, or a minimiser with its settings, such as GradientDescent(rate=0.1) or "
            "my_package.HeavyBall(0.05). (default: as for explore)"
        ),
    ] = None,
    starts: Annotated[int, typer.Option(min=1, help="Number of random starts.")] = 100,
    max_gradients: Annotated[
        int | None,
        typer.Option(min=1, max=2**31 - 1, help="Gradients per descent at most. (default: 5000)"),
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option(help="Rms gradient at which a descent ends. (default: 1e-6)")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Seed of the starts.")] = 0,
    workers: Annotated[int | None, typer.Option(help="Threads. (default: one per core)")] = None,
    memory: options.Memory = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", callback=check_plot, help="Picture of the final energies: .png, .svg, .pdf."
        ),
    ] = None,
) -> None:
    """Descend from random starts and list where every descent ends.

    The ends are not polished and their index is not checked. So they are where training ends, also on
    losses whose minima are degenerate.
    """
    options.limit_memory(memory)
    if as_json and as_csv:
        raise ValueError("Choose one of --json and --csv.")
    import jax
    import numpy as np

    from lossatlas.analysis import to_json
    from lossatlas.searches import descend as run
    from lossatlas.searches.global_search import random_starts

    by = options.method_of(method)
    landscape = options.problem_of(name, options.given(context)).landscape
    points = random_starts(landscape, jax.random.key(seed), np.arange(starts), workers=workers)
    found = run(
        landscape, points, method=by, tolerance=tolerance, max_gradients=max_gradients, workers=workers
    )
    columns = _columns(found)
    printed: Any = SimpleNamespace(
        to_dict=lambda: to_json({"ends": columns, "outcomes": found.outcomes()}),
        to_columns=lambda: columns,
    )
    print_result(printed, as_json, as_csv, lambda: _print(found, columns))
    save_plot(out, lambda plots: _draw(name, found))


def _columns(found: "Descents") -> dict[str, Any]:
    """Return the columns of the table, which has a row per start."""
    import numpy as np

    own = found.to_columns()
    names = ("energy", "rms_gradient", "gradients", "outcome")
    return {"start": np.arange(len(found)), **{name: own[name] for name in names}}


def _usable(found: "Descents") -> Any:
    """Return a mask of the descents that converged or ran out of steps; the others diverged."""
    import numpy as np

    from lossatlas._results import RESULTS

    return np.isfinite(found.energy) & np.isin(found.outcome, (RESULTS.converged, RESULTS.max_steps))


def _print(found: "Descents", columns: dict[str, Any]) -> None:
    """Print the ends sorted by energy, and the number of descents with each outcome."""
    import numpy as np

    order = np.argsort(np.where(_usable(found), found.energy, np.inf), kind="stable")
    rows = [[values[row] for values in columns.values()] for row in order]
    print_table(
        "where descents end",
        [column.replace("_", " ") for column in columns],
        [(str(start), f"{e:.10g}", f"{rms:.2e}", str(n), end) for start, e, rms, n, end in rows],
    )
    typer.echo(", ".join(f"{name} {count}" for name, count in found.outcomes().items()))
    energy = found.energy[_usable(found)]
    if len(energy):
        typer.echo(f"energies {energy.min():.10g} to {energy.max():.10g}, median {np.median(energy):.10g}")


def _draw(name: str, found: "Descents") -> Any:
    from lossatlas import plots

    energy = found.energy[_usable(found)]
    if not len(energy):
        raise ValueError("Every descent diverged, so there is nothing to draw.")
    return plots.energy_histograms({name: energy})
