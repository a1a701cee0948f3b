"""Downhill to minima."""

from ._bfgs import BFGS as BFGS
from ._descend import descend as descend
from ._lbfgs import LBFGS as LBFGS
from ._minimise import Minimisation as Minimisation
from ._minimise import default_method as default_method
from ._minimise import minimise as minimise
