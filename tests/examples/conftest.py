"""Modules of the studies can be imported, and pictures are drawn without a screen."""

import importlib.util
import sys
from pathlib import Path

import matplotlib
import pytest


matplotlib.use("Agg")
EXAMPLES = Path(__file__).parents[2] / "examples"
collect_ignore_glob = [] if EXAMPLES.is_dir() else ["test_*.py"]  # a source distribution has no studies
sys.path += map(str, [EXAMPLES, *sorted({path.parent for path in EXAMPLES.glob("*/*.py")})])


@pytest.fixture(scope="session")
def script():
    """Return a function that loads a script, whose name several studies have, by its path in examples/."""

    def load(path):
        name = path.replace("/", "_").removesuffix(".py")
        spec = importlib.util.spec_from_file_location(name, EXAMPLES / path)
        module = sys.modules[name] = importlib.util.module_from_spec(spec)  # dataclasses look there
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def run_script(script, monkeypatch):
    """Return a function that runs a script as a user types it."""

    def run(path, *arguments):
        monkeypatch.setattr(sys, "argv", [path, *map(str, arguments)])
        script(path).main()

    return run


@pytest.fixture(autouse=True)
def close_figures():
    """Close all figures after every test."""
    yield
    import matplotlib.pyplot as plt

    plt.close("all")
