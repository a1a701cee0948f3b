"""Ctrl-C that waits until the batch in flight is written."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def deferred_interrupt(say: Callable[[], None]) -> Iterator[Callable[[], bool]]:
    """Note the first Ctrl-C while the body of `with` runs, and let the second one interrupt it.

    Signals can be handled in the main thread alone, and a handler of the caller's own, or one that ignores
    Ctrl-C, is left in place: then nothing is deferred.

    **Arguments:**

    - `say`: called at the first Ctrl-C, to tell the user what is waited for.

    **Yields:** a function that returns whether Ctrl-C was pressed.
    """
    before = signal.getsignal(signal.SIGINT)
    pressed: list[int] = []
    elsewhere = threading.current_thread() is not threading.main_thread()
    if elsewhere or not callable(before) or not _interrupts(before):
        yield lambda: False
        return

    def handle(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        if len(pressed) == 1:
            say()
        else:
            before(number, frame)

    signal.signal(signal.SIGINT, handle)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupts(handler: object) -> bool:
    """Whether a handler is Python's own, or that of this library's command line."""
    own = getattr(handler, "__module__", "").startswith("lossatlas.")
    return handler is signal.default_int_handler or own
