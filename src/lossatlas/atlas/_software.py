"""Which software writes an atlas, and when."""

import datetime
import functools
import importlib.metadata
import platform
import sqlite3


def software_versions() -> dict[str, str]:
    """Return versions of what decides the numbers, without importing any of it."""
    packages = ("lossatlas", "jax", "jaxlib", "numpy", "scipy")
    versions = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    return versions | {name: _installed_version(name) for name in packages}


@functools.cache  # each parses a file of metadata, 10 ms for all
def _installed_version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def now() -> str:
    """Return the time in UTC, ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
