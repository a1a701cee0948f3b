"""Limits of an exploration, and how far it has got."""

import dataclasses
import math

from lossatlas._checks import check_positive, check_whole


@dataclasses.dataclass(frozen=True)
class Budget:
    """Limits of one exploration; None means no limit.

    - `seconds`: wall time of this run.
    - `evaluations`: gradients plus Hessians, over all runs on the atlas.
    - `searches`: searches of any kind, over all runs.
    - `minima`, `transition_states`: numbers of points in the atlas.

    **Raises:** `ValueError` unless `seconds` is a positive finite number and every other limit a whole
    number of at least 1.
    """

    seconds: float | None = None
    evaluations: int | None = None
    searches: int | None = None
    minima: int | None = None
    transition_states: int | None = None

    def __post_init__(self):
        """Check the limits."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is not None:
                check = check_positive if field.name == "seconds" else check_whole
                object.__setattr__(self, field.name, check(field.name, value))

    def spent(self, progress: "Progress") -> str | None:
        """Return the name of a limit that is reached, or None."""
        for field in dataclasses.fields(self):
            limit = getattr(self, field.name)
            if limit is not None and getattr(progress, field.name) >= limit:
                return field.name.replace("_", " ")
        return None


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far an exploration has got; the `progress` callback gets it after every batch.

    - `phase`: `minima`, `network`, `complete` or `inconclusive`.
    - `round`: number of rounds planned so far.
    - `quiet`: number of searches since the last new point.
    - `patience`: value of `quiet` at which the exploration ends.
    - `seconds`, `evaluations`, `searches`, `minima`, `transition_states`: what `Budget` limits.
    - `components`: number of connected components of the network.
    - `lowest`: energy of the lowest minimum so far, loss units; NaN before there is one.
    - `budget`: the limits of this run.
    """

    phase: str
    round: int
    quiet: int
    patience: int
    seconds: float
    evaluations: int
    searches: int
    minima: int
    transition_states: int
    components: int
    lowest: float
    budget: Budget = Budget()

    @property
    def fraction(self) -> float:
        """Part that is done, 0 to 1: of the limit that is nearest, or of the patience."""
        limits = dataclasses.asdict(self.budget)
        parts = [getattr(self, name) / limit for name, limit in limits.items() if limit is not None]
        if self.phase == "network":
            parts.append(self.quiet / self.patience)
        return min(1.0, max(parts, default=0.0))

    def __str__(self) -> str:
        """Return what was found, and what is left until the exploration ends."""
        lowest = "" if math.isnan(self.lowest) else f" (lowest {self.lowest:.8g})"
        said = (
            f"{self.minima} minim{'um' if self.minima == 1 else 'a'}{lowest}, "
            f"{self.transition_states} transition state{'' if self.transition_states == 1 else 's'}, "
            f"{self.searches} searches"
        )
        if self.phase == "network" and self.quiet:
            said += f", the last {self.quiet} without a new point (ends at {self.patience})"
        if self.budget.seconds is not None:
            said += f", {max(0.0, self.budget.seconds - self.seconds):.0f} s left"
        for name in ("evaluations", "searches", "minima", "transition_states"):
            limit = getattr(self.budget, name)
            if limit is not None:
                said += f", {max(0, limit - getattr(self, name))} {name.replace('_', ' ')} left"
        return said
