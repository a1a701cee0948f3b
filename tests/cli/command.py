"""The command line as the tests call it."""

import sys

from lossatlas.cli import main


def run(capsys, *arguments):
    """Run the command line in this process; returns status, stdout and stderr."""
    status = 0
    before = sys.argv
    sys.argv = ["lossatlas", *map(str, arguments)]
    try:
        main()
    except SystemExit as end:
        status = end.code or 0
    finally:
        sys.argv = before
    out, err = capsys.readouterr()
    return status, out, err
