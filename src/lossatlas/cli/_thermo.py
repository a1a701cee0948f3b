"""`lossatlas thermo`: heat capacity, occupation and other thermodynamic functions of an atlas."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ._console import print_table
from ._report import (
    AsCsv,
    AsJson,
    Modes,
    Plot,
    Temperatures,
    check_plot,
    choose_temperatures,
    print_result,
    print_shallow,
    read_network,
    save_plot,
)


_SHOWN = 8  # ids of a peak that are printed
_PARTS = 60  # of a network, from which on most of them are left out of the graph
_LABELLED = 4  # of those that gain and lose most, in the picture of the graph
_PRINTED = ("heat_capacity", "mean_energy", "entropy", "free_energy")


def thermo(
    file: Annotated[Path, typer.Argument(help="The atlas.")],
    kt: Temperatures = None,
    convention: Annotated[
        Literal["vibrational", "configurational"],
        typer.Option(help="kappa or kappa/2 as the constant part of the heat capacity."),
    ] = "vibrational",
    modes: Modes = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    plot: Plot = None,
    plot_graph: Annotated[
        Path | None,
        typer.Option(
            callback=check_plot, help="Draw the disconnectivity graph with the minima that make each peak."
        ),
    ] = None,
) -> None:
    """Heat capacity, mean energy, entropy and occupation by harmonic superposition; what makes its peaks.

    Without --kt, 25 temperatures between which the occupation of the minima changes.
    """
    from lossatlas.analysis import heat_capacity_peaks, occupation, shallow, thermodynamics

    network = read_network(file, modes)
    temperatures = choose_temperatures(kt, network)
    result = thermodynamics(network, temperatures, convention=convention)
    peaks = heat_capacity_peaks(network, convention=convention)
    columns = {**result.to_columns(), "shallow": shallow(network, temperatures).occupation}

    def record() -> dict[str, Any]:
        return {
            **columns,
            "occupation": occupation(network, temperatures),
            "convention": convention,
            "modes": result.modes,
            "peaks": [
                {
                    "kt": peak.kt,
                    "heat_capacity": peak.height,
                    "lowest": peak.lowest,
                    "gaining": peak.gaining() + 1,
                    "losing": peak.losing() + 1,
                }
                for peak in peaks
            ],
        }

    print_result(
        as_json,
        as_csv,
        record=record,
        columns=lambda: columns,
        table=lambda: _print(network, columns, peaks, result),
    )
    save_plot(plot, lambda: _draw_curves(network, result, peaks))
    save_plot(plot_graph, lambda: _draw_graphs(network, peaks))


def _print(network, columns, peaks, result) -> None:
    from lossatlas.analysis import occupation

    most = [(int(p.argmax()), p.max()) for kt in result.kt for p in occupation(network, kt)]
    print_table(
        f"{len(network)} minima, {result.convention} convention",
        ("kT", *(name.replace("_", " ") for name in _PRINTED), "shallow", "most occupied"),
        [
            [f"{value:.6g}" for value in row] + [f"{held:.3f}", f"{minimum + 1} ({p:.3f})"]
            for *row, held, (minimum, p) in zip(
                result.kt, *(columns[name] for name in _PRINTED), columns["shallow"], most
            )
        ],
    )
    if result.modes is None:
        typer.echo(
            "The number of modes is not known, so U, S, F and C_V lack the part that all minima have in "
            "common: give it by --modes."
        )
    for peak in peaks:
        sides = (f"gaining {_ids(peak.gaining())}", f"losing {_ids(peak.losing())}")
        typer.echo(
            f"peak at kT {peak.kt:.6g}: heat capacity {peak.height:.6g}; {'; '.join(sides)}; in the sum "
            f"over the {peak.lowest} lowest minima and in larger ones"
        )
    print_shallow(network, [*result.kt, *(peak.kt for peak in peaks)])


def _ids(numbers) -> str:
    """Return ids, largest contribution first, and how many more there are."""
    more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
    return ", ".join(str(number + 1) for number in numbers[:_SHOWN]) + more


def _draw_curves(network, result, peaks) -> Any:
    """Draw the heat capacity with the partial sums that make its peaks, and below it the occupation."""
    import matplotlib.pyplot as plt
    import numpy as np

    from lossatlas.analysis import occupation, temperature_range, thermodynamics
    from lossatlas.plots import plot_heat_capacity, plot_occupation

    low, high = float(result.kt.min()), float(result.kt.max())
    if low == high:
        limits = temperature_range(network)
        if limits is None:
            raise ValueError(
                "All minima that matter have one energy: a picture needs two temperatures by --kt."
            )
        low, high = limits
    inside = [peak for peak in peaks if low <= peak.kt <= high]
    kt = np.unique([*np.geomspace(low, high, 300), *(peak.kt for peak in inside)])
    curve, *partial = (
        thermodynamics(network, kt, convention=result.convention, lowest=m)
        for m in [None, *sorted({peak.lowest for peak in inside} - {len(network)})[:8]]
    )
    most = np.argsort(-occupation(network, np.geomspace(low, high, 25)).max(axis=0), kind="stable")[:8]
    figure, (above, below) = plt.subplots(2, sharex=True, figsize=(6.5, 7.0), layout="constrained")
    plot_heat_capacity(curve, peaks=inside, partial=partial, ax=above, xlabel="")
    p = occupation(network, kt, minima=most)
    plot_occupation(kt, p, labels=[str(i + 1) for i in most], ax=below, xlabel="kT (loss units)")
    return figure


def _draw_graphs(network, peaks) -> Any:
    """Draw the disconnectivity graph once for every peak.

    Of a network in many parts: the part of the global minimum, and the minima that make the peaks.
    """
    import matplotlib.pyplot as plt
    import numpy as np

    from lossatlas.analysis import disconnectivity
    from lossatlas.plots import plot_disconnectivity

    if not peaks:
        raise ValueError("The heat capacity has no peak, so there is no graph to draw.")
    tree = disconnectivity(network.energies, network.ts_energies, network.ts_minima)
    sides = [{"gaining": peak.gaining(), "losing": peak.losing()} for peak in peaks]
    drawn = np.ones(len(tree), dtype=bool)
    if tree.component.max() >= _PARTS:
        drawn = tree.component == 0
        drawn[np.concatenate([side for pair in sides for side in pair.values()])] = True
        tree = tree.subtree(drawn)
    place = np.cumsum(drawn) - 1  # of a minimum of the network in what is drawn
    columns = min(len(peaks), 3)
    rows = -(-len(peaks) // columns)
    size = (4.5 * columns, 4.5 * rows)
    figure, axes = plt.subplots(rows, columns, squeeze=False, figsize=size, layout="constrained")
    panels = axes.ravel()
    for ax, peak, pair in zip(panels, peaks, sides):
        named = {int(place[i]): str(i + 1) for side in pair.values() for i in side[:_LABELLED]}
        highlight = {name: place[side] for name, side in pair.items()}
        plot_disconnectivity(tree, ax=ax, order="centre", highlight=highlight, labels=named)
        count = "" if drawn.all() else f": {len(tree)} of {len(network)} minima"
        ax.set_title(f"kT = {peak.kt:.3g}{count}")
        if peak is not peaks[-1]:
            ax.get_legend().remove()  # one for all
    for spare in panels[len(peaks) :]:
        spare.remove()
    return figure
