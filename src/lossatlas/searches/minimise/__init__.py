"""Downhill to minima."""

from ._bfgs import BFGS as BFGS
from ._descent import Descent as Descent
from ._lbfgs import LBFGS as LBFGS
from ._minimise import SWITCH as SWITCH
from ._minimise import default_method as default_method
from ._minimise import minimise as minimise
