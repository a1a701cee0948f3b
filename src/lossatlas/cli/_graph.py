"""`lossatlas graph`: draw the disconnectivity graph of an atlas."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ._report import read_ids


if TYPE_CHECKING:
    from lossatlas.analysis import DisconnectivityTree
    from lossatlas.atlas import Minima


Order = Literal["energy", "size", "centre"]

_COLUMNS = ("energy", "lowest_eigenvalue", "log_product", "orbit_size", "hits", "degree")


def graph(
    file: Annotated[Path, typer.Argument(help="The atlas.")],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Picture: .png, .svg or .pdf; or .html, to zoom in to.")
    ],
    colour: Annotated[str | None, typer.Option(help="Column of the minima to colour by.")] = None,
    order: Annotated[Order, typer.Option(help="Order of the branches.")] = "centre",
    x: Annotated[
        str | None,
        typer.Option("--x", help="Column of the minima on a horizontal axis, in place of an order."),
    ] = None,
    log: Annotated[
        bool, typer.Option("--log", help="Energy above the lowest minimum, on a logarithmic axis.")
    ] = False,
    levels: Annotated[
        int | None, typer.Option(help="Regular energy thresholds; default: the exact merge tree.")
    ] = None,
    labels: Annotated[bool, typer.Option(help="Write the id of each minimum.")] = False,
    labelled: Annotated[
        str | None, typer.Option("--label", help="Write these ids alone, such as 1,5,7-9.")
    ] = None,
    highlight: Annotated[
        list[str] | None,
        typer.Option(
            help="Minima to colour, such as 1,5,7-9, a named set, or NAME=1,5,7-9; may be given several "
            "times."
        ),
    ] = None,
    connected: Annotated[
        bool, typer.Option("--connected", help="Only what is connected to the global minimum.")
    ] = False,
    around: Annotated[int | None, typer.Option(help="Only what is joined to this minimum ...")] = None,
    below: Annotated[float | None, typer.Option(help="... below this energy.")] = None,
    lowest: Annotated[int | None, typer.Option(help="Only so many minima, the lowest (of these).")] = None,
    kt: Annotated[float | None, typer.Option("--kt", help="Free energies at this temperature.")] = None,
    regroup: Annotated[
        float | None,
        typer.Option(help="With --kt: lump minima that lower free-energy barriers separate."),
    ] = None,
) -> None:
    """Draw the disconnectivity graph."""
    from lossatlas.atlas import Atlas

    if levels is not None and levels < 1:
        raise ValueError(f"--levels must be at least 1, got {levels}.")
    with Atlas(file, readonly=True) as atlas:
        tree, branch, minimum = read_branches(atlas, levels, kt, regroup)
        n = len(branch)
        if around is not None:
            around = int(branch[read_ids(str(around), "--around", n)[0]]) + 1
        sets, named = (
            read_sets(highlight or [], n, dict(atlas.sets)),
            read_ids(labelled, "--label", n, dict(atlas.sets)) if labelled else labels,
        )
        # A group of minima is drawn as its most probable one.
        drawn_as = lambda ids: ids if isinstance(ids, bool) or ids is None else minimum[branch[ids]]
        tree, kept = choose(tree, connected, around, below, lowest)
        draw_tree(
            atlas,
            tree,
            minimum[kept],
            out,
            colour=colour,
            order=order,
            x=x,
            log=log,
            labels=drawn_as(named),
            highlight={name: drawn_as(ids) for name, ids in sets.items()}
            if isinstance(sets, dict)
            else drawn_as(sets),
            kt=kt,
            grouped=regroup is not None,
        )
    typer.echo(f"{'page' if out.suffix == '.html' else 'picture'}  {out}")


def draw(atlas, picture: Path) -> None:
    """Draw an atlas to a file."""
    import numpy as np

    draw_tree(atlas, read_tree(atlas), np.arange(len(atlas.minima)), picture)


def read_tree(atlas, levels: int | None = None) -> "DisconnectivityTree":
    """Return the tree of an atlas; minimum i has the id i + 1."""
    from lossatlas.analysis import disconnectivity, transition_network

    if not len(atlas.minima):
        raise ValueError("The atlas holds no minimum, so there is nothing to draw.")
    network = transition_network(atlas)  # whose messages name ids
    return disconnectivity(network.energies, network.ts_energies, network.ts_minima, levels=levels)


def read_branches(
    atlas, levels: int | None, kt: float | None, barrier: float | None
) -> tuple["DisconnectivityTree", Any, Any]:
    """Return a tree, the branch of every minimum of the atlas, and the minimum that stands for a branch."""
    import numpy as np

    from lossatlas.analysis import free_energy_disconnectivity, rate_network, regroup, transition_network

    if kt is None:
        if barrier is not None:
            raise ValueError("--regroup needs a temperature, --kt.")
        everything = np.arange(len(atlas.minima))
        return read_tree(atlas, levels), everything, everything
    if not (np.isfinite(kt) and kt > 0):
        raise ValueError(f"--kt must be a positive number, got {kt}.")
    rates = rate_network(transition_network(atlas), kt)
    free, heights = rates.free_energies()
    raised = np.zeros(len(rates), dtype=bool)
    for side in rates.pairs.T:
        raised[side[heights < free[side]]] = True
    if raised.any():
        typer.echo(
            f"{raised.sum()} of {len(rates)} minima lie above a transition state of theirs in free energy: "
            "the harmonic approximation ends there, and they are drawn to join at their own free energy",
            err=True,
        )
    if barrier is None:
        everything = np.arange(len(rates))
        return free_energy_disconnectivity(rates, levels=levels), everything, everything
    groups = regroup(rates, barrier)
    return (
        free_energy_disconnectivity(groups.network, levels=levels),
        groups.group,
        groups.representative,
    )


def choose(
    tree: "DisconnectivityTree",
    connected: bool,
    around: int | None,
    below: float | None,
    lowest: int | None,
) -> tuple["DisconnectivityTree", Any]:
    """Return the tree of the minima that the options of `graph` leave, and their numbers."""
    import numpy as np

    if (around is None) != (below is None):
        raise ValueError("--around ID and --below ENERGY need each other.")
    if lowest is not None and lowest < 1:
        raise ValueError(f"--lowest must be at least 1, got {lowest}.")
    n = len(tree)
    kept = tree.component == 0 if connected else np.ones(n, dtype=bool)
    if around is not None and below is not None:
        number = int(read_ids(str(around), "--around", n)[0])
        if below < tree.energy[number]:
            raise ValueError(f"--below {below:g} lies below minimum {around}, at {tree.energy[number]:g}.")
        kept &= np.isin(np.arange(n), tree.superbasin(number, below))
    numbers = np.flatnonzero(kept)
    if not numbers.size:
        raise ValueError(
            f"Minimum {around} is not connected to the global minimum: nothing is left to draw."
        )
    numbers = np.sort(numbers[np.argsort(tree.energy[numbers], kind="stable")[:lowest]])
    return (tree if len(numbers) == n else tree.subtree(numbers)), numbers


def read_sets(texts: list[str], count: int, known: dict[str, Any] | None = None) -> Any:
    """Return numbers of minima, or by name, from texts such as "1,5", "losing=1,5" or "A"; None for none.

    **Raises:** `ValueError` for several sets one of which has no name.
    """
    sets = {}
    for text in texts:
        name, _, ids = text.rpartition("=")
        name = name or (text if known and text in known else "")
        sets[name] = read_ids(ids, "--highlight", count, known)
    if not sets:
        return None
    if len(sets) < len(texts) or ("" in sets and len(texts) > 1):
        raise ValueError("--highlight: several sets need a name of their own each, such as NAME=1,5,7-9.")
    return sets.get("", sets)


def draw_tree(
    atlas,
    tree: "DisconnectivityTree",
    kept,
    file: Path,
    *,
    colour: str | None = None,
    order: Order = "centre",
    x: str | None = None,
    log: bool = False,
    labels: Any = False,
    highlight: Any = None,
    kt: float | None = None,
    grouped: bool = False,
) -> None:
    """Draw a tree of minima of an atlas to a file.

    **Arguments:**

    - `atlas`, `tree`: minimum i of the tree is minimum `kept[i]` of the atlas, counted from 0.
    - `kept`: shape (minima of the tree,).
    - `file`: a picture or an .html file.
    - `colour`, `x`: names of columns.
    - `order`: of the branches.
    - `log`: for a logarithmic energy axis.
    - `labels`: True for all ids, or numbers of minima of the atlas.
    - `highlight`: numbers of minima of the atlas, or such by name.
    - `kt`: the temperature of free energies; None for energies.
    - `grouped`: whether a branch is a group of minima.
    """
    n = len(tree)
    title = f"{_name(atlas)}: {n} group{'' if n == 1 else 's'} of minima" if grouped else _title(atlas, n)
    options: dict[str, Any] = {"order": order, "scale": "log" if log else "linear"}
    if kt is not None:
        options["ylabel"] = f"free energy at kT = {kt:g}"
    if file.suffix.lower() == ".html":
        if x is not None or not isinstance(labels, bool):
            raise ValueError("--x and --label are for pictures; a page has all ids, and the usual order.")
        _write_page(atlas, tree, kept, file, colour, highlight, options | {"title": title})
    else:
        _draw_picture(atlas, tree, kept, file, colour, x, labels, highlight, title, options)


def _write_page(atlas, tree, kept, file: Path, colour: str | None, highlight, options) -> None:
    """Write the interactive page, with the columns that are known, and one of what is highlighted."""
    import numpy as np

    from lossatlas.plots import write_interactive

    minima = atlas.minima
    if colour is not None:
        column(minima, colour, atlas)
    names = [name for name in (*_COLUMNS, *minima.quantities) if name == colour or _is_known(minima[name])]
    columns = {
        label(name): column(minima, name)[kept] for name in names if name != "energy" or colour == name
    }
    if highlight is not None:
        sets = highlight if isinstance(highlight, dict) else {"yes": highlight}
        columns["highlighted"] = np.full(len(kept), "", dtype=object)
        for name, numbers in sets.items():
            columns["highlighted"][np.isin(kept, numbers)] = name
        columns["highlighted"] = columns["highlighted"].astype(str)
    write_interactive(
        tree,
        file,
        columns=columns,
        colour=label(colour) if colour else "highlighted" if highlight is not None else None,
        labels=[str(i) for i in minima.id[kept]],
        **options,
    )


def _draw_picture(
    atlas, tree, kept, file: Path, colour, x, labels, highlight, title: str, options: dict[str, Any]
) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np

    from lossatlas.plots import check_picture, plot_disconnectivity, save_picture

    check_picture(file)
    minima = atlas.minima
    values, places = (column(minima, name, atlas)[kept] if name else None for name in (colour, x))
    if places is not None and not np.isfinite(places).all():
        unknown = minima.id[kept][~np.isfinite(places)]
        raise ValueError(f"The column {x} is not known of minimum {unknown[0]}, so it cannot be an axis.")
    within = lambda numbers: np.flatnonzero(np.isin(kept, numbers))
    if isinstance(highlight, dict):
        highlight = {name: within(numbers) for name, numbers in highlight.items()}
    elif highlight is not None:
        highlight = within(highlight)
    shown = np.arange(len(kept)) if labels is True else within([] if labels is False else labels)
    figure, ax = plt.subplots(figsize=(6.0, 5.4), layout="constrained")
    try:
        plot_disconnectivity(
            tree,
            ax=ax,
            x=places,
            xlabel=label(x) if x else "",
            colour=values,
            colour_label=label(colour) if colour else None,
            labels={int(i): str(minima.id[kept[i]]) for i in shown},
            highlight=highlight,
            **options,
        )
        ax.set_title(title)
        save_picture(figure, file)
    finally:
        plt.close(figure)


def _title(atlas, drawn: int) -> str:
    """Return the name of the landscape, and how much there is of it."""
    name = _name(atlas)
    n, states = len(atlas.minima), int(atlas.transition_states.usable.sum())
    if drawn < n:
        return f"{name}: {drawn} of {n} minima"
    return (
        f"{name}: {n} minim{'um' if n == 1 else 'a'}, {states} transition state{'' if states == 1 else 's'}"
    )


def _name(atlas) -> str:
    """Return the name of the landscape, of an import that of its directory."""
    return atlas.landscape.get("landscape") or atlas.landscape.get("directory") or "import"


def column(minima: "Minima", name: str, atlas: Any = None) -> Any:
    """Return a column of the minima as numbers.

    **Arguments:**

    - `minima`, `name`: which column of which minima.
    - `atlas`: theirs, named where metrics are missing for some minima; None allows that.

    **Raises:** `ValueError` that says which columns there are, or how to add metrics.
    """
    import numpy as np

    if name not in _COLUMNS and name not in minima.quantities:
        there = ", ".join([*_COLUMNS, *minima.quantities])
        hint = (
            "" if minima.quantities else "; others are added by: lossatlas evaluate, or quantities FILE CSV"
        )
        raise ValueError(f"There is no column {name!r} of the minima; there is {there}{hint}.")
    # Metrics that are missing could be computed; gaps of other quantities stay grey.
    if atlas is not None and name in atlas.quantities.written_by("evaluate"):
        check_judged(atlas)
    values = np.asarray(minima[name], dtype=float)
    if name in ("orbit_size", "degree") and np.all(np.abs(values) < 2**53):
        return values.astype(int)  # a few whole numbers are told apart better in a legend
    return values


def _is_known(values) -> bool:
    """Say whether a column has any value."""
    import numpy as np

    return bool(np.isfinite(np.asarray(values, dtype=float)).any())


def label(name: str) -> str:
    """Return the name of a column as it is written in pictures."""
    return name.replace("_", " ").replace("auc", "AUC")


def check_judged(atlas) -> None:
    """Refuse metrics of a part of the minima.

    **Raises:** `ValueError` that says how to add them.
    """
    from lossatlas.recipes import unjudged

    left = int(unjudged(atlas).sum())
    if left:
        raise ValueError(
            f"{left} of {len(atlas.minima)} minima of {atlas.path} have no metrics; add them by: "
            f"lossatlas evaluate {atlas.path}."
        )
