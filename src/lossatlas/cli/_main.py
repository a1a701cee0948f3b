"""Entry point: subcommands, and errors as one line."""

import contextlib
import functools
import os
import signal
import sys
import threading
import warnings
from types import FrameType
from typing import Any

import typer

from lossatlas._plugins import load_plugins

from ._census import census
from ._descend import descend
from ._evaluate import evaluate
from ._exchange import export_atlas, import_atlas
from ._explore import explore
from ._fit import fit
from ._follow import follow
from ._frustration import frustration
from ._funnels import funnels
from ._graph import graph
from ._landscape import LandscapeCommand
from ._mistakes import CommandLine, Commands, sentence_of
from ._network import network
from ._picture import picture
from ._predict import predict
from ._quantities import quantities
from ._rates import rates
from ._show import show
from ._sweep import sweep
from ._table import table
from ._thermo import thermo


# Newer versions of typer bundle a copy of click; this is the base class of usage errors in either case.
UsageError: Any = typer.BadParameter.__base__

app = CommandLine(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Map the solution landscape of a machine-learning model: minima, transition states, pathways.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command(cls=LandscapeCommand)(explore)
app.command(cls=LandscapeCommand)(fit)
app.command()(predict)
app.command()(show)
app.command()(evaluate)
app.command()(quantities)
app.command()(table)
app.command()(sweep)
app.command()(graph)
app.command()(picture)
app.command()(rates)
app.command()(follow)
app.command(cls=LandscapeCommand)(census)
app.command(cls=LandscapeCommand)(descend)
app.command()(thermo)
app.command()(network)
app.command()(funnels)
app.command()(frustration)
app.command(name="export")(export_atlas)
app.command(name="import")(import_atlas)


@app.callback(invoke_without_command=True)
def _version(
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
) -> None:
    if version:
        from lossatlas import __version__

        typer.echo(f"lossatlas {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; bad input prints one sentence and exits with status 2."""
    warnings.showwarning = lambda message, *where: sys.stderr.write(f"lossatlas: {message}\n")
    load_plugins()
    try:
        sys.exit(app(sys.argv[1:] or ["--help"], prog_name="lossatlas", standalone_mode=False) or 0)
    except UsageError as error:
        _refuse(sentence_of(error))
    except OSError as error:
        _refuse(f"{error.filename}: {error.strerror}." if error.filename else str(error))
    except ValueError as error:
        _refuse(str(error))
    except MemoryError as error:
        _refuse(str(error) or "This needs more memory than there is.")
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("lossatlas: interrupted\n")
        sys.exit(130)


def run() -> None:
    """Run `main` as a program, and end the process without JAX's shutdown.

    After Ctrl-C during a compilation JAX's own shutdown ends in a segmentation fault.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    status = 0
    try:
        main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # the reader of the pipe has gone
            stream.flush()
    os._exit(status)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, or send the signal again later if JAX's garbage collection is running.

    Python prints an exception raised in that callback and does not propagate it.
    """
    while frame is not None:
        if frame.f_code.co_name == "_xla_gc_callback":
            # Only a signal to the main thread interrupts a sleep or a wait there.
            again = functools.partial(signal.pthread_kill, threading.main_thread().ident or 0, number)
            threading.Timer(0.05, again).start()
            return
        frame = frame.f_back
    raise KeyboardInterrupt


def _refuse(sentence: str) -> None:
    sys.stderr.write(f"lossatlas: {' '.join(sentence.split())}\n")
    sys.exit(2)
