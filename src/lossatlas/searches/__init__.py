"""How stationary points are found: pure searches, run in batches by one driver."""

from ._driver import as_points as as_points
from ._driver import available_cores as available_cores
from ._driver import compilations as compilations
from ._driver import run_batch as run_batch
from ._memory import limit_memory as limit_memory
from ._memory_needed import memory_needed as memory_needed
from ._records import StationaryPoints as StationaryPoints
from ._search import AbstractSearch as AbstractSearch
from .band import Bands as Bands
from .band import find_bands as find_bands
from .census import Census as Census
from .census import census as census
from .connection import Connections as Connections
from .connection import connect as connect
from .curvature import NEWTON as NEWTON
from .global_search import Hops as Hops
from .global_search import basin_hopping as basin_hopping
from .minimise import BFGS as BFGS
from .minimise import LBFGS as LBFGS
from .minimise import minimise as minimise
from .pathway import Pathways as Pathways
from .pathway import find_pathways as find_pathways
from .saddle import find_saddles as find_saddles
