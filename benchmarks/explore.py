"""Whole explorations from a cold start, compilation included, each in a process of its own.

python benchmarks/explore.py
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


COMMANDS = (
    "xor --hidden 1",
    "xor --hidden 2",
    "xor --hidden 3",
    "xor --hidden 6 --l2 1e-4",
    "iris --hidden 3",
    "spin-glass --size 8",
    "mueller-brown",
)


def explore(command, cache):
    """Return seconds, minima, states, parts, searches and phase of an exploration.

    What it compiles is kept in the folder `cache`: empty, the start is cold; used before, it is warm.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.atlas"
        line = [sys.executable, "-m", "lossatlas"]
        environment = os.environ | {"LOSSATLAS_CACHE": str(cache)}
        environment.pop("JAX_COMPILATION_CACHE_DIR", None)
        begin = time.perf_counter()
        subprocess.run(
            [*line, "explore", *command.split(), "--out", path],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        seconds = time.perf_counter() - begin
        shown = subprocess.run([*line, "show", path, "--json"], check=True, capture_output=True)
    atlas = json.loads(shown.stdout)
    return {
        "seconds": seconds,
        "minima": len(atlas["minima"]),
        "states": len(atlas["transition_states"]),
        "parts": len(atlas["components"]),
        "searches": atlas["exploration"]["next_search"],
        "phase": atlas["exploration"]["phase"],
    }


def main():
    print(f"{'command':28s}{'seconds':>9s}{'minima':>8s}{'TS':>5s}{'parts':>7s}{'searches':>10s}  phase")
    for command in COMMANDS:
        with tempfile.TemporaryDirectory() as cache:
            found = explore(command, cache)
        print(
            f"{command:28s}{found['seconds']:9.1f}{found['minima']:8d}{found['states']:5d}"
            f"{found['parts']:7d}{found['searches']:10d}  {found['phase']}"
        )


if __name__ == "__main__":
    main()
