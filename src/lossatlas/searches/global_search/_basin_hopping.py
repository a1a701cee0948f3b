"""Basin-hopping: displace, minimise, accept or refuse; many chains run at once."""

import dataclasses
import functools

import jax
import numpy as np

from lossatlas._abstract_result import AbstractResult
from lossatlas._checks import check_flag, check_not_negative, check_positive, check_whole
from lossatlas._results import RESULTS
from lossatlas.landscapes import AbstractLandscape, Units
from lossatlas.searches._records import Descents, Quenches, StationaryPoints
from lossatlas.searches._toolkit import Toolkit, toolkit_or_default
from lossatlas.searches._units import in_own_units
from lossatlas.searches.minimisers import AbstractMinimiser
from lossatlas.searches.verbs import descend, minimise

from ._starts import check_key, perturbed


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Hops(AbstractResult):
    """All minimisations of a basin-hopping run, and the points where its chains ended.

    - `quenches`: the ends of all minimisations, `Quenches` with (steps + 1) * chains rows: first those of
        the starts, then those of each step, in the order of the chains.
    - `accepted`: whether the chain moved to the end of the minimisation, shape (steps + 1, chains).
    - `x`: last points of the chains, shape (chains, dim), parameter units.
    - `energy`: their energies, shape (chains,), loss units; infinite where no minimisation succeeded.
    """

    quenches: Quenches
    accepted: np.ndarray
    x: np.ndarray
    energy: np.ndarray

    def in_units(self, units: Units) -> "Hops":
        """Return a dimensionless run in the units of the caller."""
        return dataclasses.replace(
            self,
            quenches=self.quenches.in_units(units),
            x=self.x * units.variables,
            energy=self.energy * units.energy,
        )

    def outcomes(self) -> dict[str, int]:
        """Return the number of quenches with each outcome."""
        return self.quenches.outcomes()

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per quench: hop and chain from 0, whether it was accepted, and how it ended."""
        hop, chain = np.indices(self.accepted.shape).reshape(2, -1)
        own = {"hop": hop, "chain": chain, "accepted": self.accepted.ravel()}
        return own | self.quenches.to_columns()

    def __repr__(self) -> str:
        """Return the numbers of chains and hops, how many were accepted, and how the quenches ended."""
        hops, chains = len(self.accepted) - 1, len(self.energy)
        return (
            f"Hops({chains} chains of {hops} hops: accepted {int(np.sum(self.accepted[1:]))}; "
            f"{self.quenches!r})"
        )


def accepted(old: np.ndarray, new: np.ndarray, temperature: float, rng: np.random.Generator) -> np.ndarray:
    """Return which hops are accepted, each with probability min(1, exp(-(new - old) / kT)).

    **Arguments:**

    - `old`, `new`: energies, shape (chains,); infinite where a minimisation failed.
    - `temperature`: kT, loss units, >= 0.
    - `rng`: random generator, from which one number per chain is drawn.

    **Returns:** booleans, shape (chains,).
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        probability = np.where(new <= old, 1.0, np.exp(-(new - old) / temperature))
    return np.isfinite(new) & (rng.random(len(new)) < np.nan_to_num(probability))


@in_own_units(
    starts="points",
    temperature="energies",
    step="lengths",
    method="method",
    toolkit="method",
    tolerance="slopes",
)
def basin_hopping(
    landscape: AbstractLandscape,
    starts: np.ndarray,
    *,
    steps: int,
    temperature: float,
    key: jax.Array,
    step: float | None = None,
    method: AbstractMinimiser | None = None,
    toolkit: Toolkit | None = None,
    max_gradients: int | None = None,
    polish: bool = True,
    tolerance: float | None = None,
    workers: int | None = None,
) -> Hops:
    """Run one basin-hopping chain from every start.

    **Arguments:**

    - `landscape`: the landscape that is searched.
    - `starts`: shape (chains, dim), parameter units; they are minimised first.
    - `steps`: hops per chain, after the minimisation of the start.
    - `temperature`: kT, loss units, >= 0.
    - `key`: JAX random key; chain c of step s uses `fold_in(key, s * chains + c)`.
    - `step`: standard deviation of the longest displacements, parameter units. Default: the length scale of
        the landscape (divided by sqrt(dim) where the `hop` of the toolkit is `point`), or the root mean
        square variable of the point where that is larger.
    - `method`, `toolkit`, `max_gradients`: see `minimise`.
    - `polish`: True to quench by `minimise`, to verified minima. False to quench by `descend`, for losses
        whose minima are degenerate; then quenches that ran out of gradients may be accepted, too.
    - `tolerance`: rms gradient at which quenches without polish end, loss units per parameter unit;
        default the tolerance of the minimiser, 1e-6.
    - `workers`: threads; default one per core.

    **Returns:** `Hops`. A quench that failed is never accepted, but is kept in `quenches`.

    **Raises:** `ValueError` if `steps` is below 1, the temperature is negative, `key` is not a random key,
    `step` is not positive, a `tolerance` is given with `polish=True`, or `minimise` raises it.

    Source: Wales & Doye, J. Phys. Chem. A 101, 5111 (1997), doi:10.1021/jp970984n.
    """
    steps, key, polish = check_whole("steps", steps), check_key("key", key), check_flag("polish", polish)
    temperature = check_not_negative("temperature", temperature)
    step = None if step is None else check_positive("step", step)
    if polish and tolerance is not None:
        raise ValueError("`tolerance` applies to quenches without polish: give `polish=False` as well.")
    toolkit = toolkit_or_default(toolkit, landscape)
    search = minimise if polish else functools.partial(descend, tolerance=tolerance)
    quench = functools.partial(
        search, landscape, method=method, toolkit=toolkit, max_gradients=max_gradients, workers=workers
    )
    first = quench(starts)
    x, energy = first.x.copy(), _energies(first)
    quenches = [_quenches(first)]
    history = [np.isfinite(energy)]
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    for s in range(steps):
        numbers = s * len(x) + np.arange(len(x))
        trials = perturbed(landscape, x, key, numbers, step=step, toolkit=toolkit, workers=workers)
        found = quench(trials)
        new = _energies(found)
        taken = accepted(energy, new, temperature, rng)
        x[taken], energy[taken] = found.x[taken], new[taken]
        quenches.append(_quenches(found))
        history.append(taken)
    return Hops(Quenches.concatenate(quenches), np.stack(history), x, energy)


def _energies(found: StationaryPoints | Descents) -> np.ndarray:
    """Return the energies of quenches, infinite where they failed."""
    unfinished = isinstance(found, Descents) & (found.outcome == RESULTS.max_steps)
    return np.where(found.converged | unfinished, found.energy, np.inf)


def _quenches(found: StationaryPoints | Descents) -> Quenches:
    """Return the rows of searches with or without polish as `Quenches`."""
    common = ("x", "energy", "rms_gradient", "outcome", "gradients", "hessians")
    history = found.history if isinstance(found, Descents) else np.zeros((len(found), 0))
    return Quenches(**{name: getattr(found, name) for name in common}, history=history)
