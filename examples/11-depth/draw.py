"""Summarise a table that run.py made: a row per network, deep against shallow ones, and pictures.

python draw.py relu-runs.csv relu.csv --distances relu-distances.png --entropy relu-entropy.png
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from depth_pictures import plot_depth_distances, plot_depth_entropy
from depth_summary import cells_of, compared, judged

from lossatlas import plots


sys.path.append(str(Path(__file__).parents[1]))
from run_table import read_rows, write_rows  # noqa: E402


def main() -> None:
    """Read the table, write the summary, and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("summary", type=Path)
    parser.add_argument("--distances", type=Path, help="picture of the distances")
    parser.add_argument("--entropy", type=Path, help="picture of widths against losses")
    given = parser.parse_args()
    results = [judged(cell, rows) for cell, rows in cells_of(read_rows(given.runs)).items()]
    rows = [result.row() for result in results]
    write_rows(given.summary, [{k: None if v != v else v for k, v in row.items()} for row in rows])
    for name, found in compared(rows).items():
        print(
            f"{name}, deep less shallow: {found.mean:.3g} +- {found.error:.2g}, median {found.median:.3g}; "
            f"above zero in {found.positive} of {found.count} sets (sign test p = {found.p_value:.2g})"
        )
    if given.distances is not None:
        panels = by_panel(results, [result.distances for result in results])
        plots.save_picture(plot_depth_distances(panels)[0].figure, given.distances)
    if given.entropy is not None:
        panels = by_panel(results, [result.losses_and_entropies for result in results])
        plots.save_picture(plot_depth_entropy(panels)[0].figure, given.entropy)


def by_panel(results: list, values: list) -> dict[str, dict[str, Any]]:
    """Sort one value per result by panel and group."""
    panels: dict[str, dict[str, Any]] = {}
    for result, value in zip(results, values):
        cell = result.cell
        panels.setdefault(f"{cell.set}, {cell.activation}", {})[f"{cell.layers} hidden layers"] = value
    return panels


if __name__ == "__main__":
    main()
