"""The interactive page: what is in the file, and what a browser makes of it."""

import base64
import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from lossatlas import plots
from networks import tree_of


BROWSER = shutil.which("chromium") or shutil.which("google-chrome")


def random_tree(n, seed=0, levels=None):
    rng = np.random.default_rng(seed)
    energies = rng.normal(size=n)
    back = (rng.random(n - 1) * np.arange(1, n)).astype(int)
    pairs = np.stack([np.arange(1, n), back], axis=1)
    return tree_of(energies, energies[pairs].max(1) + rng.exponential(size=n - 1), pairs, levels=levels)


def data_of(path):
    text = path.read_text("utf-8")
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1])


def decoded(text, kind="<f8"):
    return np.frombuffer(base64.b64decode(text), dtype=kind)


def seen(path, script=""):
    """The page after a script ran in it, as text."""
    copy = path.with_name("seen.html")
    copy.write_text(
        path.read_text("utf-8").replace("</body>", f"<script>{script}</script></body>"), "utf-8"
    )
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={path.parent}"]
    options = ["--window-size=1200,800", "--virtual-time-budget=2000", "--dump-dom", copy.as_uri()]
    return subprocess.run([*command, *options], capture_output=True, text=True, timeout=60).stdout


def test_numbers_are_kept_in_full(tmp_path):
    page, tree = tmp_path / "graph.html", random_tree(50)
    auc = np.where(np.arange(50) == 3, np.nan, np.random.default_rng(1).random(50))
    columns = {"auc": auc, "kind": np.where(np.arange(50) < 20, "b", ""), "degree": np.arange(50) % 7}
    plots.write_interactive(tree, page, columns=columns, colour="kind")
    data = data_of(page)
    np.testing.assert_array_equal(decoded(data["energy"]), tree.energy)
    np.testing.assert_array_equal(decoded(data["parent"], "<i4"), tree.parent)
    first, second, third = data["columns"]
    np.testing.assert_array_equal(decoded(first["values"]), auc)
    assert first["limits"] == [np.nanmin(auc), np.nanmax(auc)]
    assert second["groups"] == ["b"]  # and an empty text is no group
    np.testing.assert_array_equal(decoded(second["values"]), [0.0] * 20 + [np.nan] * 30)
    assert third["groups"] == list("0123456")
    assert data["colour"] == 1 and data["bend"] is None and data["labels"][:2] == ["0", "1"]


def test_a_single_value_is_named_in_place_of_a_bar(tmp_path):
    columns = {"AUC": [0.75] * 3, "loss": [0.1, 0.2, np.nan], "none": [np.nan] * 3}
    plots.write_interactive(random_tree(3), tmp_path / "graph.html", columns=columns)
    singles = [column.get("single") for column in data_of(tmp_path / "graph.html")["columns"]]
    assert singles == ["0.75", None, "not known"]


