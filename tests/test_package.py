"""The package as a whole: public names, and imports that promise nothing they do not hold."""

import subprocess
import sys

import lossatlas


def test_every_public_name_is_there():
    for name in lossatlas.__all__:
        assert getattr(lossatlas, name) is not None


ROOMS = (
    "analysis",
    "atlas",
    "datasets",
    "exploration",
    "landscapes",
    "plots",
    "recipes",
    "searches",
    "sweeps",
)


def test_rooms_are_the_namespace_and_few_names_stand_at_the_top():
    assert set(ROOMS) <= set(dir(lossatlas))
    assert len(set(lossatlas.__all__) - set(ROOMS)) <= 20


def test_rooms_resolve_at_once_and_pictures_leave_pyplot_alone():
    code = "import sys, lossatlas as la; print(la.plots.__name__)"
    code += "\nassert 'matplotlib.pyplot' not in sys.modules"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "lossatlas.plots\n", "")


def test_unknown_names_are_refused():
    assert not hasattr(lossatlas, "no_such_name")


def test_import_is_quick_and_quiet():
    code = "import lossatlas, sys; assert 'jax' not in sys.modules"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
