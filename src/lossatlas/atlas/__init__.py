"""The atlas: the database of a landscape in one file, with import and export."""

from lossatlas._suggestions import suggest_arguments as _suggest_arguments

from ._atlas import Atlas as Atlas
from ._atlas import check_atlas as check_atlas
from ._columns import Minima as Minima
from ._columns import TransitionStates as TransitionStates
from ._errors import AtlasError as AtlasError
from ._flags import ON_BOUND as ON_BOUND
from ._flags import ON_KINK as ON_KINK
from ._flags import lies_below as lies_below
from ._log import Log as Log
from ._pathsample import export_pathsample as export_pathsample
from ._pathsample import import_pathsample as import_pathsample
from ._points import Points as Points
from ._quantities import Quantities as Quantities
from ._quantities import Quantity as Quantity
from ._quantities import QuantityRun as QuantityRun
from ._queue import Queue as Queue
from ._queue import Search as Search
from ._sets import NamedSets as NamedSets
from ._trained_model import Layer as Layer
from ._trained_model import TrainedModel as TrainedModel


_suggest_arguments(globals())
