"""The loop that maps a landscape: it plans searches, runs them, and writes what they find."""

from lossatlas._suggestions import suggest_arguments as _suggest_arguments

from ._budget import Budget as Budget
from ._budget import Progress as Progress
from ._explore import explore as explore
from ._explore import no_empty_file as no_empty_file
from ._fit import fit as fit
from ._plan import ENDED as ENDED


_suggest_arguments(globals())
