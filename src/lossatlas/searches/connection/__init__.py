"""Double-ended searches that go on until two minima are connected."""

from ._connect import Connections as Connections
from ._connect import connect as connect
