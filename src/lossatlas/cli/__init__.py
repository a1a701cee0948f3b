"""The command line: one file per subcommand; JAX and pyplot are imported inside the commands.

Another package adds a command by `app.command()(function)` in the module that its entry point names.
"""

from ._main import app as app
from ._main import main as main
from ._main import run as run
