"""Transition states and saddles of any index."""

from ._find_saddles import MANY_VARIABLES as MANY_VARIABLES
from ._find_saddles import find_saddles as find_saddles
from ._hybrid import HybridEigenvectorFollowing as HybridEigenvectorFollowing
