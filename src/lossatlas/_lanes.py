"""How the lanes of a batch share a core."""

from collections.abc import Callable

import jax


def one_by_one(function: Callable) -> Callable:
    """Return a function that a batch on a CPU calls lane after lane; on an accelerator, for all at once.

    What one lane needs then stays in the core's cache, and its loops end when it is done. Cannot be
    differentiated backwards.
    """
    return jax.custom_batching.sequential_vmap(function) if jax.default_backend() == "cpu" else function
