"""`lossatlas show`: the contents of an atlas, as tables or JSON."""

from typing import TYPE_CHECKING, Annotated

import typer

from ._console import print_table
from ._report import AsCsv, AsJson, AtlasFile, print_json, write_csv
from ._summary import certificate, print_flags, print_summary


if TYPE_CHECKING:
    from lossatlas.analysis import Summary


USUAL = ("id", "energy", "orbit_size", "hits", "degree")  # columns of a list, and the metrics


def show(
    file: AtlasFile,
    sort: Annotated[
        str | None, typer.Option(help="List the minima by this column, such as test_loss.")
    ] = None,
    top: Annotated[int | None, typer.Option(min=1, help="List so many minima. (default: all)")] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            help="List these columns of the minima, such as energy,test_auc,test_auc_error. (default: all "
            "but errors and metrics of single classes)"
        ),
    ] = None,
    descending: Annotated[bool, typer.Option("--descending", help="List the largest first.")] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Show the settings, points and searches of an atlas."""
    from lossatlas._results import RESULTS
    from lossatlas.analysis import summary
    from lossatlas.atlas import Atlas

    with Atlas(file, readonly=True) as atlas:
        found = summary(atlas)
    if as_json and as_csv:
        raise ValueError("Choose one of --json and --csv.")
    if sort or top or columns or descending or as_csv:
        if as_json:
            raise ValueError("--json has everything; --sort, --top, --columns and --csv are for lists.")
        _list(found, sort, top, columns, descending, as_csv)
        return
    if as_json:
        print_json(found)
        return
    for name, value in found.landscape.items():
        typer.echo(f"{name}: {value}")
    print_summary(found)
    for name, ids in found.sets.items():
        typer.echo(f"set {name}: {len(ids)} minim{'um' if len(ids) == 1 else 'a'}")
    for quantity in found.quantities:
        typer.echo(repr(quantity).removeprefix("Quantity(").removesuffix(")"))
    print_flags(found)
    known = found.census
    if known is not None:
        typer.echo(
            f"census: {certificate(known)}; the atlas holds {known['minima_held']} of its "
            f"{known['minima']} minima and {known['transition_states_held']} of its "
            f"{known['transition_states']} transition states (by energy)"
        )
    for kind, outcomes in found.failures.items():
        counts = ", ".join(f"{outcome} {count}" for outcome, count in outcomes.items())
        typer.echo(f"failed {kind}: {counts}")
    for name in dict.fromkeys(name for outcomes in found.failures.values() for name in outcomes):
        typer.echo(f"  {name}: {RESULTS[name].sentence}")


def _list(
    found: "Summary", sort: str | None, top: int | None, names: str | None, descending: bool, as_csv: bool
) -> None:
    """List the minima, a row each, by a column."""
    import numpy as np

    from lossatlas.analysis import is_detail

    known = found.to_columns()
    metrics = [name for name in known if name in found.minima.quantities and not is_detail(name)]
    wanted = [name.strip() for name in names.split(",")] if names else [*USUAL, *metrics]
    wanted = wanted if "id" in wanted else ["id", *wanted]
    for name in (*wanted, sort or "energy"):
        if name not in known:
            raise ValueError(f"The minima have no column {name!r}; there is {', '.join(known)}.")
    try:
        by = np.asarray(known[sort or "energy"], dtype=float)
    except ValueError:
        raise ValueError(f"--sort needs a column of numbers, and {sort} is not one.") from None
    # What is not known comes last.
    order = np.lexsort((np.where(np.isnan(by), 0.0, -by if descending else by), np.isnan(by)))[:top]
    rows = {name: [known[name][i] for i in order] for name in wanted}
    if as_csv:
        write_csv(rows)
        return
    shown = [[_cell(value) for value in values] for values in rows.values()]
    first = f", the first {len(order)} by {sort or 'energy'}" if len(order) < len(by) or sort else ""
    said = f"{len(by)} minim{'um' if len(by) == 1 else 'a'}{first}"
    print_table(said, [name.replace("_", " ") for name in wanted], list(zip(*shown)))


def _cell(value: object) -> str:
    return f"{value:.8g}" if isinstance(value, float) else str(value)
