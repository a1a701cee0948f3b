"""Conversion of the points of an atlas to networkx, pandas and HTML."""

import html
from pathlib import Path
from typing import Any

from ._columns import AbstractColumns, Minima, TransitionStates


def to_networkx(minima: Minima, states: TransitionStates) -> Any:
    """Return a `networkx.MultiGraph`: nodes are minima, edges transition states, named by their ids.

    **Raises:** `ImportError` if networkx is not installed.
    """
    try:
        import networkx
    except ImportError as error:
        raise ImportError("to_networkx needs networkx: python -m pip install networkx.") from error
    graph = networkx.MultiGraph()
    nodes, edges = _scalars(minima), _scalars(states)
    for i, minimum in enumerate(minima.id.tolist()):
        graph.add_node(minimum, **{name: values[i] for name, values in nodes.items()})
    for i, (a, b) in enumerate(states.minima.tolist()):
        key = int(states.id[i])
        graph.add_edge(a, b, key=key, **{name: values[i] for name, values in edges.items()})
    return graph


def to_dataframe(minima: Minima, states: TransitionStates, table: str) -> Any:
    """Return one table as a `pandas.DataFrame` with the ids as index, without coordinates.

    **Raises:** `ValueError` for another table; `ImportError` if pandas is not installed.
    """
    if table not in ("minima", "transition_states"):
        raise ValueError(f"`table` must be 'minima' or 'transition_states', got {table!r}.")
    try:
        import pandas
    except ImportError as error:
        raise ImportError("to_dataframe needs pandas: python -m pip install pandas.") from error
    columns: AbstractColumns = minima if table == "minima" else states
    data = _scalars(columns)
    if isinstance(columns, TransitionStates):
        data["minimum_a"], data["minimum_b"] = columns.minima[:, 0], columns.minima[:, 1]
    return pandas.DataFrame(data, index=pandas.Index(columns["id"], name="id"))


def to_html(path: Path, landscape: dict[str, Any], minima: Minima, states: TransitionStates) -> str:
    """Return an HTML table that summarises the atlas, for notebooks."""
    rows = {
        **landscape,
        "minima": len(minima),
        "transition states": len(states),
        "lowest energy": f"{minima.energy.min():.10g}" if len(minima) else "none",
    }
    body = "".join(
        f"<tr><th>{html.escape(str(name))}</th><td>{html.escape(str(value))}</td></tr>"
        for name, value in rows.items()
    )
    return f"<table><caption>{html.escape(str(path))}</caption>{body}</table>"


def _scalars(columns: AbstractColumns) -> dict[str, Any]:
    """Return the columns with one number per point, except the id."""
    return {
        name: columns[name].copy()
        for name in columns.keys()
        if name != "id" and getattr(columns[name], "ndim", 0) == 1
    }
