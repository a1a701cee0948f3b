"""Minimisers, which go downhill, and the search for minima on kinks."""

from ._abstract_direction import AbstractDirection as AbstractDirection
from ._abstract_minimiser import AbstractMinimiser as AbstractMinimiser
from ._abstract_minimiser import Descended as Descended
from ._bfgs import BFGS as BFGS
from ._gradient_descent import GradientDescent as GradientDescent
from ._kink_minima import minimise_on_kinks as minimise_on_kinks
from ._lbfgs import LBFGS as LBFGS
from ._quasi_newton import QuasiNewton as QuasiNewton
from ._recorded import Recorded as Recorded
from ._truncated_newton import TruncatedNewton as TruncatedNewton
