"""Names of metrics of single classes and of single targets, which are columns of an atlas."""

import re
from collections.abc import Sequence


PER_NAME = ("auc", "recall", "precision", "rmse", "r2")
_DETAIL = re.compile(rf".*_error|[a-z]+_({'|'.join(PER_NAME)})_.+")


def name_words(names: Sequence[str]) -> tuple[str, ...]:
    """Return a word for each class or target that names of columns can end in: type_2 for "type 2".

    Words that would be equal, and those that end in `error`, which names of errors do, get the number of
    the class or target as well.
    """
    words = [re.sub(r"\W+", "_", name).strip("_") or "name" for name in names]
    taken = [words.count(word) > 1 or re.fullmatch("(.*_)?error", word) for word in words]
    found = [f"{word}_{i}" if again else word for i, (word, again) in enumerate(zip(words, taken))]
    if len(set(found)) < len(found):  # such as a, a and a_0
        found = [f"{word}_{i}" for i, word in enumerate(words)]
    return tuple(found)


def is_detail(name: str) -> bool:
    """Return whether a column is an error or of a single class or target; lists show those on request."""
    return _DETAIL.fullmatch(name) is not None
