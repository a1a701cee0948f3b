"""The command line: one file per subcommand; JAX and pyplot are imported inside the commands."""

from ._main import main as main
from ._main import run as run
