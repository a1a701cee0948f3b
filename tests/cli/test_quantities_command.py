"""`lossatlas quantities` and `table --quantity`: numbers of one's own go in and come out."""

import numpy as np
import pytest
from command import run

from lossatlas.atlas import Atlas
from lossatlas.landscapes import xor


@pytest.fixture
def atlas(tmp_path):
    path = tmp_path / "a.atlas"
    with Atlas(path, xor(1)) as atlas:
        x, ones = np.random.default_rng(0).normal(size=(3, atlas.dimension)), np.ones(3)
        atlas.points.add_minima(x, [0.5, 0.25, 0.75], 0 * ones, ones, ones, hits=1)
        atlas.points.add_transition_states(
            x + 9, [2.0, 3.0, 4.0], ones, -ones, ones, [[1, 2], [2, 3], [1, 3]]
        )
    return path


def test_columns_of_a_file_are_stored_listed_printed_and_deleted(capsys, atlas, tmp_path):
    own = tmp_path / "own.csv"
    own.write_text("id,volume,volume_error\n2,4,0.5\n1,2,\n")
    code, out, _ = run(capsys, "quantities", atlas, own)
    assert code == 0 and out.split()[:7] == ["1", "quantities", "name", "of", "points", "errors", "written"]
    assert out.splitlines()[-1].split()[:5] == ["volume", "minimum", "2", "1", "import,"]
    own.write_text("id,barrier\n3,1\n")
    code, out, _ = run(capsys, "quantities", atlas, own, "--kind", "ts")
    assert code == 0 and out.splitlines()[-1].split()[:4] == ["barrier", "transition", "state", "1"]
    code, out, _ = run(capsys, "table", atlas, "--csv", "--quantity", "volume", "--quantity", "barrier")
    header, row = (line.split(",") for line in out.splitlines())
    printed = dict(zip(header, row))
    assert code == 0 and "barrier" not in printed
    assert [float(printed[key]) for key in ("volume", "volume_mean", "volume_sd")] == [4.0, 3.0, 1.0]
    assert float(printed["barrier_mean"]) == 1.0
    assert run(capsys, "graph", atlas, "-o", tmp_path / "a.svg", "--colour", "volume")[0] == 0
    code, out, _ = run(capsys, "quantities", atlas, "--delete", "volume")
    assert code == 0 and "volume" not in out and "barrier" in out


@pytest.mark.parametrize("words, sentence", [
    (["quantities", "ATLAS", "--delete", "volume"], "There is no quantity 'volume' of kind minimum"),
    (["quantities", "ATLAS", "FILE"], "line 2: there is no minimum 7; ids are 1 to 3"),
    (["table", "ATLAS", "--quantity", "volume"], "has no quantity 'volume'; there is none"),
])  # fmt: skip
def test_what_is_refused_is_one_line(capsys, atlas, tmp_path, words, sentence):
    (tmp_path / "own.csv").write_text("id,volume\n7,1\n")
    words = [{"ATLAS": atlas, "FILE": tmp_path / "own.csv"}.get(word, word) for word in words]
    code, out, err = run(capsys, *words)
    assert code == 2 and out == "" and sentence in err and err.count("\n") == 1
    with Atlas(atlas) as found:
        assert len(found.quantities) == 0
