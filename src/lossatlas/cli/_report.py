"""What commands on an atlas share: reading its network, and writing tables, JSON, CSV or pictures."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._mistakes import check_atlas_file


if TYPE_CHECKING:
    from lossatlas.analysis import AbstractResult, TransitionNetwork


def check_plot(path: Path | None) -> Path | None:
    """Return the path of a picture; refuse one that cannot be written, before anything is computed."""
    if path is not None:
        from lossatlas import plots

        plots.check_picture(path)
    return path


AtlasFile = Annotated[Path, typer.Argument(help="The atlas.", callback=check_atlas_file)]
AtlasFiles = Annotated[list[Path], typer.Argument(help="Atlases.", callback=check_atlas_file)]
MOST_TEMPERATURES = 100_000  # of one command
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV with numbers in full.")]
Plot = Annotated[
    Path | None, typer.Option("--plot", callback=check_plot, help="Draw a picture: .png, .svg or .pdf.")
]
Temperatures = Annotated[
    str | None, typer.Option("--kt", help="Temperatures in loss units: 0.1,0.2 or LOW:HIGH:COUNT.")
]
Modes = Annotated[
    int | None,
    typer.Option(
        help="Number of non-zero eigenvalues of a minimum, for imports. (default: as the atlas says)"
    ),
]


def read_network(file: Path, modes: int | None = None) -> "TransitionNetwork":
    """Return the network of an atlas."""
    return read_network_and_sets(file, modes)[0]


def read_network_and_sets(
    file: Path, modes: int | None = None
) -> tuple["TransitionNetwork", dict[str, Any]]:
    """Return the network of an atlas, and the ids of its named sets of minima."""
    from lossatlas.analysis import transition_network
    from lossatlas.atlas import Atlas

    with Atlas(file, readonly=True) as atlas:
        return transition_network(atlas, modes=modes), dict(atlas.sets)


def read_energy_label(file: Path) -> str:
    """Return how pictures label the energies of an atlas: energy, or loss with or without penalty."""
    from lossatlas import plots
    from lossatlas.atlas import Atlas

    with Atlas(file, readonly=True) as atlas:
        return plots.energy_label(atlas)


def read_temperatures(text: str) -> Any:
    """Return temperatures from "0.1,0.2", or from "0.01:10:50", spaced evenly in the logarithm.

    **Raises:** `ValueError` for anything but positive numbers.
    """
    import numpy as np

    said = None
    try:
        if ":" in text:
            low, high, count = text.split(":")
            low, high, count = float(low), float(high), int(count)
            if low > high or count == 1 and low < high:
                said = f"with LOW below HIGH, and N of at least 2, got {text!r}"
            elif count > MOST_TEMPERATURES:
                said = f"with N of at most {MOST_TEMPERATURES:,}, got {count:,}"
            kt = np.geomspace(low, high, count) if said is None else np.zeros(0)
        else:
            kt = np.array([float(part) for part in text.split(",")])
        if kt.size and np.all(np.isfinite(kt)) and np.all(kt > 0):
            return kt
    except ValueError:
        pass
    if said is not None:
        raise ValueError(f"--kt needs temperatures LOW:HIGH:N {said}.")
    raise ValueError(f"--kt needs positive numbers such as 0.1,0.2 or 0.01:10:50, got {text!r}.")


def print_failures(temperatures: Any, errors: list[str | None]) -> None:
    """Say at which temperatures nothing could be computed, and why."""
    for kt, error in zip(temperatures, errors):
        if error is not None:
            typer.echo(f"kT {kt:.6g} failed: {error}")


def print_shallow(network: "TransitionNetwork", kt: Any) -> None:
    """Print a warning if minima with barriers below kT hold a tenth of the occupation or more."""
    from lossatlas.analysis import shallow

    found = shallow(network, kt)
    worst = int(found.occupation.argmax())
    if not found.trusted[worst]:
        typer.echo(
            f"not to be trusted: at kT {found.kt[worst]:.6g}, {found.minima[worst]} of {len(network)} "
            f"minima, which hold {100 * found.occupation[worst]:.3g} % of the occupation, have barriers "
            "below kT, where the harmonic approximation ends"
        )


def read_ids(text: str, option: str, known: Any, sets: dict[str, Any] | None = None) -> Any:
    """Return ids from a text such as "1,2,7-9", with names of sets of minima among them, sorted.

    **Arguments:**

    - `text`, `option`: the text, and the option that it was given to.
    - `known`: the ids of all minima, increasing.
    - `sets`: ids by name.

    **Raises:** `ValueError` that names the option for anything else, and for minima that do not exist.
    """
    import numpy as np

    ids: list[int] = []
    for part in text.split(","):
        if sets and part.strip() in sets:
            ids += sets[part.strip()].tolist()
            continue
        low, dash, high = part.partition("-")
        try:
            first, last = int(low), int(high if dash else low)
        except ValueError:
            known = f", or sets of the atlas, {', '.join(sets)}" if sets else ""
            hint = "" if sets or not part.strip().isidentifier() else "; the atlas has no named sets"
            raise ValueError(
                f"{option} needs ids of minima such as 1,2,7-9{known}, got {text!r}{hint}."
            ) from None
        for end in (first, last):
            if end not in known:
                raise ValueError(f"{option}: there is no minimum {end}; ids are {known[0]} to {known[-1]}.")
        ids += [minimum for minimum in known.tolist() if first <= minimum <= last]
    if not ids:
        raise ValueError(f"{option} names no minimum: {text!r}.")
    return np.unique(ids)


def print_result(result: "AbstractResult", as_json: bool, as_csv: bool, table: Callable[[], None]) -> None:
    """Print a result as JSON, as CSV, or else by calling `table`.

    **Raises:** `ValueError` if both formats are asked for.
    """
    if as_json and as_csv:
        raise ValueError("Choose one of --json and --csv.")
    if as_json:
        print_json(result)
    elif as_csv:
        print_csv(result)
    else:
        table()


def print_json(result: "AbstractResult") -> None:
    """Print a result as one JSON object."""
    typer.echo(json.dumps(result.to_dict(), indent=1))


def print_csv(result: "AbstractResult") -> None:
    """Print the columns of a result as CSV with numbers in full; values that are not finite are empty."""
    write_csv(result.to_columns())


def write_csv(columns: Mapping[str, Any]) -> None:
    """Print columns of one length as CSV with numbers in full; values that are not finite are empty."""
    from lossatlas.analysis import to_json

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(to_json(values) for values in columns.values())))
    typer.echo(text.getvalue(), nl=False)


def save_plot(path: Path | None, draw: Callable[[Any], Any]) -> None:
    """Write a picture if a path is given; `draw` takes `lossatlas.plots`, returns axes or a figure."""
    if path is not None:
        draw_to(path, draw)
        typer.echo(f"picture  {path}", err=True)


def draw_to(path: Path, draw: Callable[[Any], Any]) -> None:
    """Write a picture; `draw` takes `lossatlas.plots` and returns axes or a figure."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from lossatlas import plots

    plots.check_picture(path)
    drawn = draw(plots)
    figure = drawn if hasattr(drawn, "savefig") else drawn.figure.figure
    try:
        plots.save_picture(figure, path)
    finally:
        plt.close(figure)
