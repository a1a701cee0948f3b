"""Which search runs next: the loop that maps a landscape."""

from ._budget import Budget as Budget
from ._budget import Progress as Progress
from ._explore import explore as explore
from ._explore import no_empty_file as no_empty_file
from ._plan import ENDED as ENDED