def test_no_network_and_no_injection(tmp_path):
    page, bad = tmp_path / "graph.html", "</script><script>alert(1)</script><!--"
    plots.write_interactive(
        random_tree(3), page, columns={bad: [bad, "x", "y"]}, labels=[bad, "1", "2"], title=bad
    )
    text = page.read_text("utf-8")
    assert bad not in text and "<!--" not in text
    assert len(re.findall("<script", text)) == 2
    assert data_of(page)["columns"][0]["name"] == bad
    assert not re.search(r"(?:https?:|src=|href=|@import|url\(|innerHTML|eval\()", text)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"columns": {"a": np.zeros(4)}}, "column 'a' cannot give colours: .* shape .5,., got shape .4,."),
        ({"columns": {"a": [f"{i}" for i in range(11)]}}, "column 'a'"),
        ({"colour": "a"}, "`colour` must be a column .there is none., got 'a'"),
        ({"labels": ["x"]}, "`labels` must have one text for each of 5 minima, got 1"),
        ({"order": "up"}, "`order` must be"),
        ({"scale": "up"}, "`scale` must be"),
        ({"path": "graph.htm"}, "ends in .html, got '.htm'"),
        ({"path": "no/graph.html"}, "folder no of the page graph.html does not exist"),
    ],
)
def test_errors(tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        plots.write_interactive(random_tree(5), **{"path": "graph.html", **options})
    assert not list(tmp_path.iterdir())


def test_twenty_thousand_minima_are_a_few_megabytes(tmp_path):
    columns = {str(i): np.random.default_rng(i).random(20_000) for i in range(10)}
    plots.write_interactive(random_tree(20_000), tmp_path / "graph.html", columns=columns)
    assert (tmp_path / "graph.html").stat().st_size < 4e6


needs_browser = pytest.mark.skipif(BROWSER is None, reason="needs Chromium")


@needs_browser
def test_what_the_user_does(tmp_path):
    """Search, hover, click, keys and choices, as a browser sees them."""
    page, tree = tmp_path / "graph.html", random_tree(40)
    hits = np.arange(40) * 1.25
    plots.write_interactive(
        tree, page, columns={"<i>hits</i>": hits, "kind": ["a", "b"] * 20}, labels=range(1, 41)
    )
    script = """
      const on = (type, x, y) => marks.dispatchEvent(new PointerEvent(type,
        { clientX: x + marks.getBoundingClientRect().x, clientY: y + marks.getBoundingClientRect().y }));
      marks.setPointerCapture = () => {};
      resize(); showAll(); draw();
      search("8");
      const told = [find("pins").textContent];
      on("pointermove", screenX(place[3]), screenY(energy[3]));
      told.push(find("tip").textContent);
      on("pointerdown", screenX(place[3]), screenY(energy[3]));
      on("pointerup", screenX(place[3]), screenY(energy[3]));
      told.push(pinned.join());
      const wide = view.x1 - view.x0;
      marks.dispatchEvent(new WheelEvent("wheel", { deltaY: -200, shiftKey: true }));
      told.push((view.x1 - view.x0) / wide);
      marks.dispatchEvent(new KeyboardEvent("keydown", { key: "0" }));
      told.push((view.x1 - view.x0) / wide);
      point(leaves[4]);
      marks.dispatchEvent(new KeyboardEvent("keydown", { key: "n" }));
      told.push(current === leaves[5]);
      find("colour").value = "1";
      find("colour").onchange({ target: find("colour") });
      told.push(find("key").textContent);
      find("scale").onchange({ target: { value: "log" } });
      told.push(toHeight(lowestEnergy), toHeight(lowestEnergy + 100 * data.floor));
      told.push(toEnergy(toHeight(1)) - 1);
      search("99");
      told.push(find("said").textContent);
      document.body.replaceChildren(JSON.stringify(told));
    """
    text = re.search(r"<body[^>]*>(.*?)</body>", seen(page, script), re.S)[1]
    told = json.loads(text.replace("&lt;", "<").replace("&gt;", ">"))
    assert (
        "minimum8 ×" in told[0] and str(float(tree.energy[7])) in told[0] and "<i>hits</i>8.75" in told[0]
    )
    assert told[1].startswith("minimum 4") and str(float(tree.energy[3])) in told[1]
    assert told[2] == "7,3"
    assert told[3] == pytest.approx(np.exp(-0.3)) and told[4] == pytest.approx(1.0)
    assert told[5] is True
    assert told[6] == "kindab"
    assert told[7:9] == [0, 3] and abs(told[9]) < 1e-12
    assert told[10] == "There is no minimum 99."


@needs_browser
@pytest.mark.parametrize("levels", [None, 6])
@pytest.mark.parametrize("n", [1, 300, 5000])
def test_every_branch_is_drawn_and_nothing_below_it(tmp_path, n, levels):
    """What is left out, because it is narrower than a pixel or out of sight, must not be missed."""
    page = tmp_path / "graph.html"
    plots.write_interactive(random_tree(n, levels=levels), page)
    script = """
      function missing() {  // branches without ink at foot, middle or top; columns with ink below all feet
        draw();
        const pixels = pen.getImageData(0, 0, tree.width, tree.height).data;
        const ink = (x, y) => pixels[4 * (x + tree.width * y) + 3];
        const inked = (x, y) => [-1, 0, 1].some((by) => ink(Math.floor(x) + by, y));
        const deepest = new Float64Array(tree.width + 2);
        let count = 0;
        for (const leaf of inSight()) {
          const x = screenX(place[leaf]), foot = screenY(energy[leaf]), up = parent[leaf];
          for (let at = Math.floor(x) - 1; at < x + 2; at++) deepest[at] = Math.max(deepest[at], foot);
          if (x < margin.left + 2 || x > width - 2) continue;
          const top = up < 0 ? foot : Math.min(foot, screenY(bend ? bend[up] : energy[up]));
          for (const y of [foot, (foot + top) / 2, top].map(Math.floor)) {
            if (y > 0 && y < height - 1 && !inked(x, y) && !inked(x, y - 1)) count++;
          }
        }
        for (let x = margin.left + 3; x < width - 3; x++) {
          for (let y = Math.floor(deepest[x]) + 6; deepest[x] && y < height - 1; y++) {
            if (ink(x, y)) { count++; break; }
          }
        }
        return count;
      }
      drawFeet = () => {};  // dots and labels lie below the feet
      resize();
      showAll();
      const told = [missing()];
      zoom(0.2, 1);
      told.push(missing());
      zoom(0.2, 0.5);
      told.push(missing(), inSight().length);
      document.body.replaceChildren(JSON.stringify(told));
    """
    text = re.search(r"<body[^>]*>(.*?)</body>", seen(page, script), re.S)[1]
    *missing, left = json.loads(text)
    assert missing == [0, 0, 0] and 0 < left <= max(0.06 * n, 1)
