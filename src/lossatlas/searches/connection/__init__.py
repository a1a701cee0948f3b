"""Double-ended searches, repeated until two minima are connected by transition states."""

from ._connect import Connections as Connections
from ._connect import connect as connect
