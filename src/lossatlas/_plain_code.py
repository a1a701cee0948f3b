"""Options of XLA for programs that run so briefly that the best code is not worth its compilation."""

import functools
import os
from typing import Any

import jax


# XLA makes plain code in a third of the time of its best code; plain code runs up to 1.7 times as long.
PLAIN_CODE = {
    "xla_backend_optimization_level": 0,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,
}


@functools.cache
def plain_options() -> dict[str, Any]:
    """Return `compiler_options` of `jax.jit` for plain code.

    There are none on accelerators, and none where `XLA_FLAGS` ask for plain code anyway, as in the tests: a
    program with options is another one in JAX's cache.
    """
    asked = "xla_backend_optimization_level=0" in os.environ.get("XLA_FLAGS", "")
    return dict(PLAIN_CODE) if jax.default_backend() == "cpu" and not asked else {}
