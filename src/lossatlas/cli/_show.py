"""`lossatlas show`: the contents of an atlas, as tables or JSON."""

from pathlib import Path
from typing import Annotated

import typer

from ._report import print_json
from ._summary import certificate, print_flags, print_summary


def show(
    file: Annotated[Path, typer.Argument(help="The atlas.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the settings, points and searches of an atlas."""
    from lossatlas.analysis import summary
    from lossatlas.atlas import Atlas

    with Atlas(file, readonly=True) as atlas:
        found = summary(atlas)
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
