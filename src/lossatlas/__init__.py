"""lossatlas maps the solution landscape of a machine-learning model.

Public names are in the subpackages `lossatlas.landscapes`, `searches`, `datasets`, `atlas`, `exploration`,
`analysis`, `plots` and `recipes`. The names that most users need are also in `lossatlas`; `__init__.pyi`
lists them. A name is imported when it is first used, so `lossatlas --help` need not wait for JAX.
"""

import os
import sys
from typing import Any

import lazy_loader

from ._cache import keep_compiled_programs


__version__ = "0.1.0"

# Landscapes need float64. Said here, before JAX is imported, it costs no start-up time. Where the user
# has imported JAX already, its compilation cache stays as it is.
if "jax" in sys.modules:
    from . import _float64 as _float64
else:
    os.environ["JAX_ENABLE_X64"] = "1"
    keep_compiled_programs()

_attribute, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    """Import a public name at its first use."""
    try:
        return _attribute(name)
    except AttributeError:
        from ._suggestions import did_you_mean

        meant = did_you_mean(name, __all__) or "; see dir(lossatlas)."
        raise AttributeError(f"lossatlas has no {name!r}{meant}") from None
