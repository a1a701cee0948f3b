"""Strict numerics for every test, checked shapes, and compiled programs that all workers share."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest


# Most of the suite's time goes into compiling. XLA makes plain code for the CPU in a third of the time that
# its best code takes. Plain code runs more slowly, but tests run it for milliseconds only. Flags that are
# set already are kept: with `XLA_FLAGS=`, set to nothing, tests run the code that users have.
PLAIN_CODE = (
    "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false "
    "--xla_cpu_parallel_codegen_split_count=1"
)

# Nine tenths of the suite's time would go into compiling the same programs again: in every worker, and in
# every process that a test starts. They are kept in one folder for the run, which workers and processes
# inherit. Who sets the folder keeps the programs from run to run.
SETTINGS = {
    "XLA_FLAGS": PLAIN_CODE,
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    "TF_CPP_MIN_LOG_LEVEL": "3",  # loading a program, XLA warns in pages of text of tuning preferences
}
PROGRAMS = "JAX_COMPILATION_CACHE_DIR"
_made = None
if PROGRAMS not in os.environ:
    _made = os.environ[PROGRAMS] = tempfile.mkdtemp(prefix="lossatlas-programs-")
for name, value in SETTINGS.items():
    os.environ.setdefault(name, value)

import jax  # noqa: E402  (reads the environment when it is imported)
import jaxtyping  # noqa: E402

import shapes  # noqa: E402


shapes.install()
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")

from lossatlas import _display  # noqa: E402  (after the hook)


_display.EVERY = 1e6  # seconds: on a slow machine, stderr would hold how far an exploration has got

MAPS = 35_000  # memory maps of a process, of which Linux allows 65,530; a program takes some 80


def pytest_unconfigure():
    if _made:
        shutil.rmtree(_made, ignore_errors=True)


@pytest.fixture(autouse=True, scope="module")
def few_programs():
    """Forget JAX's own programs between modules where they have taken many memory maps."""
    yield
    maps = Path("/proc/self/maps")
    if not maps.exists() or maps.read_bytes().count(b"\n") > MAPS:
        jax.clear_caches()


@pytest.fixture(autouse=True)
def as_users_call_it(request):
    """Leave shapes unchecked in tests marked `wrong_shapes`: users, who have no hook, get a sentence."""
    unchecked = request.node.get_closest_marker("wrong_shapes") is not None
    jaxtyping.config.update("jaxtyping_disable", unchecked)


@pytest.fixture
def key():
    return jax.random.key(0)
