"""Make the pictures of the README and the docs: `python docs/pictures/make.py` (ten minutes on 2 cores).

Those of `properties.md` are made by the commands on that page, which run in their order.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt

import lossatlas as la


HERE = Path(__file__).parent


def draw(atlas, ax, title):
    """Draw one atlas on one pair of axes."""
    minima, states = atlas.minima, atlas.transition_states
    tree = la.disconnectivity(la.transition_network(atlas))
    la.plots.disconnectivity(tree, ax=ax, order="centre", ylabel="loss")
    ax.set_title(f"{title}\n{len(minima)} minima, {len(states)} transition states", fontsize=10)


def iris(l2):
    """Return the 4-3-3 network on Fisher's iris."""
    data = la.datasets.iris()
    return la.Perceptron(data.inputs, data.targets, hidden=[3], l2=l2, loss=data.loss, name=data.name)


def run_page(page):
    """Run the commands of a page, and take the pictures that it shows."""
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as box:
        for block in re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            subprocess.run(["bash", "-e", "-c", block], cwd=box, check=True, stdout=subprocess.DEVNULL)
        for name in re.findall(r"\]\(pictures/(.*?)\)", text):
            shutil.copy(Path(box) / name, HERE / name)


def main():
    """Explore and draw; the first two explorations end by themselves, the third after 6000 searches."""
    plt.switch_backend("Agg")
    with tempfile.TemporaryDirectory() as box:
        figure, ax = plt.subplots(figsize=(5, 4), layout="constrained")
        with la.explore(la.xor(2, l2=1e-3), Path(box) / "xor.atlas") as atlas:
            draw(atlas, ax, "XOR, two hidden nodes, L2 1e-3")
        la.plots.save_picture(figure, HERE / "xor.png", dpi=140)

        figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
        for ax, text, searches in ((axes[0], "1e-3", None), (axes[1], "1e-4", 6000)):
            budget = la.Budget(searches=searches)
            with la.explore(iris(float(text)), Path(box) / f"iris-{text}.atlas", budget=budget) as atlas:
                draw(atlas, ax, f"iris, 4-3-3, L2 {text}")
        la.plots.save_picture(figure, HERE / "iris.png", dpi=110)
    run_page(HERE.parent / "properties.md")


if __name__ == "__main__":
    main()
