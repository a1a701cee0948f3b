"""Values of a table as texts, and which texts stand for a value that is not known."""

from typing import Any

import numpy as np


# Marks of R, pandas, SQL, SAS, Weka and spreadsheets, errors of formulas included. A minus sign is none of
# them, since it can be one of two classes; nor is `none` in small letters, a word that many tables have.
MARKS = frozenset(
    (
        *("", "na", "n/a", "n.a.", "n.a", "nan", "-nan", "null", "?", ".", "<na>", "\\n", "nat"),
        *("#n/a", "#na", "#n/a n/a", "1.#qnan", "-1.#qnan", "1.#ind", "-1.#ind"),
        *("#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!"),
    )
)
# Numbers that stand for a missing value in many tables, and may be numbers as well.
CODES = (-9, -99, -999, -9999, -99999)


def is_missing(text: str) -> bool:
    """Return whether a text stands for a value that is not known."""
    if text[-1:].isdecimal():  # as of most numbers and of no mark
        return False
    bare = text.strip().strip("'\"").strip()
    return len(bare) < 12 and (bare == "None" or bare.lower() in MARKS)


def as_text(value: Any) -> str:
    """Return a value as it would stand in a file; nothing for None and numbers that are none."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else repr(float(value))
    return str(value)
