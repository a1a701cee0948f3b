"""`lossatlas import` and `export`, and other commands on imports as they are in the wild."""

import json

import numpy as np
import pytest
from test_cli import run

from lossatlas.analysis import first_passage, rate_network, transition_network
from lossatlas.atlas import Atlas


MINIMA = "-1.0 2.0 1 1 1 1\n-0.5 1.5 1 1 1 1\n-0.75 1.0 2 1 1 1\n0.0 1.0 1 1 1 1\n"
STATES = "0.25 1.0 1 1 2 1 1 1\n0.5 1.0 1 2 3 1 1 1\n0.75 0.5 1 3 4 1 1 1\n"
BAD = "-0.1 1.0 1 1 4 1 1 1\n"  # below minimum 4


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "database"
    made.mkdir()
    (made / "min.data").write_text(MINIMA)
    (made / "ts.data").write_text(STATES)
    (made / "min.A").write_text("1\n1\n")
    (made / "min.B").write_text("2\n3 4\n")
    return made


def imported(capsys, folder, *options):
    out = folder.with_suffix(".atlas")
    status, said, err = run(capsys, "import", folder, "--out", out, *options)
    assert status == 0, err
    return out, said, err


def test_a_complete_database(capsys, folder):
    out, said, err = imported(capsys, folder)
    assert (said, err) == (
        f"4 minima and 3 transition states, set A of 1, set B of 2 read into {out}\n",
        "",
    )


def test_sets_are_named_in_rates(capsys, folder):
    out, _, _ = imported(capsys, folder)
    rates = lambda *ends: json.loads(
        run(capsys, "rates", out, "--from", ends[0], "--to", ends[1], "--kt", 0.2, "--json")[1]
    )
    with Atlas(out, readonly=True) as atlas:
        network = rate_network(transition_network(atlas), 0.2)
    for (start, end), (first, second) in {
        ("A", "B"): ([1], [3, 4]),
        ("B", "A"): ([3, 4], [1]),
        ("A,2", "3"): ([1, 2], [3]),
        ("2", "1,B"): ([2], [1, 3, 4]),
    }.items():
        assert rates(start, end)["mfpt"] == pytest.approx(
            first_passage(network, first, second).mfpt, rel=1e-12
        )
    status, _, err = run(capsys, "rates", out, "--from", "A", "--to", "C", "--kt", 0.2)
    assert status == 2
    assert "--to needs ids of minima such as 1,2,7-9, or sets of the atlas, A, B, got 'C'." in err
    status, _, err = run(capsys, "rates", out, "--from", "A", "--to", "1,2", "--kt", 0.2)
    assert status == 2 and "both name minimum 1" in err


def test_sets_are_shown_and_drawn(capsys, folder, tmp_path):
    out, _, _ = imported(capsys, folder)
    assert "set A: 1 minimum\nset B: 2 minima\n" in run(capsys, "show", out)[1]
    assert json.loads(run(capsys, "show", out, "--json")[1])["sets"] == {"A": [1], "B": [3, 4]}
    page = tmp_path / "a.html"
    assert run(capsys, "graph", out, "-o", page, "--highlight", "A", "--highlight", "B")[0] == 0
    assert '"groups": ["A", "B"]' in page.read_text() or '"groups":["A","B"]' in page.read_text()


def test_one_bad_transition_state_does_not_block_the_rest(capsys, folder, tmp_path):
    (folder / "ts.data").write_text(STATES + BAD)
    out, _, err = imported(capsys, folder)
    assert err == (
        "left out of analyses: 1 of 4 transition states, with an energy below that of a minimum that they "
        "join (first: number 4)\n"
    )
    (folder / "ts.data").write_text(STATES)
    good = folder.rename(tmp_path / "good")
    without, _, _ = imported(capsys, good)
    commands = (
        "thermo --kt 0.1,0.2",
        "rates --from A --to B --kt 0.2",
        "frustration --kt 0.1,0.2",
        "funnels",
    )
    for command in (*commands, "network"):
        name, *options = command.split()
        answers = [run(capsys, name, atlas, *options, "--json")[:2] for atlas in (out, without)]
        assert answers[0] == answers[1] and answers[0][0] == 0, command
    assert run(capsys, "graph", out, "-o", tmp_path / "a.png", "--kt", 0.2)[0] == 0
    said = run(capsys, "show", out)[1]
    assert "left out of analyses: 1 of 4 transition states" in said
    states = json.loads(run(capsys, "show", out, "--json")[1])["transition_states"]
    assert [state["flag"] for state in states] == [None, None, None, "below_minimum"]


def test_messages_name_transition_states_by_the_lines_of_the_file(capsys, folder):
    (folder / "ts.data").write_text("-0.75 1.0 1 1 2 1 1 1\n" + STATES + "1.0 NaN 1 1 2 1 1 1\n")
    out, _, err = imported(capsys, folder)
    assert "not known of 1 transition states, the first of them number 5: log-product" in err
    status, _, err = run(capsys, "rates", out, "--from", "A", "--to", "B", "--kt", 0.2)
    assert status == 2 and "for 1 of 4 transition states (first: number 5)" in err


