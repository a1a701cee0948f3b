"""Downhill from a transition state to the two minima that it connects."""

from ._chebyshev_descent import ChebyshevDescent as ChebyshevDescent
from ._pathways import Pathways as Pathways
from ._pathways import find_pathways as find_pathways
from ._steepest_descent import SteepestDescent as SteepestDescent
