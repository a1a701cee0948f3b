"""`lossatlas thermo`: heat capacity, occupation and other thermodynamic functions of an atlas."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ._console import print_table
from ._report import (
    AsCsv,
    AsJson,
    AtlasFile,
    Modes,
    Plot,
    Temperatures,
    check_plot,
    print_failures,
    print_result,
    print_shallow,
    read_energy_label,
    read_network,
    read_temperatures,
    save_plot,
)


if TYPE_CHECKING:
    from lossatlas.analysis import TemperatureScan, TransitionNetwork


_SHOWN = 8  # ids of a peak that are printed
_PRINTED = ("heat_capacity", "mean_energy", "entropy", "free_energy")


def thermo(
    file: AtlasFile,
    kt: Temperatures = None,
    convention: Annotated[
        Literal["vibrational", "configurational"],
        typer.Option(help="Constant part of the heat capacity: kappa (vibrational) or kappa/2."),
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
    """Compute heat capacity and its peaks, mean energy, entropy and occupation by harmonic superposition.

    Without --kt, 25 temperatures span the range in which the occupation of the minima changes.
    """
    from lossatlas.analysis import temperature_scan

    network = read_network(file, modes)
    temperatures = None if kt is None else read_temperatures(kt)
    scan = temperature_scan(network, temperatures, convention=convention)
    print_result(scan, as_json, as_csv, lambda: _print(network, scan))
    save_plot(plot, lambda plots: plots.temperature_scan(network, scan))
    save_plot(
        plot_graph,
        lambda plots: plots.peak_graphs(network, scan.peaks, ylabel=read_energy_label(file)),
    )


def _print(network: "TransitionNetwork", scan: "TemperatureScan") -> None:
    columns, rows = scan.to_columns(), []
    for i, (kt, error, p) in enumerate(zip(scan.kt, scan.errors, scan.occupation)):
        cells = [*(f"{columns[name][i]:.6g}" for name in _PRINTED), f"{scan.shallow[i]:.3f}"]
        most = int(p.argmax())
        cells.append(f"{scan.ids[most]} ({p[most]:.3f})")
        rows.append([f"{kt:.6g}", *(cells if error is None else ["failed"] * len(cells))])
    print_table(
        f"{len(network)} minima, {scan.thermodynamics.convention} convention",
        ("kT", *(name.replace("_", " ") for name in _PRINTED), "shallow", "most occupied"),
        rows,
    )
    print_failures(scan.kt, scan.errors)
    if scan.thermodynamics.modes is None:
        typer.echo(
            "The number of modes is not known, so U, S, F and C_V lack the part that all minima have in "
            "common: give it by --modes."
        )
    for peak in scan.peaks:
        sides = (f"gaining {_ids(peak.gaining())}", f"losing {_ids(peak.losing())}")
        typer.echo(
            f"peak at kT {peak.kt:.6g}: heat capacity {peak.height:.6g}; {'; '.join(sides)}; in the sum "
            f"over the {peak.lowest} lowest minima and in larger ones"
        )
    good = [kt for kt, error in zip(scan.kt, scan.errors) if error is None]
    print_shallow(network, [*good, *(peak.kt for peak in scan.peaks)])


def _ids(ids) -> str:
    """Return the first ids, which contribute most, and the number of those left out, in words."""
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return ", ".join(map(str, ids[:_SHOWN])) + more
