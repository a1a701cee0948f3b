"""The entry points: functions that take points, run the searches of a toolkit, and return records."""

from ._descend import descend as descend
from ._find_bands import Bands as Bands
from ._find_bands import find_bands as find_bands
from ._find_pathways import Pathways as Pathways
from ._find_pathways import find_pathways as find_pathways
from ._find_saddles import find_saddles as find_saddles
from ._minimise import minimise as minimise
