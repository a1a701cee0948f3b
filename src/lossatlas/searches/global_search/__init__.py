"""Search for the lowest minima."""

from ._basin_hopping import Hops as Hops
from ._basin_hopping import accepts as accepts
from ._basin_hopping import basin_hopping as basin_hopping
from ._starts import default_step as default_step
from ._starts import perturb as perturb
from ._starts import symmetrised as symmetrised
