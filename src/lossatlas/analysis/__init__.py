"""What the points mean: arrays and sparse graphs in, result objects out; no files, no pictures."""

from ._coverage import Coverage as Coverage
from ._coverage import coverage as coverage
from ._disconnectivity import DisconnectivityTree as DisconnectivityTree
from ._disconnectivity import disconnectivity as disconnectivity
