"""How far a long call has got: a bar on a terminal, one line in a notebook, some lines in a pipe."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator


EVERY, REWRITTEN = 10.0, 1.0  # seconds between two lines in a pipe, and between two texts in a notebook

Update = Callable[[str, float | None], None]


@contextlib.contextmanager
def display(text: str, *, pipe: bool = False, quiet: bool = False) -> Iterator[Update]:
    """Show a text on stderr while the body of `with` runs.

    **Arguments:**

    - `text`: what is shown until the first update.
    - `pipe`: whether to write a line every ten seconds where stderr is neither a terminal nor a notebook.
    - `quiet`: show nothing anywhere.

    **Yields:** a function `update(text, fraction)`; `fraction` is the part that is done, 0 to 1, or None.
    """
    if quiet:
        yield lambda text, fraction: None
    elif _in_notebook():
        with _lines(text, REWRITTEN, "\r{:<100}", "\n") as update:
            yield update
    elif sys.stderr.isatty():
        with _bar(text) as update:
            yield update
    elif pipe:
        with _lines(text, EVERY, "{}\n", "") as update:
            yield update
    else:
        yield lambda text, fraction: None


def _in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


@contextlib.contextmanager
def _bar(text: str) -> Iterator[Update]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(text, total=None)

        def update(text: str, fraction: float | None) -> None:
            total = None if fraction is None else 1.0
            bar.update(task, description=text, total=total, completed=fraction or 0.0)

        yield update


@contextlib.contextmanager
def _lines(text: str, every: float, form: str, last: str) -> Iterator[Update]:
    """Write the latest text in regular intervals, from a thread, since a search may take longer."""
    begun, ended, latest, written = time.monotonic(), threading.Event(), [text], []

    def write() -> None:
        while not ended.wait(every):
            written.append(form.format(f"{time.monotonic() - begun:6.0f} s  {latest[0]}"))
            with contextlib.suppress(OSError, ValueError):  # nobody reads the pipe any more
                sys.stderr.write(written[-1])
                sys.stderr.flush()

    def update(text: str, fraction: float | None) -> None:
        latest[0] = text

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        yield update
    finally:
        ended.set()
        writer.join()
        if written:
            sys.stderr.write(last)
