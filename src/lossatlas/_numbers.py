"""Numbers as text, also where they lie beyond the range of floats."""

import math


def number_from_log(log: float) -> str:
    """Return a number as text with six significant digits, given its natural logarithm."""
    if not math.isfinite(log) or abs(log) < 690:
        return f"{math.exp(log):.6g}"
    exponent = math.floor(log / math.log(10))
    fraction = f"{10 ** (log / math.log(10) - exponent):.6g}"
    return f"1e{exponent + 1:+d}" if fraction == "10" else f"{fraction}e{exponent:+d}"
