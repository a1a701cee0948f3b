"""Searches for stationary points, which one driver runs in batches."""

from lossatlas._results import RESULTS as RESULTS
from lossatlas._suggestions import suggest_arguments as _suggest_arguments

from ._driver import as_points as as_points
from ._driver import available_cores as available_cores
from ._driver import compilations as compilations
from ._driver import plain_code as plain_code
from ._driver import run_batch as run_batch
from ._memory import limit_memory as limit_memory
from ._memory_needed import memory_needed as memory_needed
from ._notation import SEARCHES as SEARCHES
from ._notation import read_search as read_search
from ._notation import read_toolkit as read_toolkit
from ._notation import search_in_words as search_in_words
from ._notation import toolkit_in_words as toolkit_in_words
from ._records import AbstractEnds as AbstractEnds
from ._records import Descents as Descents
from ._records import Quenches as Quenches
from ._records import StationaryPoints as StationaryPoints
from ._search import AbstractSearch as AbstractSearch
from ._toolkit import Toolkit as Toolkit
from ._toolkit import matrix_free as matrix_free
from ._toolkit import toolkit_for as toolkit_for
from ._toolkit import with_hessians as with_hessians
from .band import AbstractBand as AbstractBand
from .band import ElasticBand as ElasticBand
from .census import Census as Census
from .census import census as census
from .connection import Connections as Connections
from .connection import connect as connect
from .continuation import Branch as Branch
from .continuation import Branches as Branches
from .continuation import Event as Event
from .continuation import follow as follow
from .curvature import NEWTON as NEWTON
from .curvature import AbstractStationarySearch as AbstractStationarySearch
from .curvature import Approached as Approached
from .curvature import EigenvectorFollowing as EigenvectorFollowing
from .curvature import NewtonKrylov as NewtonKrylov
from .global_search import Hops as Hops
from .global_search import basin_hopping as basin_hopping
from .minimisers import BFGS as BFGS
from .minimisers import LBFGS as LBFGS
from .minimisers import AbstractDirection as AbstractDirection
from .minimisers import AbstractMinimiser as AbstractMinimiser
from .minimisers import Descended as Descended
from .minimisers import GradientDescent as GradientDescent
from .minimisers import QuasiNewton as QuasiNewton
from .minimisers import TruncatedNewton as TruncatedNewton
from .pathway import AbstractPathway as AbstractPathway
from .pathway import ChebyshevDescent as ChebyshevDescent
from .pathway import HalfPathway as HalfPathway
from .pathway import PushedDescent as PushedDescent
from .pathway import SteepestDescent as SteepestDescent
from .saddle import HybridEigenvectorFollowing as HybridEigenvectorFollowing
from .verbs import Bands as Bands
from .verbs import Pathways as Pathways
from .verbs import descend as descend
from .verbs import find_bands as find_bands
from .verbs import find_pathways as find_pathways
from .verbs import find_saddles as find_saddles
from .verbs import minimise as minimise


_suggest_arguments(globals())
