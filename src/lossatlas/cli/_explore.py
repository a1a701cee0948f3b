"""`lossatlas explore`: map a landscape, print a table, write the atlas and a picture."""

import re
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from . import _landscape as options
from ._console import print_table, progress_bar


DEFAULT_LIMIT = 150.0


def explore(
    name: options.Name,
    table: options.TablePath = None,
    hidden: options.Hidden = None,
    l2: options.L2 = None,
    activation: options.Activation = None,
    target: options.Target = None,
    task: options.Task = None,
    size: options.Size = None,
    order: options.Order = None,
    coefficients: options.Coefficients = None,
    disorder: options.Disorder = None,
    seed: Annotated[int, typer.Option(help="Same seed, same atlas.")] = 0,
    time_limit: Annotated[
        str | None,
        typer.Option(help="Such as 90, 120s, 5m or 2h; none for no limit. (default: 150s)"),
    ] = None,
    evaluations: Annotated[
        int | None, typer.Option(help="Stop after this many gradients and Hessians.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Threads. (default: one per core)")] = None,
    memory: options.Memory = None,
    out: Annotated[Path | None, typer.Option(help="The atlas. (default: LANDSCAPE.atlas)")] = None,
) -> None:
    """Map a landscape: minima, transition states, how they connect; write the atlas and a PNG beside it.

    Running the same command again continues where it stopped.
    """
    seconds = _seconds(time_limit)
    options.limit_memory(memory)
    from lossatlas.exploration import Budget
    from lossatlas.exploration import explore as run

    landscape, recognised = options.build(
        name,
        table=table,
        hidden=hidden,
        l2=l2,
        activation=activation,
        target=target,
        task=task,
        size=size,
        order=order,
        coefficients=coefficients,
        disorder=disorder,
    )
    if recognised:
        typer.echo(recognised)
    out = out or Path(f"{(table or Path(name)).stem}.atlas")
    if out.suffix.lower() in (".png", ".svg", ".pdf"):
        raise ValueError(f"--out names the atlas, such as {out.stem}.atlas; the picture goes beside it.")
    budget = Budget(seconds=seconds, evaluations=evaluations)
    with progress_bar(f"compiling the searches for {landscape.dimension} variables") as update:

        def report(p) -> None:
            done = p.quiet / p.patience if p.phase == "network" else 0.0
            left = p.seconds / seconds if seconds else 0.0
            update(
                f"{p.minima} minima, {p.transition_states} transition states, "
                f"{p.searches} searches ({p.phase})",
                min(1.0, max(done, left)),
            )

        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", UserWarning)
            atlas = run(landscape, out, budget=budget, seed=seed, progress=report, workers=workers)
    for warning in said:
        sys.stderr.write(f"lossatlas: {warning.message}\n")
    with atlas:
        picture = out.with_suffix(".png")
        _print_summary(atlas)
        drawn = _draw(atlas, picture)
        typer.echo(f"atlas    {out}")
        if drawn:
            typer.echo(f"picture  {picture}")
        if not len(atlas.minima):
            raise ValueError("No minimum was found; `lossatlas show` says how the searches ended.")


def _seconds(text: str | None) -> float | None:
    if text is None:
        return DEFAULT_LIMIT
    if text.strip().lower() == "none":
        return None
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(s|m|min|h)?\s*", text)
    if match is None or float(match[1]) == 0:
        raise ValueError(f"--time-limit takes a positive time such as 120s, 5m or 2h, got {text!r}.")
    return float(match[1]) * {"s": 1, "m": 60, "min": 60, "h": 3600}[match[2] or "s"]


def _print_summary(atlas) -> None:
    import numpy as np

    from lossatlas.analysis import coverage

    minima, states = atlas.minima, atlas.transition_states
    state = atlas.get_state("exploration", None)
    estimate = coverage(minima.hits)
    degree = minima.degree
    order = np.argsort(minima.energy, kind="stable")[:20]
    shown = f", the lowest {len(order)}" if len(order) < len(minima) else ""
    print_table(
        f"{_count(len(minima), 'minimum')}{shown}",
        ("id", "energy", "lowest eigenvalue", "orbit size", "hits", "degree"),
        [
            (
                str(minima.id[i]),
                f"{minima.energy[i]:.12f}",
                _known(minima.lowest_eigenvalue[i], ".3e"),
                _known(minima.orbit_size[i], ".0f"),
                str(minima.hits[i]),
                str(degree[i]),
            )
            for i in order
        ],
    )
    order = np.argsort(states.energy, kind="stable")[:20]
    shown = f", the lowest {len(order)}" if len(order) < len(states) else ""
    print_table(
        f"{_count(len(states), 'transition state')}{shown}",
        ("id", "energy", "negative eigenvalue", "orbit size", "between"),
        [
            (
                str(states.id[i]),
                f"{states.energy[i]:.12f}",
                _known(states.negative_eigenvalue[i], ".3e"),
                _known(states.orbit_size[i], ".0f"),
                f"{states.minima[i, 0]} - {states.minima[i, 1]}",
            )
            for i in order
        ],
    )
    typer.echo(_count(len(atlas.components), "connected part"))
    if state is None:
        return  # an import: nobody knows how it was searched
    failed = sum(sum(counts.values()) for counts in atlas.failures.values())
    typer.echo(
        f"random starts: Good-Turing coverage {estimate.good_turing:.4f}, Chao1 estimate "
        f"{estimate.chao1:.1f} minima within their reach"
    )
    typer.echo(
        f"{_count(atlas.count('searches'), 'search')}, {_count(failed, 'failed guess')} "
        "(`lossatlas show` says how)"
    )
    if state["phase"] == "complete":
        typer.echo("complete: the last searches brought nothing new")
    else:
        typer.echo("not complete: it was stopped before; run the same command again to go on")


def _known(value: float, form: str) -> str:
    """An import does not bring every column."""
    return f"{value:{form}}" if value == value else "-"


def _count(number: int, noun: str) -> str:
    plural = {"minimum": "minima", "search": "searches", "failed guess": "failed guesses"}
    return f"{number} {noun if number == 1 else plural.get(noun, noun + 's')}"


def _draw(atlas, picture: Path) -> bool:
    if not len(atlas.minima):
        return False
    from ._graph import draw

    draw(atlas, picture)
    return True
