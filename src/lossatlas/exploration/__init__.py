"""Which search runs next: the loop that maps a landscape."""

from ._budget import Budget as Budget
from ._budget import Progress as Progress
from ._explore import explore as explore
