"""Double-ended searches."""

from ._dneb import ElasticBand as ElasticBand
from ._find_bands import Bands as Bands
from ._find_bands import find_bands as find_bands
