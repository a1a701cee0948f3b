"""Transition states and saddles of any index."""

from ._eigenvector_following import NEWTON as NEWTON
from ._eigenvector_following import EigenvectorFollowing as EigenvectorFollowing
from ._find_saddles import find_saddles as find_saddles
