"""Searches that go downhill from a transition state to the two minima that it connects."""

from ._abstract_pathway import AbstractPathway as AbstractPathway
from ._abstract_pathway import HalfPathway as HalfPathway
from ._chebyshev_descent import ChebyshevDescent as ChebyshevDescent
from ._pushed_descent import PushedDescent as PushedDescent
from ._steepest_descent import SteepestDescent as SteepestDescent
