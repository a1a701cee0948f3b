"""Downhill from a transition state to the two minima that it connects."""

from ._gradient_descent import GradientDescent as GradientDescent
from ._pathways import Pathways as Pathways
from ._pathways import find_pathways as find_pathways
from ._steepest_descent import SteepestDescent as SteepestDescent
