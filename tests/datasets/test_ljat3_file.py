"""LJAT3 data kept between runs: read again, made anew when damaged."""

import numpy as np
import pytest

import lossatlas._cache
from lossatlas.datasets import _ljat3, _ljat3_file, ljat3


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.setenv("LOSSATLAS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def minimisations(monkeypatch):
    """Counts how often data are made; small ones, that cost nothing."""
    calls = []

    def make(side, items, seed, steps_before, workers):
        calls.append((side, items, seed, steps_before))
        numbers = np.arange(items)
        return {
            "distances": side + seed + np.stack([numbers, 2.0 * numbers, 3.0 * numbers], axis=1),
            "targets": (numbers % 4).astype(np.uint8),
            "evaluations": np.full(items, 40, np.uint16),
        }

    monkeypatch.setattr(_ljat3, "_outcomes", make)
    return calls


def same(one, other):
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        and getattr(one, name).dtype == getattr(other, name).dtype
        for name in ("inputs", "targets")
    )


def test_second_call_reads(directory, minimisations):
    first = ljat3(items=10)
    assert same(first, ljat3(items=10)) and len(minimisations) == 1
    assert [path.suffix for path in directory.iterdir()] == [".npz"]
    ljat3(items=10, inputs=3)  # all distances are kept
    assert len(minimisations) == 1


def test_true_data_come_back_bit_by_bit(directory):
    for steps in (None, 5):
        arguments = {"items": 20, "inputs": 3, "steps_before": steps}
        first = ljat3("D2", **arguments)
        assert same(first, ljat3("D2", **arguments))
        assert same(first, ljat3("D2", **arguments, cache=False))


def test_other_settings_are_other_files(directory, minimisations, monkeypatch):
    cubes = ({"cube": "D2"}, {"cube": np.nextafter(1.385, 2)})
    steps = ({"steps_before": 0}, {"steps_before": 1})
    for arguments in ({}, {"items": 11}, {"seed": 1}, *cubes, *steps):
        ljat3(**({"items": 10} | arguments))
    monkeypatch.setattr(_ljat3_file, "VERSION", 2)
    ljat3(items=10)
    assert len(minimisations) == len(list(directory.iterdir())) == 8


def test_name_of_known_files_stays():
    """Files of earlier versions are found again."""
    names = [_ljat3_file.file_name(1.385, 10, 0, 2.0, steps) for steps in (None, 3)]
    assert [name[:14] for name in names] == ["ljat3-4bf54307", "ljat3-d1d23dfe"]


def test_without_cache_nothing_is_written_or_read(directory, minimisations):
    ljat3(items=10, cache=False)
    assert not directory.exists()
    ljat3(items=10)
    ljat3(items=10, cache=False)
    assert len(minimisations) == 3


def cut(data):
    return data[: len(data) // 2]


def flipped(data):
    """One bit of the first distance, far behind the headers."""
    place = data.index(b"NUMPY") + 200
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize("damage", [cut, flipped, lambda data: b"", lambda data: b"no archive" * 50])
def test_damage_regenerates(directory, minimisations, damage):
    first = ljat3(items=100)
    (path,) = directory.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert same(first, ljat3(items=100)) and len(minimisations) == 2
    assert same(first, ljat3(items=100)) and len(minimisations) == 2  # mended


@pytest.mark.parametrize(
    "change",
    [
        {"targets": np.full(10, 4, np.uint8)},
        {"targets": np.zeros(9, np.uint8)},
        {"distances": np.zeros((10, 2))},
        {"distances": np.zeros((10, 3), np.float32)},
        {"evaluations": np.array([None] * 10)},
    ],
)
def test_files_of_another_kind_regenerate(directory, minimisations, change):
    first = ljat3(items=10)
    (path,) = directory.iterdir()
    with np.load(path) as stored:
        arrays = dict(stored) | change
    np.savez(path, **arrays)
    assert same(first, ljat3(items=10)) and len(minimisations) == 2


def test_unwritable_directory_is_a_warning(tmp_path, monkeypatch, minimisations):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LOSSATLAS_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="could not be kept in .*LOSSATLAS_CACHE") as caught:
        data = ljat3(items=10)
    assert len(data) == 10 and len(caught) == 1


def test_full_disc_leaves_nothing_behind(directory, monkeypatch, minimisations):
    def full(*arguments, **named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_ljat3_file.np, "savez", full)
    with pytest.warns(UserWarning, match="No space left"):
        ljat3(items=10)
    assert list(directory.iterdir()) == []


def test_cache_directory(monkeypatch, tmp_path):
    chosen = lossatlas._cache.cache_directory
    monkeypatch.setenv("LOSSATLAS_CACHE", str(tmp_path))
    assert chosen() == tmp_path
    monkeypatch.delenv("LOSSATLAS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert chosen() == tmp_path / "lossatlas"
    monkeypatch.setenv("HOME", str(tmp_path))
    for missing in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", missing)
        assert chosen() == tmp_path / ".cache" / "lossatlas"
