"""Double-ended searches."""

from ._abstract_band import AbstractBand as AbstractBand
from ._dneb import ElasticBand as ElasticBand
