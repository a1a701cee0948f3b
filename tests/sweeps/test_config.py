"""Config files: what is read, and mistakes by file, line and key."""

import pytest

from lossatlas.sweeps import read_config, seconds


def write(tmp_path, text):
    path = tmp_path / "study.toml"
    path.write_text(text)
    return path


def test_a_config(tmp_path):
    path = write(tmp_path, """
landscape = "ljat3"
hidden = [5, 5]
cube = "D2"

[explore]
seed = 3
time_limit = "5m"
evaluations = 1_000

[sweep]
mislabelled = [0.0, 0.5]
""")  # fmt: skip
    config = read_config(path)
    assert config.recipe().hidden == [5, 5]
    assert config.recipe({"cube": "D3"}).cube == "D3"
    assert (config.explore.seed, config.explore.time_limit, config.explore.evaluations) == (3, 300.0, 1000)
    assert config.sweep == {"mislabelled": [0.0, 0.5]}


def test_paths_are_relative_to_the_config(tmp_path):
    config = read_config(write(tmp_path, 'landscape = "csv"\ntable = "t.csv"\ntarget = "y"\n'))
    assert config.recipe().table_file == tmp_path / "t.csv"


@pytest.mark.parametrize("text, sentence", [
    ('landscape = "ljat3"\nhiden = 3\n', "study.toml, line 2: The landscape ljat3 does not take hiden."),
    ('hidden = 3\n', "study.toml: The landscape is missing"),
    ('landscape = "ljat3"\n\nmislabelled = 2\n', "study.toml, line 3: mislabelled should be less than"),
    ('landscape = "xor"\nl2 = = 3\n', "study.toml is not TOML: .*line 2"),
    ('landscape = "xor"\n[explore]\nsed = 1\n', "line 3: sed is not known; did you mean seed"),
    ('landscape = "xor"\n[explore]\nseed = -1\n', "study.toml, line 3: seed should be greater than"),
    ('landscape = "xor"\n[explore]\ntime_limit = "soon"\n', "line 3: time_limit should be a time"),
    ('landscape = "xor"\nexplore = 3\n', "line 2: explore must be a table"),
    ('landscape = "xor"\n[sweep]\nl2 = 1e-3\n', "line 3: l2 needs a list of values"),
    ('landscape = "xor"\n[sweep]\nl2 = []\n', "line 3: l2 needs a list of values"),
    ('landscape = "xor"\n[sweep]\nlandscape = ["xor"]\n', "line 3: every landscape needs a config"),
])  # fmt: skip
def test_mistakes(tmp_path, text, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_config(write(tmp_path, text)).recipe()


def test_files_that_are_none(tmp_path):
    with pytest.raises(ValueError, match="There is no file"):
        read_config(tmp_path / "none.toml")
    with pytest.raises(ValueError, match="not a text file"):
        read_config(tmp_path)


@pytest.mark.parametrize("text, value", [
    ("90", 90.0), ("120s", 120.0), ("5m", 300.0), ("2h", 7200.0), ("1.5min", 90.0), ("none", None),
])  # fmt: skip
def test_seconds(text, value):
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "0", "-3", "3 weeks", "s"])
def test_seconds_refuses(text):
    with pytest.raises(ValueError, match="takes a positive time"):
        seconds(text)
