"""Starts of searches, and basin-hopping, the search for the lowest minima."""

from ._basin_hopping import Hops as Hops
from ._basin_hopping import accepted as accepted
from ._basin_hopping import basin_hopping as basin_hopping
from ._starts import perturbed as perturbed
from ._starts import random_starts as random_starts
from ._starts import symmetrised as symmetrised
