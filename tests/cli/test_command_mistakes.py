"""Mistakes on the command line: each is answered in one line that says what was probably meant."""

import re

import numpy as np
import pytest
from command import run

from lossatlas._plugins import load_plugins
from lossatlas.atlas import Atlas
from lossatlas.cli import app
from lossatlas.landscapes import DoubleWells


FILES = {
    "t.csv": "a,b,y\n1,2,no\n2,1,yes\n3,5,no\n4,3,yes\n",
    "text.atlas": "hello " * 300,
    "empty.atlas": "",
    "quantity.csv": "id,vol\n9,1\n",
    "syntax.toml": "landscape = xor\n",
    "key.toml": 'landscape = "xor"\nhiden = 2\n',
    "explore.toml": 'landscape = "xor"\n[explore]\ntime_limt = 5\n',
    "type.toml": 'landscape = "xor"\nl2 = "small"\n',
    "table.toml": 'landscape = "xor"\n[explor]\nseed = 1\n',
    "name.toml": 'landscape = "xorr"\n',
    "sweep.toml": 'landscape = "xor"\n[sweep]\nlambda = [1e-3]\n',
}

# What was typed, and part of the answer.
COMMANDS = {
    "info a.atlas": "There is no command 'info'; did you mean show?",
    "plot a.atlas": "There is no command 'plot'; did you mean graph?",
    "train csv t.csv": "did you mean fit?",
    "expore xor": "did you mean explore?",
    "Show a.atlas": "did you mean show?",
    "version": "did you mean --version?",
    "nonsense": "There is no command 'nonsense'; lossatlas --help lists them.",
    "xor": "xor is a landscape: lossatlas explore xor",
    "a.atlas": "a.atlas is an atlas: lossatlas show a.atlas",
    "t.csv": "t.csv is a table: lossatlas explore csv t.csv --target COLUMN",
    "--verison": "did you mean --version?",
    "--seed 3 explore xor": "There is no option --seed before a command; options come after it.",
}
OPTIONS = {
    "graph a.atlas --color energy -o a.png": "graph has no option --color; did you mean --colour?",
    "graph a.atlas -o a.png --level 3": "did you mean --levels?",
    "explore xor --seeds 1": "explore has no option --seeds; did you mean --seed?",
    "explore xor --hiden 2": "did you mean --hidden?",
    "explore xor --lambda 1": "did you mean --l2?",
    "explore xor --threads 2": "did you mean --workers?",
    "explore xor -o x.atlas": "did you mean --out?",
    "explore --hiden 2 xor": "did you mean --hidden?",
    "explore csv --table t.csv": "TABLE.csv is given without --table. Usage: lossatlas explore",
    "explore xor --size 6": "The landscape xor does not take --size; spin-glass does.",
    "show a.atlas --kinks": "show has no option --kinks; lossatlas show --help lists them.",
    "graph a.atlas -o a.png --levels": "'--levels' requires an argument",
    "graph a.atlas -o a.png --levels ten": "--levels should be a whole number, got 'ten'.",
    "graph a.atlas -o a.png --kt hot": "--kt should be a number, got 'hot'.",
    "graph a.atlas -o a.png --order ener": "one of energy, size, centre, got 'ener'; did you mean energy?",
    "picture graph a.atlas -o a.png": "KIND should be one of boxes, .* got 'graph'; did you mean graphs?",
    "show a.atlas --top -1": "--top should be greater than or equal to 1, got '-1'.",
    "explore xor --evaluations 1e5": "--evaluations should be a whole number, got '1e5'.",
    "explore xor --workers -2": "--workers should be greater than 0, got -2.",
    "explore xor --out a.png": "--out names the atlas, such as a.atlas",
    "graph a.atlas -o dir": "A picture ends in .png",
    "predict a.atlas t.csv -o dir": "dir is a folder, not a file to write predictions to.",
    "predict a.atlas t.csv -o no/p.csv": "There is no folder no to write predictions p.csv to.",
}
ARGUMENTS = {
    "show": "show needs FILE: The atlas. Usage: lossatlas show",
    "explore": "explore needs LANDSCAPE: xor, ljat3",
    "explore --out xor": "explore needs LANDSCAPE",
    "rates a.atlas": "rates needs --from: Minima to start from",
    "show a.atlas b.atlas": "show does not know what to do with 'b.atlas'. Usage: lossatlas show",
    "graph a.atlas -o a.png --log yes": "graph does not know what to do with 'yes'",
    "explore xor --kinks yes": "The landscape xor does not take a table 'yes'; csv does.",
    "explore t.csv": "t.csv is a table: lossatlas explore csv t.csv --target COLUMN",
    "explore a.atlas": "a.atlas is an atlas: lossatlas show a.atlas",
    "explore XOR": "There is no landscape 'XOR'; did you mean xor?",
    "explore spinglass": "did you mean spin-glass?",
    "explore csv t.csv --target Y": "t.csv has no column 'Y'; it has a, b, y; did you mean y?",
    "show xor": "An atlas is needed here, and xor is a landscape: lossatlas explore xor",
    "show a": "There is no atlas a; did you mean a.atlas?",
    "table t.csv": "An atlas is needed here, and t.csv is a table",
    "show none.atlas": "There is no atlas none.atlas.",
    "show text.atlas": "text.atlas is not an atlas file.",
    "show empty.atlas": "empty.atlas is not an atlas file.",
    "show binary": "binary is not an atlas file.",
    "show dir": "dir is a directory, not an atlas file.",
    "explore csv binary --target y": "binary is not a CSV text file in UTF-8.$",
    "quantities a.atlas quantity.csv": "quantity.csv, line 2: there is no minimum 9; ids are 1 to 2.",
    "graph a.atlas -o a.png --label 0": "--label: there is no minimum 0; ids are 1 to 2.",
    "graph a.atlas -o a.png --highlight 1-": "--highlight needs ids of minima such as 1,2,7-9, got '1-'",
    "rates a.atlas --from 1 --to 9 --kt 0.1": "--to: there is no minimum 9; ids are 1 to 2.",
}
CONFIGS = {
    "explore syntax.toml": "syntax.toml is not TOML: .*line 1.*; words need quotes.",
    "explore key.toml": "key.toml, line 2: The landscape xor does not take hiden; did you mean hidden?",
    "explore explore.toml": "explore.toml, line 3: time_limt is not known; did you mean time_limit?",
    "explore type.toml": "type.toml, line 2: l2 should be a number, got 'small'.",
    "explore table.toml": "table.toml: there is no table [explor]; did you mean explore?",
    "explore name.toml": "name.toml, line 1: The landscape 'xorr' is not known; did you mean xor?",
    "sweep sweep.toml": "sweep.toml, line 3: The landscape xor does not take lambda; did you mean l2?",
    "sweep none.toml": "There is no file none.toml.",
}
MISTAKES = COMMANDS | OPTIONS | ARGUMENTS | CONFIGS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mistakes")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "binary").write_bytes(bytes(range(256)) * 20)
    (folder / "dir").mkdir()
    with Atlas(folder / "a.atlas", DoubleWells(2)) as atlas:
        atlas.points.add_minima(np.eye(2), [0.0, 1.0], [0.0, 0.0], [0.5, 0.5], [1.0, 1.0])
    return folder


