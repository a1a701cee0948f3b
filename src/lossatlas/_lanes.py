"""How the lanes of a batch (one search each) are run: one after another on a CPU."""

from collections.abc import Callable

import jax


def one_by_one(function: Callable) -> Callable:
    """Make a function run lane after lane under `vmap` on a CPU; on an accelerator it is left as it is.

    On a CPU the arrays of one lane then stay in the core's cache, and a loop ends when its own lane is done
    rather than the slowest one. The function returned cannot be differentiated in reverse mode.

    **Arguments:**

    - `function`: any traceable function.

    **Returns:** a function with the same arguments.
    """
    return jax.custom_batching.sequential_vmap(function) if jax.default_backend() == "cpu" else function
