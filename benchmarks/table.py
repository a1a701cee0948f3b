"""One table of what lossatlas does and how fast, beside what a user would take instead.

    python benchmarks/table.py [--rows NAME,...] [--json FILE] [--repeats 3] [--list]

Every row runs in a process of its own, on one core (`cores` and `explore` on all), in CPU seconds of that
core like the peers, which run in environments of their own; where JAX has an accelerator a row has all
cores and the wall's clock. Ours and the peer take turns; values are medians over the repeats. `ratio` says
how many times better ours is, or, marked by an x, what ours costs in units of the other.
"""

import argparse
import contextlib
import dataclasses
import datetime
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import _measure
from _measure import Line, Settings
from rows import ALL_CORES, ROWS


ACCELERATOR = "import jax; d = jax.devices()[0]; print('' if d.platform == 'cpu' else d.device_kind)"


def machine() -> dict:
    """Return what the numbers depend on."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(line.split(": ", 1)[1] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        processor = platform.processor()
    # In a process of its own: an accelerator's memory belongs to whoever asks first.
    asked = subprocess.run([sys.executable, "-c", ACCELERATOR], capture_output=True, text=True)
    return {
        "processor": processor,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "accelerator": asked.stdout.strip() or None,
        "system": platform.platform(),
    }


def versions() -> dict:
    packages = ("lossatlas", "jax", "jaxlib", "numpy", "scipy")
    return {"python": platform.python_version()} | {p: importlib.metadata.version(p) for p in packages}


@contextlib.contextmanager
def one_core(wanted: bool):
    """Have the processes started within inherit one core."""
    if not (wanted and hasattr(os, "sched_setaffinity")):
        yield
        return
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {max(allowed)})
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def run_row(name: str, options: argparse.Namespace, pinned: bool) -> tuple[list[Line], dict]:
    """Measure a row in a process of its own; returns its lines and the versions of the peers."""
    command = [sys.executable, __file__, "--child", "--rows", name, "--repeats", str(options.repeats)]
    with one_core(pinned):
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip() or "no message").splitlines()[-1]
        return [Line(name, "", [], "", f"This row failed: {said}")], {}
    found = json.loads(done.stdout.splitlines()[-1])
    return [Line(**line) for line in found["lines"]], found["versions"]


def shown(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def cells(line: Line) -> list[str]:
    """Return the columns row, ours, peer, ratio and spread."""
    value = lambda numbers: f"{shown(statistics.median(numbers))} {line.unit}"
    theirs = line.theirs if isinstance(line.theirs, str) else value(line.theirs)
    ratios, mark = line.ratios, " x" if line.cost else ""
    peer = f"{line.peer}: {theirs}" if line.peer else theirs
    return [
        line.name,
        value(line.ours) if line.ours else "-",
        peer or "-",
        f"{shown(statistics.median(ratios))}{mark}" if ratios else "-",
        f"{shown(min(ratios))} to {shown(max(ratios))}" if ratios else "-",
    ]


def print_line(row: list[str], note: str = "") -> None:
    name, ours, peer, ratio, spread = row
    print(f"{name:46s}{ours:>12s}  {peer:32s}{ratio:>9s}  {spread:16s}{note}".rstrip(), flush=True)


def child(options: argparse.Namespace) -> None:
    lines = ROWS[options.rows](Settings(options.repeats))
    found = {"lines": [dataclasses.asdict(line) for line in lines], "versions": _measure.versions}
    print(json.dumps(found))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", help="names, separated by commas; default all")
    parser.add_argument("--json", type=Path, help="file for the raw numbers, machine and versions")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--list", action="store_true", help="say which rows there are")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options)
        return 0
    if options.list:
        for name, row in ROWS.items():
            print(f"{name:18s}{(row.__doc__ or '').splitlines()[0]}")
        return 0
    names = options.rows.split(",") if options.rows else list(ROWS)
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        print(f"There is no row {', '.join(unknown)}; the rows are {', '.join(ROWS)}.", file=sys.stderr)
        return 2
    if options.repeats < 1:
        print(f"--repeats must be at least 1, got {options.repeats}.", file=sys.stderr)
        return 2
    record = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
        "peers": {},
        "rows": {},
    }
    there = record["machine"]
    print(f"{there['processor']}, {there['cores']} cores, {there['accelerator'] or 'no accelerator'}")
    print_line(["row", "ours", "peer", "ratio", "spread"], "notes (ours | peer)")
    for name in names:
        begin = time.perf_counter()
        lines, peers = run_row(name, options, name not in ALL_CORES and not there["accelerator"])
        for line in lines:
            note = " | ".join(filter(None, [line.note, line.peer_note]))
            print_line(cells(line), note)
        record["peers"] |= peers
        record["rows"][name] = {
            "seconds": time.perf_counter() - begin,
            "lines": [dataclasses.asdict(line) | {"ratios": line.ratios} for line in lines],
        }
        if options.json:  # after every row, so that a run cut short is not lost
            options.json.write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