@pytest.mark.parametrize("typed", MISTAKES)
def test_a_mistake_is_answered_in_one_line(typed, folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    before = sorted(folder.iterdir())
    status, _, err = run(capsys, *typed.split())
    assert status == 2
    assert err.startswith("lossatlas: ") and err.count("\n") == 1
    assert as_pattern(MISTAKES[typed]).search(err.strip())
    assert sorted(folder.iterdir()) == before


def as_pattern(sentence):
    """Return a pattern in which only `.*` and a `$` at the end are special."""
    ended = sentence.endswith("$")
    parts = map(re.escape, sentence.removesuffix("$").split(".*"))
    return re.compile(".*".join(parts) + ("$" if ended else ""))


def test_a_word_after_an_option_names_no_landscape(capsys):
    status, out, _ = run(capsys, "explore", "--out", "xor", "--help")
    assert status == 0 and "Settings of" not in out
    status, out, _ = run(capsys, "explore", "--out", "iris", "xor", "-h")
    assert status == 0 and "Settings of xor" in out


def test_a_command_of_a_stranger_does_not_replace_ours(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "thief-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: thief\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[lossatlas]\nthief = thief_of_show\n")
    (tmp_path / "thief_of_show.py").write_text(
        "from lossatlas.cli import app\n@app.command()\ndef show():\n    print('stolen')\n"
    )
    before = list(app.registered_commands)
    monkeypatch.syspath_prepend(tmp_path)
    load_plugins.cache_clear()
    with pytest.warns(UserWarning, match="thief_of_show, .*There is a command 'show' already"):
        load_plugins()
    assert app.registered_commands == before
    status, out, _ = run(capsys, "show", "--help")
    assert status == 0 and "Show the settings, points and searches of an atlas" in " ".join(out.split())
