"""Limits of an exploration, and how far it has got."""

import dataclasses

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
    - `components`: number of connected parts of the network.
    - `lowest`: energy of the lowest minimum so far, loss units; NaN before there is one.
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
