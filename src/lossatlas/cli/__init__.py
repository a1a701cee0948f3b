"""The command line: one file per subcommand; JAX and pyplot are imported inside the commands.

A command of another package joins by `app.command()(function)`, before `main` is called.
"""

from ._main import app as app
from ._main import main as main
from ._main import run as run
