"""The user's cache directory, which keeps data sets and compiled programs between runs."""

import hashlib
import os
import platform
import warnings
from pathlib import Path


def cache_directory() -> Path:
    """Return the user's cache directory for lossatlas; it need not exist.

    `LOSSATLAS_CACHE` if set, else `$XDG_CACHE_HOME/lossatlas`, else `~/.cache/lossatlas`.
    """
    chosen = os.environ.get("LOSSATLAS_CACHE")
    if chosen:
        return Path(os.path.expanduser(chosen))
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification demands that relative paths are ignored.
    return (Path(base) if os.path.isabs(base) else Path(os.path.expanduser("~/.cache"))) / "lossatlas"


def keep_compiled_programs() -> None:
    """Make JAX keep its compiled programs on disk; call this before JAX is imported.

    Each kind of processor has a folder of its own: machines that share a home directory must not run
    each other's code. Environment variables that the user has set take precedence, and
    `JAX_ENABLE_COMPILATION_CACHE=0` switches the cache off. Nothing is kept where the cache directory
    cannot be written.
    """
    ignore_damaged_programs()
    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    folder = cache_directory() / "compiled" / _processor()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    if not os.access(folder, os.W_OK):
        return
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
    # When XLA loads a program, it prints pages of warnings about tuning preferences that are not processor
    # features. JAX itself sets this level to 1, and processes started from one that uses JAX inherit the 1.
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL", "1") == "1":
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"


def ignore_damaged_programs() -> None:
    """Silence JAX's warnings about its cache: a damaged entry or a full disk only costs a compilation.

    An entry is incomplete while another process writes it, and stays so if that process is killed.
    """
    warnings.filterwarnings("ignore", message="Error (reading|writing) persistent compilation cache")


def _processor() -> str:
    """Return a short name of the processor's instruction set."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        features = next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
    except OSError:
        features = platform.processor()
    name = f"{platform.system()} {platform.machine()} {' '.join(sorted(features.split()))}"
    return hashlib.sha256(name.encode()).hexdigest()[:12]
