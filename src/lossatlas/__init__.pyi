"""The public names: the rooms, and what most people need of them. The one list; `__init__.py` reads it."""

from . import analysis as analysis
from . import atlas as atlas
from . import datasets as datasets
from . import exploration as exploration
from . import landscapes as landscapes
from . import plots as plots
from . import recipes as recipes
from . import searches as searches
from . import sweeps as sweeps
from .analysis import disconnectivity as disconnectivity
from .analysis import evaluate as evaluate
from .analysis import thermodynamics as thermodynamics
from .analysis import transition_network as transition_network
from .atlas import Atlas as Atlas
from .datasets import DataSet as DataSet
from .datasets import load_table as load_table
from .exploration import Budget as Budget
from .exploration import explore as explore
from .landscapes import Loss as Loss
from .landscapes import Perceptron as Perceptron
from .landscapes import xor as xor
from .searches import basin_hopping as basin_hopping
from .searches import census as census
from .searches import connect as connect
from .searches import descend as descend
from .searches import find_pathways as find_pathways
from .searches import find_saddles as find_saddles
from .searches import follow as follow
from .searches import minimise as minimise

__version__: str
