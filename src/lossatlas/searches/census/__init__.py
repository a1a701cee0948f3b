"""The search for all stationary points of a small landscape."""

from ._census import Census as Census
from ._census import census as census
