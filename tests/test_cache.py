"""Where things are kept between runs, and that compiled programs are: each in a process of its own."""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from lossatlas._cache import cache_directory, ignore_damaged_programs


JAX = "JAX_COMPILATION_CACHE_DIR"
VARIABLES = (
    JAX,
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES",
    "TF_CPP_MIN_LOG_LEVEL",
    "JAX_ENABLE_X64",
)
OURS = ("LOSSATLAS_CACHE", "XDG_CACHE_HOME", "JAX_ENABLE_COMPILATION_CACHE")


def run(code: str, *arguments, **environment) -> subprocess.CompletedProcess:
    """Run code in a new process without any setting but these."""
    clean = {name: value for name, value in os.environ.items() if name not in VARIABLES + OURS}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        env=clean | {name: str(value) for name, value in environment.items()},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("environment", "known"),
    [
        ({"LOSSATLAS_CACHE": "/a/b", "XDG_CACHE_HOME": "/c"}, "/a/b"),
        ({"LOSSATLAS_CACHE": "~/b", "XDG_CACHE_HOME": "/c"}, "/home/me/b"),
        ({"LOSSATLAS_CACHE": "relative"}, "relative"),
        ({"LOSSATLAS_CACHE": "", "XDG_CACHE_HOME": "/c"}, "/c/lossatlas"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/lossatlas"),
        ({"XDG_CACHE_HOME": "relative"}, "/home/me/.cache/lossatlas"),
        ({"XDG_CACHE_HOME": ""}, "/home/me/.cache/lossatlas"),
        ({}, "/home/me/.cache/lossatlas"),
    ],
    ids=str,
)
def test_the_cache_is_where_it_was_chosen_first(environment, known, monkeypatch):
    for name in OURS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert cache_directory() == Path(known)


SETTINGS = f"""
import json, os, sys
import lossatlas
assert "jax" not in sys.modules
print(json.dumps({{name: os.environ.get(name) for name in {VARIABLES}}}))
"""


def settings(**environment) -> dict:
    done = run(SETTINGS, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_importing_has_jax_keep_its_programs(tmp_path):
    found = settings(LOSSATLAS_CACHE=tmp_path / "cache")
    folder = Path(found[JAX])
    assert folder.parent == tmp_path / "cache" / "compiled" and folder.is_dir()
    assert [found[name] for name in VARIABLES[1:]] == ["0", "-1", "3", "1"]
    # The same processor, the same folder.
    assert settings(LOSSATLAS_CACHE=tmp_path / "cache")[JAX] == str(folder)
    assert len(list(folder.parent.iterdir())) == 1


def test_the_folder_follows_the_cache(tmp_path):
    found = settings(XDG_CACHE_HOME=tmp_path)
    assert Path(found[JAX]).parent == tmp_path / "lossatlas" / "compiled"
    found = settings(HOME=tmp_path / "home")
    assert Path(found[JAX]).parent == tmp_path / "home" / ".cache" / "lossatlas" / "compiled"


@pytest.mark.parametrize("chosen", ["elsewhere", ""])
def test_a_choice_of_the_users_own_is_left_alone(chosen, tmp_path):
    found = settings(**{JAX: chosen, "LOSSATLAS_CACHE": tmp_path / "cache"})
    assert found[JAX] == chosen
    assert [found[name] for name in VARIABLES[1:]] == [None, None, None, "1"]
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("name", "value", "known"),
    [
        ("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "5", "5"),
        ("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "1000", "1000"),
        ("TF_CPP_MIN_LOG_LEVEL", "0", "0"),
        ("TF_CPP_MIN_LOG_LEVEL", "1", "3"),
        ("TF_CPP_MIN_LOG_LEVEL", "2", "2"),
    ],
)
def test_other_choices_are_kept(name, value, known, tmp_path):
    found = settings(**{name: value, "LOSSATLAS_CACHE": tmp_path})
    assert found[name] == known and found[JAX]


def unwritable(path: Path) -> Path:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    path.mkdir()
    path.chmod(0o500)
    return path / "cache"


def below_a_file(path: Path) -> Path:
    path.write_text("no folder")
    return path / "cache"


@pytest.mark.parametrize("make", [below_a_file, unwritable])
def test_nothing_is_kept_where_nothing_can_be_written(make, tmp_path):
    found = settings(LOSSATLAS_CACHE=make(tmp_path / "there"))
    assert [found[name] for name in VARIABLES] == [None, None, None, None, "1"]


EXPLORE = """
import sys
import lossatlas
from lossatlas.landscapes import MuellerBrown
budget = lossatlas.Budget(searches=40)
with lossatlas.explore(MuellerBrown(), sys.argv[1], budget=budget, workers=1) as atlas:
    print(atlas.digest())
"""


@pytest.mark.slow
def test_a_second_run_takes_its_programs_from_the_cache(tmp_path):
    cache = tmp_path / "cache"
    runs, kept = [], []
    for name in ("one", "two"):
        runs.append(run(EXPLORE, tmp_path / f"{name}.atlas", LOSSATLAS_CACHE=cache))
        kept.append({path for path in cache.rglob("*-cache") if path.stat().st_size})
    for done in runs:
        assert (done.returncode, done.stderr) == (0, "")
    assert runs[0].stdout == runs[1].stdout and len(runs[0].stdout.strip()) == 64
    # The second run compiled nothing that was not there.
    assert len(kept[0]) > 5 and kept[1] == kept[0]


@pytest.mark.slow
def test_the_cache_changes_no_result(tmp_path):
    """Programs from the cache, and none kept at all."""
    kept = run(EXPLORE, tmp_path / "kept.atlas", LOSSATLAS_CACHE=tmp_path / "cache")
    below = below_a_file(tmp_path / "file")
    none = run(EXPLORE, tmp_path / "none.atlas", LOSSATLAS_CACHE=below)
    assert (none.returncode, none.stderr) == (0, "")
    assert none.stdout == kept.stdout


@pytest.mark.slow
def test_the_switch_of_jax_keeps_nothing(tmp_path):
    cache = tmp_path / "cache"
    code = "import lossatlas, jax.numpy as jnp; print(jnp.arange(3.0).sum())"
    done = run(code, LOSSATLAS_CACHE=cache, JAX_ENABLE_COMPILATION_CACHE="0")
    assert (done.returncode, done.stdout, done.stderr) == (0, "3.0\n", "")
    assert not [path for path in cache.rglob("*") if path.is_file()]
    done = run(code, LOSSATLAS_CACHE=cache)
    assert (done.returncode, done.stdout, done.stderr) == (0, "3.0\n", "")
    assert [path for path in cache.rglob("*") if path.is_file()]


@pytest.mark.slow
def test_where_jax_came_first_its_cache_stays_as_it_is(tmp_path):
    code = "import jax, lossatlas, lossatlas.landscapes; print(jax.config.jax_compilation_cache_dir)"
    done = run(code, LOSSATLAS_CACHE=tmp_path / "cache")
    assert (done.returncode, done.stdout, done.stderr) == (0, "None\n", "")
    assert not (tmp_path / "cache").exists()


def test_damaged_programs_are_no_warning_of_an_exploration():
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UserWarning)
        ignore_damaged_programs()
        warnings.warn("Error reading persistent compilation cache entry for 'jit_run'", stacklevel=1)
        warnings.warn("No minimum was found", stacklevel=1)
    assert [str(warning.message) for warning in said] == ["No minimum was found"]
