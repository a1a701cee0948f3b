"""Names of metrics of single classes, which are columns of an atlas."""

import re
from collections.abc import Sequence


PER_CLASS = ("auc", "recall", "precision")
_DETAIL = re.compile(rf".*_error|[a-z]+_({'|'.join(PER_CLASS)})_.+")


def class_words(classes: Sequence[str]) -> tuple[str, ...]:
    """Return a word for each class that names of columns can end in, such as type_2 for "type 2".

    Words that would be equal, and `error`, get the number of the class as well.
    """
    words = [re.sub(r"\W+", "_", name).strip("_") or "class" for name in classes]
    return tuple(
        f"{word}_{number}" if words.count(word) > 1 or word == "error" else word
        for number, word in enumerate(words)
    )


def is_detail(name: str) -> bool:
    """Return whether a column is an error or a metric of a single class, which lists show on request."""
    return _DETAIL.fullmatch(name) is not None
