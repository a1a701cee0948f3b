"""Whole explorations from a cold start, compilation included, each in a process of its own.

python benchmarks/explore.py
"""

import json
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


def main():
    print(f"{'command':28s}{'seconds':>9s}{'minima':>8s}{'TS':>5s}{'parts':>7s}{'searches':>10s}  phase")
    for command in COMMANDS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.atlas"
            line = [sys.executable, "-m", "lossatlas"]
            begin = time.perf_counter()
            subprocess.run([*line, "explore", *command.split(), "--out", path], check=True, stdout=-3)
            seconds = time.perf_counter() - begin
            shown = subprocess.run([*line, "show", path, "--json"], check=True, capture_output=True)
            atlas = json.loads(shown.stdout)
            state = atlas["exploration"]
            print(
                f"{command:28s}{seconds:9.1f}{len(atlas['minima']):8d}{len(atlas['transition_states']):5d}"
                f"{len(atlas['components']):7d}{state['next_search']:10d}  {state['phase']}"
            )


if __name__ == "__main__":
    main()
