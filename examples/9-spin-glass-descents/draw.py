"""Summarise a table that run.py made: a row per size and method, exponents of the variance, and a picture.

python draw.py p3-runs.csv p3.csv --picture p3.png
"""

import argparse
import sys
from pathlib import Path

from descent_pictures import draw
from descent_summary import exponents, summarise

from lossatlas import plots


sys.path.append(str(Path(__file__).parents[1]))
from run_table import read_rows, write_rows  # noqa: E402


def main() -> None:
    """Read the table, write the summary, and say what does not fit in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("summary", type=Path)
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    reached = summarise(read_rows(given.runs))
    write_rows(given.summary, [part.row() for part in reached])
    for part in reached:
        if part.lost:
            print(f"size {part.size}, {part.method}: {part.lost} of {part.descents} descents diverged")
    fits = exponents(reached)
    for method, fit in fits.items():
        scatter = f", chi^2 {fit.chi_squared:.2g} per degree of freedom" if fit.chi_squared >= 0 else ""
        print(f"variance, {method}: size^({fit.exponent:.3f} +- {fit.error:.3f}){scatter}")
    levels = (f"{name} = {level:.4f}" for name, level in reached[0].unit.levels.items())
    print(f"theory of many spins: {', '.join(levels)}")
    if given.picture is not None:
        plots.save_picture(draw(reached, fits), given.picture)


if __name__ == "__main__":
    main()
