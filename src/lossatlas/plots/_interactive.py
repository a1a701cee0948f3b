"""Write a disconnectivity graph as an interactive web page."""

import base64
import importlib.resources
import json
import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib.colors import to_hex

from lossatlas.analysis import DisconnectivityTree

from ._colours import GROUPS, NEUTRAL, sequential_map
from ._log_energy_axis import above_lowest, log_axis
from ._tree_colours import BRANCH, checked_colour, single_value
from ._tree_layout import find_bends, place_nodes


_PLACE_OF_DATA = "@DATA@"
_SHADES = 64  # number of colours of a scale; more could not be told apart


def write_interactive(
    tree: DisconnectivityTree,
    path: str | os.PathLike,
    *,
    columns: Mapping[str, Sequence | np.ndarray] | None = None,
    colour: str | None = None,
    labels: Sequence[str] | None = None,
    order: Literal["energy", "size", "centre"] = "centre",
    scale: Literal["linear", "log"] = "linear",
    ylabel: str = "energy",
    title: str = "Disconnectivity graph",
) -> None:
    """Write a disconnectivity graph as one HTML file, which needs no network and no server.

    The page lets one pan and zoom, read energy and columns of the minimum under the cursor, pin minima to
    compare them, search for a minimum by its label, and choose the column that gives the colours and the
    scale of the energy axis. `graph.html#minimum=LABEL` opens with that minimum pinned.

    **Arguments:**

    - `tree`: the tree to draw.
    - `path`: the .html file to write; an older file is replaced only when the new one is complete.
    - `columns`: a value per minimum by name of the column, shape (minima,) each, e.g. metrics. As for
        `colour` of `disconnectivity`, floats, and integers with more than ten different values, are shown
        on a scale; others are up to ten groups. NaN and empty texts are grey.
    - `colour`: name of the column that gives the colours when the page opens; default none.
    - `labels`: a text for each minimum, by which it can be searched for; default its id.
    - `order`: order of the branches, see `disconnectivity`.
    - `scale`: scale of the energy axis when the page opens, see `disconnectivity`.
    - `ylabel`: label of the energy axis.
    - `title`: title of the page.

    **Raises:** `ValueError` for another suffix, a folder that does not exist, columns or labels of a
    wrong length, more than ten groups, a `colour` that is not a column, and an unknown order or scale.
    """
    path, columns = _checked_path(path), dict(columns or {})
    n = len(tree)
    if scale not in ("linear", "log"):
        raise ValueError(f"`scale` must be linear or log, got {scale!r}.")
    if colour is not None and colour not in columns:
        raise ValueError(
            f"`colour` must be a column ({', '.join(columns) or 'there is none'}), got {colour!r}."
        )
    texts = [str(i) for i in tree.ids] if labels is None else [str(text) for text in labels]
    if len(texts) != n:
        raise ValueError(f"`labels` must have one text for each of {n} minima, got {len(texts)}.")
    place, _ = place_nodes(tree, order)
    lowest = float(tree.energy.min())
    data = {
        "title": title,
        "axis": ylabel,
        "scale": scale,
        "floor": log_axis(above_lowest(tree.energy, lowest)).floor,
        "labels": texts,
        "parent": _encoded(tree.parent, "<i4"),
        "energy": _encoded(tree.energy, "<f8"),
        "bend": None if tree.levels is None else _encoded(find_bends(tree), "<f8"),
        "place": _encoded(place, "<f4"),
        "columns": [_column(name, values, n) for name, values in columns.items()],
        "colour": -1 if colour is None else list(columns).index(colour),
        "shades": [to_hex(shade) for shade in sequential_map()(np.linspace(0.0, 1.0, _SHADES))],
        "groups": GROUPS,
        "neutral": NEUTRAL,
        "branch": BRANCH,
    }
    template = importlib.resources.files("lossatlas.plots").joinpath("interactive.html").read_text("utf-8")
    # No text can end the script element that holds the data, nor start a comment in it.
    text = json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    partial = path.with_name(f".{path.stem}-{uuid.uuid4().hex}.html")
    try:
        partial.write_text(template.replace(_PLACE_OF_DATA, text), "utf-8")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _checked_path(path: str | os.PathLike) -> Path:
    """Return the path; raises `ValueError` if no page can be written there."""
    path = Path(path)
    if path.suffix.lower() != ".html":
        raise ValueError(f"An interactive graph ends in .html, got {path.suffix or path.name!r}.")
    if not path.parent.is_dir():
        raise ValueError(f"The folder {path.parent} of the page {path.name} does not exist.")
    return path


def _column(name: str, values, n: int) -> dict[str, Any]:
    """Return a column as the page reads it: its values, or the numbers of its groups with their names."""
    try:
        checked, norm = checked_colour(np.asarray(values), n)
    except ValueError as error:
        raise ValueError(f"The column {name!r} cannot give colours: {error}") from None
    if checked is not None and norm is not None:
        column = {"name": str(name), "values": _encoded(checked, "<f8"), "limits": [norm.vmin, norm.vmax]}
        single = single_value(checked, sequential_map())
        return column if single is None else column | {"single": single.get_label()}
    groups, code = np.unique(np.asarray(values), return_inverse=True)
    names, code = [str(group) for group in groups], code.astype(float)
    if names[0] == "":  # the empty text sorts before all others
        names, code = names[1:], np.where(code == 0, np.nan, code - 1)
    return {"name": str(name), "values": _encoded(code, "<f8"), "groups": names}


def _encoded(values, kind: str) -> str:
    """Return an array in base64, little-endian."""
    return base64.b64encode(np.asarray(values).astype(kind).tobytes()).decode("ascii")
