"""Named sets of minima, such as A and B of a PATHSAMPLE database."""

from collections.abc import Iterator, MutableMapping

import numpy as np
from jaxtyping import Int
from numpy.typing import ArrayLike

from ._file import AtlasFile
from ._point_rows import check_ids


Ids = Int[np.ndarray, " ids"]


class NamedSets(MutableMapping[str, Ids]):
    """Named sets of minima, a mapping from names to sorted ids: `atlas.sets["A"] = [1, 5]`.

    A name must be a word, so that it cannot be confused with an id. Assigning raises `ValueError` for other
    names, for an empty set, and for ids that no minimum has.

    **Arguments:**

    - `file`: the open atlas.
    """

    def __init__(self, file: AtlasFile):
        self._file = file

    def __getitem__(self, name: str) -> Ids:
        """Return the ids of one set, increasing."""
        ids = [minimum for known, minimum in self._file.rows("sets") if known == name]
        if not ids:
            raise KeyError(f"There is no set {name!r}; there is {', '.join(self) or 'none'}.")
        return np.array(ids)

    def __setitem__(self, name: str, ids: ArrayLike) -> None:
        """Store a set, in place of an older one of this name."""
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"Names of sets must be words such as A, got {name!r}.")
        with self._file.transaction():
            chosen = check_ids(f"sets[{name!r}]", ids, self._file.tables.count("minima"))
            self._file.tables.delete("sets", name)
            self._file.tables.insert("sets", [(name, minimum) for minimum in chosen.tolist()])

    def __delitem__(self, name: str) -> None:
        """Delete a set."""
        self[name]  # raises if there is none
        with self._file.transaction():
            self._file.tables.delete("sets", name)

    def __iter__(self) -> Iterator[str]:
        """Yield the names in alphabetical order."""
        return iter(dict.fromkeys(name for name, _ in self._file.rows("sets")))

    def __len__(self) -> int:
        """Return the number of sets."""
        return len(list(iter(self)))

    def __repr__(self) -> str:
        """Return names and sizes."""
        return f"NamedSets({', '.join(f'{name}: {len(ids)}' for name, ids in self.items())})"
