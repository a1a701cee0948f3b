"""Recipes: settings of landscapes and their data as checked records, and how to build both.

Names are imported when they are first used, so that the help of commands need not wait for JAX;
`__init__.pyi` lists them.
"""

import lazy_loader


__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
