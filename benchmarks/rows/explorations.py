"""Whole explorations, as a user runs them."""

import tempfile

from _measure import Line, Row, Settings, Value, compare
from explore import COMMANDS, explore


def explorations(settings: Settings) -> list[Line]:
    """Whole explorations on all cores: nothing compiled before, against programs in the cache."""
    lines = []
    for command in COMMANDS:
        with tempfile.TemporaryDirectory() as warm:
            cache = {"folder": warm}

            def cold() -> Value:
                with tempfile.TemporaryDirectory() as folder:
                    return measured(command, folder)  # noqa: B023

            explore(command, cache["folder"])
            again = {"warm": lambda: measured(command, cache["folder"])}  # noqa: B023
            lines += compare(f"explore {command}", "s", cold, again, settings.repeats, cost=True)
    return lines


def measured(command: str, folder: str) -> Value:
    found = explore(command, folder)
    return Value(found["seconds"], f"{found['minima']} minima, {found['states']} TS, {found['phase']}")


ROWS: dict[str, Row] = {"explore": explorations}
