"""What `explore` and `show` print of an atlas."""

from typing import TYPE_CHECKING, Any

import typer

from ._console import print_table


if TYPE_CHECKING:
    from lossatlas.analysis import Summary


_SHOWN = 20  # points of each kind
_PLURALS = {
    "minimum": "minima",
    "new minimum": "new minima",
    "search": "searches",
    "failed guess": "failed guesses",
}
_LEFT_OUT = {
    "below_minimum": "with an energy below that of a minimum that they join",
    "no_energy": "whose energy is not known",
}


def print_summary(summary: "Summary") -> None:
    """Print the lowest points of each kind, and how far the exploration got."""
    minima, states = summary.minima, summary.transition_states
    known = summary.exploration is not None  # imported atlases have no hits
    _print_points(
        minima,
        "minimum",
        ("id", "energy", "lowest eigenvalue", "orbit size", "hits", "degree"),
        lambda i: (
            _number(minima.lowest_eigenvalue[i], ".3e"),
            _number(minima.orbit_size[i], _size_form(minima)),
            str(minima.hits[i]) if known else "-",
            str(minima.degree[i]),
        ),
    )
    _print_points(
        states,
        "transition state",
        ("id", "energy", "negative eigenvalue", "orbit size", "between"),
        lambda i: (
            _number(states.negative_eigenvalue[i], ".3e"),
            _number(states.orbit_size[i], _size_form(states)),
            f"{states.minima[i, 0]} - {states.minima[i, 1]}",
        ),
    )
    components = len(summary.components)
    largest = max(map(len, summary.components), default=0)
    held = f", of which the largest holds {_count(largest, 'minimum')}" if components > 1 else ""
    typer.echo(f"{_count(components, 'connected component')}{held}")
    if summary.exploration is not None:
        _print_searches(summary, summary.exploration)


def print_flags(summary: "Summary", *, err: bool = False) -> None:
    """Print how many minima lie on kinks, and how many transition states analyses leave out, if any."""
    if summary.kinks:
        typer.echo(
            f"on kinks of the loss: {summary.kinks} of {len(summary.minima)} minima, which have neither "
            "eigenvalues nor a log-product",
            err=err,
        )
    for flag, ids in summary.left_out.items():
        typer.echo(
            f"left out of analyses: {len(ids)} of {len(summary.transition_states)} transition states, "
            f"{_LEFT_OUT[flag]} (first: number {ids[0]})",
            err=err,
        )


def certificate(census: dict[str, Any]) -> str:
    """Return the Morse sum of a census, the expected one, and whether they agree, in words."""
    if census["expected"] is None:
        return f"Morse sum {census['morse_sum']}; the expected one is not known"
    sums = f"Morse sum {census['morse_sum']}, expected {census['expected']}"
    if census["consistent"]:
        return f"{sums}: consistent"
    return f"{sums}: NOT consistent: points are missing or degenerate"


def _print_points(points, noun: str, columns, cells) -> None:
    """Print a table of the points of lowest energy."""
    import numpy as np

    order = np.argsort(points.energy, kind="stable")[:_SHOWN]
    shown = f", the lowest {len(order)}" if len(order) < len(points) else ""
    rows = [(str(points.id[i]), f"{points.energy[i]:.12f}", *cells(i)) for i in order]
    print_table(f"{_count(len(points), noun)}{shown}", columns, rows)


def _print_searches(summary: "Summary", state: dict[str, Any]) -> None:
    """Print the coverage, what the last rounds found, and how the exploration ended."""
    typer.echo(f"random starts: {summary.coverage}")
    others = len(summary.minima) - summary.coverage.reached
    if others:
        typer.echo(f"other searches found {_count(others, 'minimum')} that no random start reached")
    rounds = state.get("rounds", [])
    if rounds:  # older files have no list of rounds
        searches, minima, states = (
            sum(row[name] for row in rounds) for name in ("searches", "minima", "transition_states")
        )
        by_round = ", ".join(f"{row['minima']}+{row['transition_states']}" for row in rounds)
        by_round = f" ({by_round})" if minima + states else ""
        typer.echo(
            f"last {_count(len(rounds), 'round')} ({_count(searches, 'search')}): "
            f"{_count(minima, 'new minimum')}, {_count(states, 'new transition state')}{by_round}"
        )
    typer.echo(
        f"{_count(summary.searches, 'search')}, {_count(summary.failed, 'failed guess')} "
        "(`lossatlas show` says how)"
    )
    typer.echo(summary.ending)


def _size_form(points) -> str:
    """Return the format of orbit sizes; an import has them up to a factor, as 1 / point-group order."""
    return ".4g" if any(order is not None for order in points.point_group_order) else ".0f"


def _number(value: Any, form: str) -> str:
    """Return a number, or a dash where it is not known."""
    return f"{value:{form}}" if value == value else "-"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else _PLURALS.get(noun, noun + 's')}"
