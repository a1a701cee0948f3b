"""`lossatlas show`: what an atlas holds, as tables or JSON."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer


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
        for kind, outcomes in atlas.failures.items():
            counts = ", ".join(f"{outcome} {count}" for outcome, count in outcomes.items())
            typer.echo(f"failed {kind}: {counts}")


def describe(atlas) -> dict[str, Any]:
    """Return the atlas as one JSON-able dictionary."""
    from lossatlas.analysis import coverage

    minima, states = atlas.minima, atlas.transition_states
    estimate = coverage(minima.hits)
    searched = atlas.get_state("exploration", None) is not None  # nobody knows an import's hits
    return {
        "landscape": atlas.landscape,
        "identity": atlas.identity,
        "recipe": atlas.recipe,
        "exploration": atlas.get_state("exploration", None),
        "minima": [
            {
                "id": int(minima.id[i]),
                "energy": float(minima.energy[i]),
                "rms_gradient": _number(minima.rms_gradient[i]),
                "lowest_eigenvalue": _number(minima.lowest_eigenvalue[i]),
                "orbit_size": minima.orbit_size_exact[i],
                "log_product": _number(minima.log_product[i]),
                "hits": int(minima.hits[i]) if searched else None,
                "degree": int(minima.degree[i]),
                "metrics": {name: _number(values[i]) for name, values in minima.metrics.items()},
            }
            for i in range(len(minima))
        ],
        "transition_states": [
            {
                "id": int(states.id[i]),
                "energy": float(states.energy[i]),
                "rms_gradient": _number(states.rms_gradient[i]),
                "minima": [int(m) for m in states.minima[i]],
                "negative_eigenvalue": _number(states.negative_eigenvalue[i]),
                "orbit_size": states.orbit_size_exact[i],
                "log_product": _number(states.log_product[i]),
            }
            for i in range(len(states))
        ],
        "components": atlas.components,
        "coverage": {
            "good_turing": estimate.good_turing if searched else None,
            "chao1": estimate.chao1 if searched else None,
        },
        "failures": atlas.failures,
    }


def _number(value: float) -> float | None:
    """JSON knows no NaN: what was never measured (an import) is null."""
    return float(value) if value == value else None
