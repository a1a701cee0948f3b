"""Downhill to minima."""

from ._abstract_descent import AbstractDescent as AbstractDescent
from ._bfgs import BFGS as BFGS
from ._descend import Method as Method
from ._descend import default_descent as default_descent
from ._descend import default_method as default_method
from ._descend import descend as descend
from ._gradient_descent import GradientDescent as GradientDescent
from ._lbfgs import LBFGS as LBFGS
from ._minimise import SWITCH as SWITCH
from ._minimise import minimise as minimise
from ._polish import polish as polish
from ._quasi_newton import Descent as Descent
from ._truncated_newton import TruncatedNewton as TruncatedNewton
