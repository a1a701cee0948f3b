"""`lossatlas show`: what an atlas holds, as tables or JSON."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ._census import certificate
from ._report import to_json


def show(
    file: Annotated[Path, typer.Argument(help="The atlas.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what an atlas holds."""
    from lossatlas.atlas import Atlas

    with Atlas(file, readonly=True) as atlas:
        if as_json:
            typer.echo(json.dumps(describe(atlas), indent=1))
            return
        from ._explore import _print_summary

        for name, value in atlas.landscape.items():
            typer.echo(f"{name}: {value}")
        _print_summary(atlas)
        for name, ids in atlas.sets.items():
            typer.echo(f"set {name}: {len(ids)} minim{'um' if len(ids) == 1 else 'a'}")
        for quantity in atlas.quantities:
            typer.echo(repr(quantity).removeprefix("Quantity(").removesuffix(")"))
        print_flags(atlas)
        known = _compare_census(atlas)
        if known is not None:
            typer.echo(
                f"census: {certificate(known)}; the atlas holds {known['minima_held']} of its "
                f"{known['minima']} minima and {known['transition_states_held']} of its "
                f"{known['transition_states']} transition states (by energy)"
            )
        for kind, outcomes in atlas.log.failures.items():
            counts = ", ".join(f"{outcome} {count}" for outcome, count in outcomes.items())
            typer.echo(f"failed {kind}: {counts}")


def print_flags(atlas, *, err: bool = False) -> None:
    """Say which minima lie on kinks and which transition states analyses leave out, if there are any."""
    minima, states = atlas.minima, atlas.transition_states
    kinked = int((minima.flag == "kink").sum())
    if kinked:
        typer.echo(
            f"on kinks of the loss: {kinked} of {len(minima)} minima, which have neither eigenvalues nor a "
            "log-product",
            err=err,
        )
    sentences = {
        "below_minimum": "with an energy below that of a minimum that they join",
        "no_energy": "whose energy is not known",
    }
    for flag, sentence in sentences.items():
        ids = states.id[states.flag == flag]
        if len(ids):
            typer.echo(
                f"left out of analyses: {len(ids)} of {len(states)} transition states, {sentence} "
                f"(first: number {ids[0]})",
                err=err,
            )


def describe(atlas) -> dict[str, Any]:
    """Return the atlas as one JSON-able dictionary."""
    from lossatlas.analysis import coverage

    minima, states = atlas.minima, atlas.transition_states
    estimate = coverage(atlas)
    searched = atlas.log.get_state("exploration", None) is not None  # nobody knows an import's hits
    return {
        "landscape": atlas.landscape,
        "identity": atlas.identity,
        "recipe": atlas.recipe,
        "exploration": atlas.log.get_state("exploration", None),
        "minima": [
            {
                "id": int(minima.id[i]),
                "energy": float(minima.energy[i]),
                "flag": str(minima.flag[i]) or None,
                "rms_gradient": _number(minima.rms_gradient[i]),
                "lowest_eigenvalue": _number(minima.lowest_eigenvalue[i]),
                "orbit_size": minima.orbit_size_exact[i],
                "log_product": _number(minima.log_product[i]),
                "hits": int(minima.hits[i]) if searched else None,
                "degree": int(minima.degree[i]),
                "quantities": {name: _number(values[i]) for name, values in minima.quantities.items()},
            }
            for i in range(len(minima))
        ],
        "transition_states": [
            {
                "id": int(states.id[i]),
                "energy": _number(states.energy[i]),
                "flag": str(states.flag[i]) or None,
                "rms_gradient": _number(states.rms_gradient[i]),
                "minima": [int(m) for m in states.minima[i]],
                "negative_eigenvalue": _number(states.negative_eigenvalue[i]),
                "orbit_size": states.orbit_size_exact[i],
                "log_product": _number(states.log_product[i]),
                "quantities": {name: _number(values[i]) for name, values in states.quantities.items()},
            }
            for i in range(len(states))
        ],
        "sets": to_json(dict(atlas.sets)),
        "components": atlas.components,
        "coverage": {
            name: to_json(value) if searched else None
            for name, value in dataclasses.asdict(estimate).items()
        },
        "census": _compare_census(atlas),
        "failures": atlas.log.failures,
    }


def _compare_census(atlas) -> dict[str, Any] | None:
    """Return the Morse certificate of the stored census, and how much of its points the atlas holds."""
    import numpy as np

    stored = atlas.census
    if stored is None:
        return None
    compared = {key: value for key, value in stored.items() if key not in ("points", "outcomes")}
    for index, (name, held) in enumerate(
        (("minima", atlas.minima.energy), ("transition_states", atlas.transition_states.energy))
    ):
        energies = np.array([point["energy"] for point in stored["points"] if point["index"] == index])
        same = np.isclose(energies[:, None], held, rtol=1e-9, atol=1e-9)  # as points of an atlas
        compared |= {name: len(energies), f"{name}_held": int(same.any(axis=1).sum())}
    return compared


def _number(value: float) -> float | None:
    """JSON knows no NaN: what was never measured (an import) is null."""
    return float(value) if value == value else None
