"""Topology: monotonic sequences, funnels, and statistics of the network of minima as a graph."""

from ._communities import Communities as Communities
from ._communities import communities as communities
from ._network_statistics import NetworkStatistics as NetworkStatistics
from ._network_statistics import PathStatistics as PathStatistics
from ._network_statistics import RandomGraphs as RandomGraphs
from ._network_statistics import network_statistics as network_statistics
from ._power_law import PowerLawFit as PowerLawFit
from ._power_law import fit_power_law as fit_power_law
from ._sequence_basins import Funnels as Funnels
from ._sequence_basins import SequenceBasins as SequenceBasins
from ._sequence_basins import funnels as funnels
from ._sequence_basins import sequence_basins as sequence_basins
