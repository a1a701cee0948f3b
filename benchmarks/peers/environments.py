"""A virtual environment of its own for every peer, and a way to run a script in it.

    python benchmarks/peers/environments.py [pele pylfl scipy]

They lie in $LOSSATLAS_CACHE/peers, or in $XDG_CACHE_HOME/lossatlas/peers, or in ~/.cache/lossatlas/peers.
pele and pylfl are under the GPL: lossatlas neither depends on them nor imports them; they run as programs.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from lossatlas._cache import cache_directory


COMMON = ["numpy==2.4.6", "scipy==1.17.1"]
REQUIREMENTS = {"scipy": COMMON, "pele": ["pele==0.1.2", *COMMON], "pylfl": ["pylfl==0.3.5", *COMMON]}
HERE = Path(__file__).parent
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


def interpreter(name):
    """Return the path of the peer's Python, made on first use; or a sentence that says why not."""
    folder = cache_directory() / "peers" / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done, wanted = folder / "requirements.txt", "\n".join(REQUIREMENTS[name])
    if python.exists() and done.exists() and done.read_text() == wanted:
        return python
    install = [python, "-m", "pip", "install", "--quiet", "--only-binary=:all:", *REQUIREMENTS[name]]
    try:
        for command in ([sys.executable, "-m", "venv", "--clear", folder], install):
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=900)
        done.write_text(wanted)
    except subprocess.CalledProcessError as error:
        lines = [line for line in (error.stderr or "").splitlines() if line.startswith("ERROR")]
        return f"{name} could not be installed: {lines[-1][7:] if lines else 'pip or venv failed'}."
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{name} could not be installed: {error}."
    return python


def run_peer(name, script, problem_file, *, timeout=600.0, core=None, **options):
    """Run a script of this folder in the peer's environment, on one core.

    **Arguments:**

    - `name`: of the environment: scipy, pele or pylfl.
    - `script`: file name of the script, such as `scipy_peer.py`.
    - `problem_file`: npz file, see `problems.py`.
    - `timeout`: seconds.
    - `core`: number of the core; the last that this process may use unless given.
    - `options`: passed on as `--name value`.

    **Returns:** what the script found, or a sentence that says why there is nothing.
    """
    python = interpreter(name)
    if isinstance(python, str):
        return python
    arguments = [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | ONE_THREAD
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else None
    try:
        if allowed:  # the child inherits the core of the thread that starts it
            os.sched_setaffinity(0, {max(allowed) if core is None else core})
        command = [python, HERE / script, problem_file, *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return f"{script} did not finish within {timeout:g} seconds."
    except OSError as error:
        return f"{script} could not be run: {error}."
    finally:
        if allowed:
            os.sched_setaffinity(0, allowed)
    if done.returncode:
        return f"{script} failed: {(done.stderr.strip() or 'no message').splitlines()[-1]}"
    try:
        return json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return f"{script} printed no result."


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(REQUIREMENTS), help="peers to install")
    for name in parser.parse_args().names:
        begin = time.perf_counter()
        print(f"{name}: {interpreter(name)} ({time.perf_counter() - begin:.1f} s)")


if __name__ == "__main__":
    main()
