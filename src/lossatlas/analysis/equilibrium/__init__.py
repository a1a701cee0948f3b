"""Equilibrium properties: heat capacity, occupation of the minima, frustration."""

from ._frustration import Frustration as Frustration
from ._frustration import barriers_to_global_minimum as barriers_to_global_minimum
from ._frustration import frustration as frustration
from ._heat_capacity_peaks import HeatCapacityPeak as HeatCapacityPeak
from ._heat_capacity_peaks import heat_capacity_peaks as heat_capacity_peaks
from ._shallow import Shallow as Shallow
from ._shallow import shallow as shallow
from ._temperature_scan import TemperatureScan as TemperatureScan
from ._temperature_scan import temperature_scan as temperature_scan
from ._temperatures import at_each as at_each
from ._temperatures import temperature_grid as temperature_grid
from ._thermodynamics import Thermodynamics as Thermodynamics
from ._thermodynamics import occupation as occupation
from ._thermodynamics import temperature_range as temperature_range
from ._thermodynamics import thermodynamics as thermodynamics
