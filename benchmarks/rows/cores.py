"""All cores against one, seconds of the wall."""

from _measure import Line, Row, Settings, Value, compare, on_accelerator, seconds
from _problems import d1, starts, xor6
from lossatlas.datasets import ljat3
from lossatlas.searches import (
    available_cores,
    find_bands,
    find_pathways,
    find_saddles,
    run_batch,
    toolkit_for,
)

from .saddles import pairs_of, some_minima


def cores(settings: Settings) -> list[Line]:
    """How much faster all cores are than one: minimisations, bands, saddles, pathways, LJAT3."""
    if on_accelerator():
        return [
            Line("cores", "s", [], "one core", "On an accelerator the driver uses no more than one core.")
        ]
    network, small = d1(), xor6()
    a, b = pairs_of(network, some_minima(network))["random"]
    bands = find_bands(network, a, b)
    found = find_saddles(network, bands.x, directions=bands.direction)
    states = found.where(found.converged)
    many, few = starts(network, 96), starts(small, 2048)

    def descend(landscape, points):
        descent = toolkit_for(landscape).descent
        return lambda workers: run_batch(descent, landscape, points, workers=workers)

    tasks = {
        "minimise-d1": descend(network, many),
        "minimise-xor6": descend(small, few),
        "bands-d1": lambda w: find_bands(network, a, b, align=False, workers=w).gradients,
        "bands-d1 with alignment": lambda w: find_bands(network, a, b, workers=w).gradients,
        "saddles-d1": lambda w: (
            find_saddles(network, bands.x, directions=bands.direction, workers=w).energy
        ),
        "pathways-d1": lambda w: find_pathways(network, states.x, states.direction, workers=w).length,
        "ljat3": lambda w: ljat3("D1", items=20_000, cache=False, workers=w).targets,
    }
    lines = []
    for name, run in tasks.items():
        run(1)  # compilation
        all_, one = (
            lambda w=w, run=run: Value(seconds(lambda: run(w), 1.0)) for w in (available_cores(), 1)
        )
        lines += compare(f"cores {name}", "s", all_, {"one core": one}, settings.repeats)
    return lines


ROWS: dict[str, Row] = {"cores": cores}
