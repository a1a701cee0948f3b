"""The logarithmic energy axis: energies above the lowest one, which lies at 0, its lower end."""

import dataclasses

import numpy as np
from matplotlib.axes import Axes
from matplotlib.scale import SymmetricalLogTransform
from matplotlib.ticker import Formatter, Locator

from ._energy_axis import AbstractEnergyAxis


_ROUNDING = 1e-12  # relative difference up to which two energies count as equal


@dataclasses.dataclass(frozen=True, eq=False)
class LogAxis(AbstractEnergyAxis):
    """An axis that is logarithmic above a floor and linear from there to 0, as high as one decade.

    - `floor`: a power of ten, loss units.
    - `top`: the highest energy, loss units.
    """

    floor: float
    top: float

    def to_height(self, energy) -> np.ndarray:
        """Return the heights of energies above the lowest one; the height of 0 is 0."""
        up = SymmetricalLogTransform(10, self.floor, 1.0)
        return up.transform(np.asarray(energy, dtype=float)) / up.transform(np.array(self.top))

    def to_energy(self, height) -> np.ndarray:
        """Return the energies above the lowest one at given heights."""
        up = SymmetricalLogTransform(10, self.floor, 1.0)
        return up.inverted().transform(np.asarray(height, dtype=float) * up.transform(np.array(self.top)))

    def set_up(self, ax: Axes, energies: np.ndarray) -> None:
        """Set Matplotlib's symlog scale, with a tick at 0 and one per decade."""
        few = self.top < 100 * self.floor
        ax.set_yscale("symlog", linthresh=self.floor, linscale=1.0, subs=None if few else range(2, 10))
        ax.yaxis.set_major_locator(_DecadeLocator(self.floor, (1, 2, 5) if few else (1,)))
        ax.yaxis.set_major_formatter(_DecadeFormatter())


def log_axis(energies: np.ndarray) -> LogAxis:
    """Choose the floor of a logarithmic axis: the power of ten below the smallest energy that is not zero.

    **Arguments:**

    - `energies`: energies of all nodes, as `above_lowest` returns them, shape (nodes,), loss units.

    **Returns:** the axis.
    """
    above = energies[energies > 0]
    if not above.size:
        return LogAxis(0.1, 1.0)
    return LogAxis(float(10.0 ** np.floor(np.log10(above.min()))), float(above.max()))


def above_lowest(energies: np.ndarray, lowest: float) -> np.ndarray:
    """Return energies above the lowest one, 0 where they agree with it within rounding, loss units."""
    above = energies - lowest
    return np.where(above <= _ROUNDING * abs(lowest), 0.0, above)


class _DecadeLocator(Locator):
    """Ticks at 0 and in up to nine decades from the floor upwards."""

    def __init__(self, floor: float, steps: tuple[int, ...]):
        self.floor, self.steps = floor, steps

    def __call__(self):
        return self.tick_values(*self.axis.get_view_interval())  # pyright: ignore

    def tick_values(self, vmin: float, vmax: float) -> np.ndarray:
        lowest, highest = np.round(np.log10(self.floor)), np.floor(np.log10(max(vmax, self.floor)))
        exponents = np.arange(lowest, highest + 1)
        every = -(-len(exponents) // 9)
        values = np.outer(10.0 ** exponents[::every], self.steps).ravel()
        return np.append(0.0, values[(values >= vmin) & (values <= vmax)])


class _DecadeFormatter(Formatter):
    """Plain decimals if all ticks are from 0.001 to 1000, else powers of ten."""

    plain = True

    def set_locs(self, locs):
        self.plain = all(9e-4 < tick < 1.1e3 for tick in locs if tick)

    def __call__(self, x, pos=None):
        if self.plain or not x > 0:
            return self.fix_minus(f"{x:g}")
        exponent = int(np.floor(np.log10(x) + 1e-9))
        factor = f"{x / 10.0**exponent:.3g}"
        return f"$10^{{{exponent}}}$" if factor == "1" else f"${factor}\\times10^{{{exponent}}}$"
