"""Switch JAX to float64 before anything is computed: float32 cannot tell curvatures of 1e-6 from zero."""

import jax


def _already_used() -> bool:
    from jax._src import xla_bridge  # JAX has no public way to ask; without the attribute, "no" is assumed

    return bool(getattr(xla_bridge, "backends_are_initialized", lambda: False)())


if not jax.config.jax_enable_x64:  # pyright: ignore[reportAttributeAccessIssue]
    if _already_used():
        raise RuntimeError(
            "lossatlas needs float64, but JAX was already used in float32: import lossatlas before "
            "the first array is made, or set the environment variable JAX_ENABLE_X64=1."
        )
    jax.config.update("jax_enable_x64", True)
