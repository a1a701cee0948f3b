"""Descend on many draws of spin glasses from random starts, and keep where every descent ended in a table.

    python run.py 10,20,30 --methods gradient,lbfgs --starts 16 --draws 40 --out p3-runs.csv

The same command goes on with a run that was stopped; further sizes, draws, starts and methods are added.
"""

import argparse
import dataclasses
import itertools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

import lossatlas as la
from lossatlas.searches import LBFGS, GradientDescent, QuasiNewton
from lossatlas.searches.global_search import random_starts


sys.path.append(str(Path(__file__).parents[1]))
from run_table import RunTable  # noqa: E402


METHODS = ("gradient", "lbfgs", "hopping")
LIMITS = {"tolerance": 1e-6, "max_gradients": 20_000}  # of a descent: rms gradient, gradients
SETTINGS = (
    *("p", "partite", "size", "draw", "method", "start", "quench"),
    *("step", "chains", "temperature", "hop_length", *LIMITS),
)
ENDS = ("energy", "rms_gradient", "gradients", "outcome")


@dataclasses.dataclass(frozen=True)
class How:
    """How glasses are descended.

    `step`, `temperature` and `hop_length` are for spins of order 1. In glasses of parts, whose spins are
    smaller, they are multiplied by the length scale: inverse curvatures, and changes of the energy from one
    minimum to the next, are of that order there, too.

    - `starts`: of `gradient` and `lbfgs`, on each draw.
    - `step`: of gradient descent.
    - `chains`, `hops`: of basin-hopping, from the first of the starts.
    - `temperature`: kT of basin-hopping.
    - `hop_length`: standard deviation of the longest hops. For p = 3 and N = 50, 100, hops of 4 reach
        higher energies in as many quenches, those of 16 no lower ones.
    - `workers`: threads; None for one per core.
    """

    starts: int = 100
    step: float = 0.1
    chains: int = 4
    hops: int = 24
    temperature: float = 1.0
    hop_length: float = 8.0
    workers: int | None = None

    def settings(self, method: str) -> dict[str, Any]:
        """Return the settings that make a difference to the descents of a method."""
        of_method = {"gradient": ("step",), "hopping": ("chains", "temperature", "hop_length")}
        return {name: getattr(self, name) for name in of_method.get(method, ())}

    def places(self, method: str) -> list[dict[str, int]]:
        """Return start and quench of all descents of a method on one draw."""
        if method != "hopping":
            return [{"start": start, "quench": 0} for start in range(self.starts)]
        both = itertools.product(range(self.hops + 1), range(self.chains))
        return [{"start": chain, "quench": quench} for quench, chain in both]


def run(
    table: RunTable, sizes: Sequence[int], methods: Sequence[str], how: How, *, p: int = 3,
    partite: bool = False, draws: int = 10,
) -> None:  # fmt: skip
    """Descend by every method on every draw of every size, as far as the table lacks it."""
    for size, draw in itertools.product(sizes, range(draws)):
        glass = None
        for method in methods:
            piece = {
                **dict.fromkeys(SETTINGS), **how.settings(method), **LIMITS,
                "p": p, "partite": partite, "size": size, "draw": draw, "method": method,
            }  # fmt: skip
            missing = [place for place in how.places(method) if {**piece, **place} not in table]
            if not missing:
                continue
            print(f"size {size}, draw {draw + 1} of {draws}: {method}", file=sys.stderr, flush=True)
            if glass is None:
                glass = spin_glass(p, size, partite, draw)
            for row in descents(glass, method, missing, how, draw=draw):
                table.add({**piece, **row})


def spin_glass(p: int, size: int, partite: bool, draw: int) -> la.landscapes.AbstractLandscape:
    """Return a draw of the coefficients of a glass of one part or of p."""
    return (
        la.landscapes.partite_spin_glass((size,) * p, seed=draw)
        if partite
        else la.landscapes.spin_glass(size, order=p, seed=draw)
    )


def descents(
    glass: la.landscapes.AbstractLandscape,
    method: str,
    places: list[dict[str, int]],
    how: How,
    *,
    draw: int,
) -> Iterator[dict[str, Any]]:
    """Descend from some starts, the same for all methods, and yield a row per descent.

    Start i of draw d is drawn with `fold_in(fold_in(key(0), d), i)`. Chains of hops are run as a whole.
    """
    key = jax.random.fold_in(jax.random.key(0), draw)
    scale = glass.length_scale
    # Where lanes share passes over large coefficients, a gradient is cheap beside many pairs.
    quasi_newton = QuasiNewton(LBFGS(10) if glass.shares_passes else LBFGS(), **LIMITS)
    if method == "hopping":
        places = how.places(method)
        starts = random_starts(glass, key, np.arange(how.chains), workers=how.workers)
        found = la.basin_hopping(
            glass, starts, steps=how.hops, temperature=how.temperature * scale, key=key,
            step=how.hop_length * scale, method=quasi_newton, polish=False, workers=how.workers,
        ).quenches  # fmt: skip
    else:
        starts = random_starts(
            glass, key, np.array([place["start"] for place in places]), workers=how.workers
        )
        by = GradientDescent(how.step * scale, **LIMITS) if method == "gradient" else quasi_newton
        found = la.descend(glass, starts, method=by, workers=how.workers)
    for row, place in enumerate(places):
        (outcome,) = found.rows([row]).outcomes()
        yield {**place, **{name: getattr(found, name)[row] for name in ENDS[:-1]}, "outcome": outcome}


def main() -> None:
    """Read the command line and run what the table lacks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("sizes", help="spins of the glasses, or of each of their parts, such as 10,20")
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--p", type=int, default=3)
    parser.add_argument("--partite", action="store_true", help="a glass of p parts")
    parser.add_argument("--draws", type=int, default=10, help="of the coefficients")
    parser.add_argument("--out", type=Path, required=True)
    for field in dataclasses.fields(How):
        parser.add_argument(
            f"--{field.name.replace('_', '-')}", default=field.default, type=type(field.default or 1)
        )
    given = parser.parse_args()
    methods = given.methods.split(",")
    if not set(methods) <= set(METHODS):
        parser.error(f"--methods takes {', '.join(METHODS)}, got {given.methods}")
    how = How(**{field.name: getattr(given, field.name) for field in dataclasses.fields(How)})
    run(
        RunTable(given.out, SETTINGS, ENDS), [int(size) for size in given.sizes.split(",")], methods, how,
        p=given.p, partite=given.partite, draws=given.draws,
    )  # fmt: skip


if __name__ == "__main__":
    main()
