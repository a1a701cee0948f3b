"""Draw occupation against time, and rate constants against temperature."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from lossatlas._checks import as_numbers, check_flag, check_is
from lossatlas._numbers import number_from_log
from lossatlas.analysis.kinetics import Evolution, RatesAt, RateScan, evolve

from ._colours import GROUPS
from ._frame import add_legend, axes_of


_LONGEST = 680.0  # largest |ln| of a time in a picture
_TIMES = 120  # points of a curve


def rates(scan: RateScan, *, ax: Axes | None = None) -> Axes:
    """Draw the rate constant against 1 / kT or, for a single temperature, the occupation against time.

    The occupation starts with the source at equilibrium. Times run from a tenth of the shortest mean
    waiting time of any state to 300 times the mean first-passage time.

    **Arguments:**

    - `scan`: what `rate_scan` returns.
    - `ax`: axes to draw in; default those of a new figure.

    **Returns:** the axes.

    **Raises:** `ValueError` if the rate is zero (at all temperatures), and for times beyond the range of
    floats.
    """
    found = scan.computed
    if len(found) > 1:
        kt = np.array([one.rates.kt for one in found])
        logs = np.array([one.passage.log_rate for one in found])
        return arrhenius(kt, {"rate": logs}, log=True, ax=ax)
    rates, passage = found[0].rates, found[0].passage
    sets = {_name("from", passage.source): passage.source, _name("to", passage.target): passage.target}
    course = evolve(rates, rates.equilibrium(passage.source), _times(found[0]))
    return evolution(course, sets, ax=ax)


def _times(one: RatesAt) -> np.ndarray:
    """Return times that show the whole way from the source to the target."""
    if not one.passage.log_rate > -np.inf:
        raise ValueError("The rate is zero, so there is nothing to draw.")
    ends = np.log(0.1) - float(one.rates.branching()[3].max()), np.log(300) + one.passage.log_mfpt
    if np.abs(ends).max() > _LONGEST:
        raise ValueError(
            f"The times, {number_from_log(ends[0])} to {number_from_log(ends[1])}, are beyond the range of "
            "floats, so the occupation cannot be drawn."
        )
    return np.exp(np.linspace(*ends, _TIMES))


def _name(side: str, ids: np.ndarray) -> str:
    return f"minimum {ids[0]}" if len(ids) == 1 else f"{side}: {len(ids)} minima"


def evolution(evolution: Evolution, sets: Mapping[str, np.ndarray], *, ax: Axes | None = None) -> Axes:
    """Draw the occupation of sets of states against time, on a logarithmic axis.

    **Arguments:**

    - `evolution`: what `evolve` returns; a time of 0 is left out.
    - `sets`: name -> ids of the states whose occupations are added up, 1 to 10 sets. The occupation of all
        other states is drawn as "others" if it ever exceeds 1e-3.
    - `ax`: axes to draw in; default those of a new figure.

    **Returns:** the axes.

    **Raises:** `ValueError` for no set, more than ten, or fewer than two positive times.
    """
    later = evolution.times > 0
    if np.count_nonzero(later) < 2:
        raise ValueError("`evolution` needs at least two positive times.")
    if not 1 <= len(sets) <= len(GROUPS):
        raise ValueError(f"`sets` must hold 1 to {len(GROUPS)} sets of states, got {len(sets)}.")
    ax = axes_of(ax, 6.0, 4.2)
    order = np.flatnonzero(later)[np.argsort(evolution.times[later], kind="stable")]
    times = evolution.times[order]
    curves = {name: evolution.of_set(states)[order] for name, states in sets.items()}
    everything = np.concatenate([np.asarray(states) for states in sets.values()])
    others = 1.0 - evolution.of_set(everything)[order]
    handles = []
    for (name, p), colour in zip(curves.items(), GROUPS):
        handles += ax.plot(times, p, color=colour, linewidth=1.8, label=name)
    if others.max() > 1e-3:
        handles += ax.plot(times, others, color="#808080", linewidth=1.8, linestyle="--", label="others")
    ax.set_xscale("log")
    ax.set_xlim(times[0], times[-1])
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel("time (unit masses)")
    ax.set_ylabel("occupation probability")
    ax.spines[["top", "right"]].set_visible(False)
    add_legend(ax, handles)
    return ax


def arrhenius(
    kt: np.ndarray, rates: Mapping[str, np.ndarray], *, log: bool = False, ax: Axes | None = None
) -> Axes:
    """Draw log10 of rate constants against 1 / kT (Arrhenius plot); one barrier gives a straight line.

    **Arguments:**

    - `kt`: temperatures, positive, loss units, shape (temperatures,).
    - `rates`: name -> rate constants, not negative, shape (temperatures,), in sqrt(loss units) / parameter
        units; up to ten. Rates of zero are left out.
    - `log`: whether `rates` are natural logarithms (-inf for a rate of zero).
    - `ax`: axes to draw in; default those of a new figure.

    **Returns:** the axes.

    **Raises:** `ValueError` if there is no positive rate, for more than ten, and for temperatures or rates
    that are out of range or of different numbers.
    """
    check_is("rates", rates, Mapping, "rate constants by name")
    kt, log = as_numbers("kt", kt), check_flag("log", log)
    if kt.ndim != 1 or not np.all((kt > 0) & (kt < np.inf)):
        raise ValueError(f"`kt` must be a vector of positive temperatures, got {kt.tolist()}.")
    if len(rates) > len(GROUPS):
        raise ValueError(f"`rates` may hold up to {len(GROUPS)} rate constants, got {len(rates)}.")
    logs = {name: _logarithms(name, k, kt, log) for name, k in rates.items()}
    if not any(np.isfinite(k).any() for k in logs.values()):
        raise ValueError("There is no positive rate to draw.")
    ax = axes_of(ax, 6.0, 4.2)
    order = np.argsort(-kt, kind="stable")
    handles = []
    for (name, k), colour in zip(logs.items(), GROUPS):
        seen = order[np.isfinite(k[order])]
        handles += ax.plot(
            1.0 / kt[seen], k[seen] / np.log(10), color=colour, marker="o", markersize=3.5, label=name
        )
    ax.set_xlabel("1 / kT  (1 / loss units)")
    ax.set_ylabel("log$_{10}$ of the rate constant (unit masses)")
    ax.spines[["top", "right"]].set_visible(False)
    if len(handles) > 1:
        add_legend(ax, handles)
    return ax


def _logarithms(name: str, rates: Any, kt: np.ndarray, log: bool) -> np.ndarray:
    """Return natural logarithms of rate constants; raises `ValueError` for numbers that are none."""
    values = as_numbers("rates", rates)
    if values.shape != kt.shape:
        raise ValueError(f"`rates` must have shape {kt.shape} like `kt`, but {name!r} has {values.shape}.")
    if not np.all(values < np.inf) or not (log or np.all(values >= 0)):  # NaN is not below infinity
        what = "natural logarithms of rate constants" if log else "rate constants, which are not negative"
        raise ValueError(f"`rates` must hold {what}, but {name!r} holds {values.tolist()}.")
    with np.errstate(divide="ignore"):
        return values if log else np.log(values)
