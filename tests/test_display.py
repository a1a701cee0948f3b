"""What a long call shows: lines in a pipe, one line in a notebook, a bar on a terminal, or nothing."""

import io
import sys
import time
import types

import pytest

from lossatlas import _display
from lossatlas._display import display
from lossatlas.exploration import Budget, Progress


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(_display, "EVERY", 0.02)


def wait_for(read, text):
    """Wait until a thread has written a text, however slow the machine is."""
    while text not in read():
        time.sleep(0.01)


def test_a_pipe_gets_lines_and_the_latest_text(quick, monkeypatch):
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    with display("compiling", pipe=True) as update:
        wait_for(pipe.getvalue, "s  compiling\n")
        update("3 minima", 0.5)
        wait_for(pipe.getvalue, "s  3 minima\n")
    ended = pipe.getvalue()
    time.sleep(0.1)
    assert pipe.getvalue() == ended


@pytest.mark.parametrize("options", [{}, {"pipe": True, "quiet": True}], ids=["a call in a pipe", "quiet"])
def test_nothing_is_shown_unless_asked_for(quick, monkeypatch, options):
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    with display("compiling", **options) as update:
        update("3 minima", 0.5)
        time.sleep(0.1)
    assert pipe.getvalue() == ""


def test_a_notebook_gets_one_line_that_is_written_over(monkeypatch):
    cell = io.StringIO()
    shell = type("ZMQInteractiveShell", (), {})()
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setattr(_display, "REWRITTEN", 0.02)
    monkeypatch.setattr(sys, "stderr", cell)
    with display("compiling"):
        wait_for(cell.getvalue, "compiling")
    assert cell.getvalue().startswith("\r") and cell.getvalue().endswith("\n")
    assert cell.getvalue().count("\n") == 1


def test_a_terminal_gets_a_bar_that_goes_away(monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal)
    with display("compiling") as update:
        update("3 minima", 0.5)
    assert "3 minima" in terminal.getvalue()


def test_progress_says_what_was_found_and_what_is_left():
    known = dict(round=3, evaluations=900, searches=500, minima=5, transition_states=12, components=1)
    now = Progress("network", quiet=400, patience=2000, seconds=30.0, lowest=0.0835, **known)
    assert str(now) == (
        "5 minima (lowest 0.0835), 12 transition states, 500 searches, the last 400 without a new point "
        "(ends at 2000)"
    )
    assert now.fraction == 0.2
    limits = Budget(seconds=40, searches=1000)
    now = Progress("minima", quiet=0, patience=2000, seconds=30.0, lowest=0.0835, budget=limits, **known)
    assert str(now).endswith("500 searches, 10 s left, 500 searches left")
    assert now.fraction == 0.75
