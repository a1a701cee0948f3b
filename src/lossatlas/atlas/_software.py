"""Versions of the software that writes an atlas, and the time of writing."""

import datetime
import functools
import importlib.metadata
import platform
import sqlite3


def software_versions() -> dict[str, str]:
    """Return the versions of the software that determines the numbers, without importing it."""
    packages = ("lossatlas", "jax", "jaxlib", "numpy", "scipy")
    versions = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    return versions | {name: _installed_version(name) for name in packages}


@functools.cache  # each call parses a file of metadata; all of them take 10 ms
def _installed_version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def now() -> str:
    """Return the present time in UTC, as ISO 8601 text."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
