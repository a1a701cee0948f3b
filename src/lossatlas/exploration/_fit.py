"""Good models at once: minima from many starts, without the map of what lies between them."""

import os
from collections.abc import Callable

from lossatlas._checks import check_whole
from lossatlas.atlas import Atlas
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches import Toolkit, plain_code

from ._budget import Budget, Progress
from ._explore import explore


def fit(
    landscape: AbstractLandscape,
    out: str | os.PathLike,
    *,
    starts: int = 200,
    seconds: float | None = None,
    seed: int = 0,
    progress: Callable[[Progress], None] | bool | None = None,
    workers: int | None = None,
    toolkit: Toolkit | None = None,
) -> Atlas:
    """Minimise from random starts and from displaced minima, and keep every verified minimum.

    This is the first part of `explore`, which goes on from the same file. It ends when so many starts were
    searched, or earlier when random starts bring no new minimum. Its programs are compiled in a third of
    the time that those of `explore` take, since the searches are over soon.

    **Arguments:**

    - `landscape`: what is minimised.
    - `out`: file of the atlas; made if it is not there, continued if it is.
    - `starts`: searches in all, over all runs on the atlas.
    - `seconds`: limit on wall time of this run; default none.
    - `seed`, `progress`, `workers`, `toolkit`: as of `explore`.

    **Returns:** the atlas, open for reading.

    **Raises:** as `explore`.
    """
    budget = Budget(searches=check_whole("starts", starts), seconds=seconds)
    with plain_code():
        return explore(
            landscape,
            out,
            budget=budget,
            seed=seed,
            progress=progress,
            workers=workers,
            network=False,
            toolkit=toolkit,
        )
