"""How many searches a batch may hold, so that a time limit is kept."""

from collections.abc import Sequence


SHARE = 0.5  # of the time that is left, which a batch may take by what searches took before


class Pace:
    """Seconds that searches of each kind take, and what follows for the next batch.

    A batch cannot be cut short. So one search per core shows how long a kind takes, and from then on a
    batch is expected to take half of the time that is left: as the limit comes near batches shrink to one
    search per core, by which it is missed at most, if searches are alike.

    **Arguments:**

    - `cores`: searches that run at once.
    """

    def __init__(self, cores: int):
        self.cores = cores
        self._seconds: dict[str, float] = {}

    def allowed(self, kinds: Sequence[str], left: float) -> int:
        """Return how many of the next searches make a batch, at least one per core if there are as many.

        **Arguments:**

        - `kinds`: of the searches, in the order of planning.
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
        """Learn from a batch and the seconds that it took; the last batch says most."""
        for kind in set(kinds):
            self._seconds[kind] = seconds / len(kinds)
