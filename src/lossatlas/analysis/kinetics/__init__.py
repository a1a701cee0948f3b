"""Kinetics: rate constants, first-passage times and pathways from one set of minima to another."""

from ._evolution import Evolution as Evolution
from ._evolution import evolve as evolve
from ._fastest_paths import FastestPath as FastestPath
from ._fastest_paths import fastest_paths as fastest_paths
from ._first_passage import FirstPassage as FirstPassage
from ._first_passage import first_passage as first_passage
from ._kinetic_monte_carlo import Trajectories as Trajectories
from ._kinetic_monte_carlo import kinetic_monte_carlo as kinetic_monte_carlo
from ._rate_network import RateNetwork as RateNetwork
from ._rate_network import rate_network as rate_network
from ._rate_scan import RatesAt as RatesAt
from ._rate_scan import RateScan as RateScan
from ._rate_scan import rate_scan as rate_scan
from ._regroup import Regrouping as Regrouping
from ._regroup import free_energy_disconnectivity as free_energy_disconnectivity
from ._regroup import regroup as regroup