def test_energies_alone_make_graphs(capsys, folder, tmp_path):
    (folder / "min.data").write_text("-1.0\n-0.5\n-0.75\n0.0\n")
    (folder / "ts.data").write_text("0.25 1 2\n0.5 2 3\n**** 3 4\n")
    out, _, err = imported(capsys, folder)
    assert err.splitlines() == [
        "left out of analyses: 1 of 3 transition states, whose energy is not known (first: number 3)",
        "not known of the minima: log-product",
        "not known of the minima: point-group order",
        "not known of the transition states: log-product",
        "not known of the transition states: point-group order",
    ]
    assert run(capsys, "graph", out, "-o", tmp_path / "a.png")[0] == 0
    assert run(capsys, "funnels", out)[0] == 0
    for command in ("thermo --kt 1", "rates --from A --to B --kt 1"):
        name, *options = command.split()
        status, _, err = run(capsys, name, out, *options)
        assert status == 2 and "log-product of its eigenvalues is not known" in err
    states = json.loads(run(capsys, "show", out, "--json")[1])["transition_states"]
    assert [state["energy"] for state in states] == [0.25, 0.5, None]
    assert run(capsys, "show", out)[0] == 0
    status, _, err = run(capsys, "export", out, tmp_path / "again")
    assert status == 0 and "not known of the minima: log-product, written as NaN" in err
    assert (tmp_path / "again" / "ts.data").read_text().splitlines()[2].startswith("NaN NaN 1 3 4")


def test_minima_alone_have_thermodynamics(capsys, folder, tmp_path):
    (folder / "ts.data").unlink()
    out, said, err = imported(capsys, folder)
    assert "4 minima and 0 transition states" in said
    assert err == "there is no ts.data: what joins the minima is not known\n"
    status, text, _ = run(capsys, "thermo", out, "--modes", 3, "--kt", "0.1,0.2", "--json")
    energy, weight = np.array([-1, -0.5, -0.75, 0]), np.exp(-np.array([2, 1.5, 1, 1]) / 2) / [1, 1, 2, 1]
    p = weight * np.exp(-energy / 0.2)
    assert status == 0
    assert json.loads(text)["mean_energy"][1] == pytest.approx(
        3 * 0.2 + (p * energy).sum() / p.sum(), rel=1e-12
    )
    status, _, err = run(capsys, "rates", out, "--from", "A", "--to", "B", "--kt", 1)
    assert status == 2 and "No transition state joins two different minima" in err


def test_columns_of_ones_own_colour_the_graph(capsys, folder, tmp_path):
    (tmp_path / "own.csv").write_text("id,radius\n1,0.5\n2,0.25\n3,1\n4,2\n")
    out, _, _ = imported(capsys, folder, "--columns", tmp_path / "own.csv")
    assert run(capsys, "graph", out, "-o", tmp_path / "a.png", "--colour", "radius")[0] == 0
    shown = json.loads(run(capsys, "show", out, "--json")[1])["minima"]
    assert [minimum["quantities"]["radius"] for minimum in shown] == [0.5, 0.25, 1.0, 2.0]


def test_gaps_in_columns_of_ones_own_are_grey(capsys, folder, tmp_path):
    (tmp_path / "own.csv").write_text("id,radius\n1,0.5\n3,1\n")
    out, _, _ = imported(capsys, folder, "--columns", tmp_path / "own.csv")
    assert run(capsys, "graph", out, "-o", tmp_path / "a.png", "--colour", "radius")[0] == 0
    status, _, err = run(capsys, "graph", out, "-o", tmp_path / "b.png", "--x", "radius")
    assert status == 2 and "The column radius is not known of minimum 2" in err


def test_funnels_of_lone_minima_are_counted_and_not_listed(capsys, folder, tmp_path):
    lone = "".join(f"{-2 - i / 100} 1.0 1 1 1 1\n" for i in range(70))
    (folder / "min.data").write_text(MINIMA + lone)
    out, _, _ = imported(capsys, folder)
    said = run(capsys, "funnels", out)[1].splitlines()
    assert said[0].startswith("72 funnels of 74 minima, 3 transition states, 70 of them minima that no")
    assert [line.split()[0] for line in said[1:]] == ["bottom", "1", "3"]


def test_thermo_draws_of_many_parts_the_first_and_what_makes_the_peaks(
    capsys, folder, tmp_path, monkeypatch
):
    titles = []
    monkeypatch.setattr(
        "lossatlas.plots.save_picture", lambda drawn, _: titles.append(drawn.axes[0].get_title())
    )
    lone = "".join(f"{-0.99 + i / 100} 1.0 1 1 1 1\n" for i in range(70))
    (folder / "min.data").write_text(MINIMA + lone)
    out, _, _ = imported(capsys, folder)
    command = ("thermo", out, "--modes", 3, "--kt", "0.1,0.2")
    peaks = json.loads(run(capsys, *command, "--json", "--plot-graph", tmp_path / "a.png")[1])["peaks"]
    changing = {i for peak in peaks for side in ("gaining", "losing") for i in peak[side]}
    drawn = len(changing | {1, 2, 3, 4})
    assert 4 < drawn < 74 and titles[0].endswith(f": {drawn} of 74 minima")
