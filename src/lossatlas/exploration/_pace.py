"""Sizes of batches that keep a time limit."""

from collections.abc import Sequence


SHARE = 0.5  # part of the remaining time that a batch may take, estimated from earlier searches


class Pace:
    """Seconds that searches of each kind take, and the size of the next batch that follows from them.

    A batch cannot be cut short. So the first batch of a kind has one search per core, which shows how long
    the kind takes; later batches are planned to take half of the remaining time. Near the limit batches
    shrink to one search per core, so the limit is exceeded by one search per core at most, if searches of
    a kind take equal times.

    **Arguments:**

    - `cores`: number of searches that run at once.
    """

    def __init__(self, cores: int):
        self.cores = cores
        self._seconds: dict[str, float] = {}

    def allowed(self, kinds: Sequence[str], left: float) -> int:
        """Return the number of searches in the next batch: at least one per core, if that many are planned.

        **Arguments:**

        - `kinds`: kinds of the searches, in the order of planning.
        - `left`: seconds until the limit.
        """
        expected, unknown = 0.0, 0
        for count, kind in enumerate(kinds):
            unknown += kind not in self._seconds
            expected += self._seconds.get(kind, 0.0)
            if count >= self.cores and (unknown > self.cores or expected > SHARE * left):
                return count
        return len(kinds)

    def note(self, kinds: Sequence[str], seconds: float) -> None:
        """Store the seconds per search of a batch, in place of earlier values for its kinds."""
        for kind in set(kinds):
            self._seconds[kind] = seconds / len(kinds)
