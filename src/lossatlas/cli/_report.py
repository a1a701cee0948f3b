"""What the analysing commands share: reading the network, and results as table, JSON, CSV or picture."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer


if TYPE_CHECKING:
    from lossatlas.analysis import TransitionNetwork


def check_plot(path: Path | None) -> Path | None:
    """Refuse a picture that cannot be written, before anything is computed."""
    if path is not None:
        from lossatlas.plots import check_picture

        check_picture(path)
    return path


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
    typer.Option(help="Non-zero eigenvalues at a minimum, for imports. (default: as the atlas says)"),
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


def read_temperatures(text: str) -> Any:
    """Return temperatures from "0.1,0.2", or from "0.01:10:50", spaced evenly in the logarithm.

    **Raises:** `ValueError` for anything that is not positive numbers.
    """
    import numpy as np

    try:
        if ":" in text:
            low, high, count = text.split(":")
            kt = np.geomspace(float(low), float(high), int(count))
        else:
            kt = np.array([float(part) for part in text.split(",")])
        if kt.size and np.all(np.isfinite(kt)) and np.all(kt > 0):
            return kt
    except ValueError:
        pass
    raise ValueError(f"--kt needs positive numbers such as 0.1,0.2 or 0.01:10:50, got {text!r}.")


def choose_temperatures(text: str | None, network: "TransitionNetwork") -> Any:
    """Return what `--kt` says, by default 25 temperatures between which the occupation changes."""
    import numpy as np

    from lossatlas.analysis import temperature_range

    if text is not None:
        return read_temperatures(text)
    limits = temperature_range(network)
    if limits is None:
        raise ValueError("All minima that matter have one energy, so give temperatures by --kt.")
    return np.geomspace(*limits, 25)


def at_each(temperatures: Any, compute: Callable[[float], Any]) -> tuple[list[Any], list[str | None]]:
    """Compute something at every temperature; one that fails fails alone.

    **Returns:** what was computed, None where that failed, and a sentence that says why, None where it did
    not.

    **Raises:** `ValueError` if all fail, as the first.
    """
    found, errors = [], []
    for kt in temperatures:
        try:
            found.append(compute(float(kt)))
            errors.append(None)
        except ValueError as error:
            found.append(None)
            errors.append(error)
    if all(errors):
        raise errors[0]
    return found, [None if error is None else str(error) for error in errors]


def print_failures(temperatures: Any, errors: list[str | None]) -> None:
    """Say at which temperatures nothing could be computed, and why."""
    for kt, error in zip(temperatures, errors):
        if error is not None:
            typer.echo(f"kT {kt:.6g} failed: {error}")


def number_from_log(log: float) -> str:
    """Return a number as people write it from its natural logarithm, also beyond the range of floats."""
    import math

    if not math.isfinite(log) or abs(log) < 690:
        return f"{math.exp(log):.6g}"
    exponent = math.floor(log / math.log(10))
    fraction = f"{10 ** (log / math.log(10) - exponent):.6g}"
    return f"1e{exponent + 1:+d}" if fraction == "10" else f"{fraction}e{exponent:+d}"


def print_shallow(network: "TransitionNetwork", kt: Any) -> None:
    """Say where harmonic numbers are not to be trusted, if that is a tenth of the occupation or more."""
    from lossatlas.analysis import shallow

    found = shallow(network, kt)
    worst = int(found.occupation.argmax())
    if found.occupation[worst] >= 0.1:
        typer.echo(
            f"not to be trusted: at kT {found.kt[worst]:.6g}, {found.minima[worst]} of {len(network)} "
            f"minima, which hold {100 * found.occupation[worst]:.3g} % of the occupation, have barriers "
            "below kT, where the harmonic approximation ends"
        )


def read_ids(text: str, option: str, count: int, sets: dict[str, Any] | None = None) -> Any:
    """Return positions from ids such as "1,2,7-9", and names of sets of minima among them.

    **Raises:** `ValueError` that names the option for anything else, and for minima that do not exist.
    """
    import numpy as np

    ids: list[int] = []
    for part in text.split(","):
        if sets and part.strip() in sets:
            ids += sets[part.strip()].tolist()
            continue
        low, _, high = part.partition("-")
        try:
            first, last = int(low), int(high or low)
        except ValueError:
            known = f", or sets of the atlas, {', '.join(sets)}" if sets else ""
            hint = "" if sets or not part.strip().isidentifier() else "; the atlas has no named sets"
            raise ValueError(
                f"{option} needs ids of minima such as 1,2,7-9{known}, got {text!r}{hint}."
            ) from None
        for end in (first, last):
            if not 1 <= end <= count:
                raise ValueError(f"{option}: there is no minimum {end}; ids are 1 to {count}.")
        ids += range(first, last + 1)
    if not ids:
        raise ValueError(f"{option} names no minimum: {text!r}.")
    return np.unique(ids) - 1


def print_result(
    as_json: bool,
    as_csv: bool,
    *,
    record: Callable[[], dict[str, Any]],
    columns: Callable[[], dict[str, Any]],
    table: Callable[[], None],
) -> None:
    """Print a result as JSON, as CSV, or for people.

    **Arguments:**

    - `record`: of JSON; numpy arrays are written as lists, numbers that are not finite as null.
    - `columns`: of CSV, by name, of one length.
    - `table`: prints what people read.

    **Raises:** `ValueError` if both formats are asked for.
    """
    if as_json and as_csv:
        raise ValueError("Choose one of --json and --csv.")
    if as_json:
        typer.echo(json.dumps(to_json(record()), indent=1))
    elif as_csv:
        text, found = io.StringIO(), columns()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(found)
        writer.writerows(zip(*(to_json(values) for values in found.values())))
        typer.echo(text.getvalue(), nl=False)
    else:
        table()


def to_json(value: Any) -> Any:
    """Return what JSON can hold: lists for arrays, null for what is not finite."""
    import numpy as np

    if isinstance(value, dict):
        return {str(key): to_json(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(part) for part in value]
    if isinstance(value, np.ndarray):
        return to_json(value.tolist())
    if isinstance(value, np.generic):
        return to_json(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def save_plot(path: Path | None, draw: Callable[[], Any]) -> None:
    """Draw and write a picture if one is asked for; `draw` returns axes or a figure."""
    if path is None:
        return
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from lossatlas.plots import save_picture

    drawn = draw()
    figure = drawn if hasattr(drawn, "savefig") else drawn.figure.figure
    try:
        save_picture(figure, path)
    finally:
        plt.close(figure)
    typer.echo(f"picture  {path}", err=True)
