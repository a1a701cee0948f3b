"""Make the picture of `other-databases.md`: `python docs/pictures/make_lj38.py PyGT/KTN_data/LJ38/4k`.

The database is not part of this repository. It is in the history of https://github.com/tomswinburne/PyGT,
commit 604dbe1: 38 atoms with Lennard-Jones potentials, sets A (the octahedral funnel) and B (the
icosahedral one).
"""

import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import lossatlas as la
from lossatlas.analysis import transition_network


HERE = Path(__file__).parent


def main(directory):
    """Draw the part of the graph that holds the global minimum, and the heat capacity."""
    plt.switch_backend("Agg")
    with tempfile.TemporaryDirectory() as box:
        la.atlas.import_pathsample(directory, Path(box) / "lj38.atlas")
        with la.Atlas(Path(box) / "lj38.atlas") as atlas:
            network, sets = transition_network(atlas, modes=108), dict(atlas.sets)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained", width_ratios=(3, 2))
    whole = la.disconnectivity(network)
    tree = whole.where(whole.component == 0)
    chosen = {name: np.intersect1d(tree.ids, ids) for name, ids in sets.items()}
    la.plots.disconnectivity(tree, ax=left, order="centre", highlight=chosen)
    left.set_title(f"LJ38: {len(tree)} of {len(network)} minima")
    kt = np.geomspace(0.05, 0.25, 300)
    peaks = [peak for peak in la.analysis.heat_capacity_peaks(network) if kt[0] < peak.kt < kt[-1]]
    la.plots.heat_capacity(la.thermodynamics(network, kt), peaks=peaks, ax=right, xlabel="kT (well depths)")
    la.plots.save_picture(figure, HERE / "lj38.png", dpi=110)


if __name__ == "__main__":
    main(sys.argv[1])
