"""Double-ended searches: guesses for the transition states between two minima."""

from ._abstract_band import AbstractBand as AbstractBand
from ._dneb import ElasticBand as ElasticBand
