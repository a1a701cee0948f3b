"""Arguments of a wrong kind or size to analyses: one sentence that names them and says what is needed."""

import numpy as np
import pytest

from helpers import rows
from lossatlas import plots
from lossatlas.analysis import (
    communities,
    disconnectivity,
    evolve,
    fastest_paths,
    first_passage,
    free_energy_disconnectivity,
    frustration,
    heat_capacity_peaks,
    kinetic_monte_carlo,
    network_statistics,
    occupation,
    rate_network,
    rate_scan,
    regroup,
    sequence_basins,
    shallow,
    temperature_range,
    temperature_scan,
    thermodynamics,
    transition_network,
)
from lossatlas.atlas import Atlas
from lossatlas.landscapes import DoubleWells
from networks import random_network


NETWORK = random_network(5, 8, 0)
RATES = rate_network(NETWORK, 0.5)
NO_NETWORK = r"`network` must be a TransitionNetwork, as transition_network\(atlas\) returns, got "
NO_RATES = r"`network` must be a RateNetwork, as rate_network\(network, kt\) returns, got "

MISTAKES = {
    "thermodynamics": (lambda: thermodynamics(RATES, [0.1]), NO_NETWORK + "RateNetwork"),
    "occupation": (lambda: occupation(None, 0.1), NO_NETWORK + "None"),
    "range": (lambda: temperature_range("a.atlas"), NO_NETWORK + "'a.atlas'"),
    "peaks": (lambda: heat_capacity_peaks(5), NO_NETWORK + "5"),
    "scan": (lambda: temperature_scan(5), NO_NETWORK + "5"),
    "frustration": (lambda: frustration(5, 0.1), NO_NETWORK + "5"),
    "shallow": (lambda: shallow(5, 0.1), NO_NETWORK + "5"),
    "tree": (lambda: disconnectivity(RATES), NO_NETWORK),
    "statistics": (lambda: network_statistics(5), NO_NETWORK + "5"),
    "communities": (lambda: communities(5), NO_NETWORK + "5"),
    "basins": (lambda: sequence_basins(5), NO_NETWORK + "5"),
    "rates": (lambda: rate_network(5, 0.1), NO_NETWORK + "5"),
    "rate scan": (lambda: rate_scan(RATES, [0], [1], [0.1]), NO_NETWORK),
    "passage": (lambda: first_passage(NETWORK, [0], [1]), NO_RATES + "TransitionNetwork"),
    "paths": (lambda: fastest_paths(NETWORK, [0], [1]), NO_RATES),
    "trajectories": (lambda: kinetic_monte_carlo(NETWORK, [0], [1]), NO_RATES),
    "evolution": (lambda: evolve(NETWORK, np.ones(5) / 5, [1.0]), NO_RATES),
    "groups": (lambda: regroup(NETWORK, 0.1), NO_RATES),
    "free energies": (lambda: free_energy_disconnectivity(NETWORK), NO_RATES),
    "atlas": (lambda: transition_network("a.atlas"), "`atlas` must be an open Atlas, .* got 'a.atlas'"),
    "figure": (lambda: plots.save_picture(5, "x.png"), "`fig` must be a matplotlib Figure, .* got 5"),
    "word": (lambda: thermodynamics(NETWORK, "a"), "`kt` must be an array of numbers, got 'a'"),
    "words": (lambda: temperature_scan(NETWORK, ["a"]), "`kt` must be an array of numbers, got "),
    "one word": (lambda: rate_network(NETWORK, "a"), "`kt` must be an array of numbers, got "),
    "complex": (lambda: thermodynamics(NETWORK, np.array([0.1j])), "`kt` must hold real numbers"),
    "barrier": (lambda: regroup(RATES, -1.0), "`barrier` must be a finite number of at least 0, got -1.0"),
    "levels": (lambda: disconnectivity(NETWORK, levels=10**8), "`levels` .* at most 10000, got 100000000"),
}  # fmt: skip


@pytest.mark.parametrize("call, sentence", rows(MISTAKES))
def test_mistakes(call, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=sentence):
        call()
    assert list(tmp_path.iterdir()) == []


def test_modes_do_not_contradict_the_atlas(tmp_path):
    with Atlas(tmp_path / "a.atlas", DoubleWells(3)) as atlas:
        atlas.points.add_minima(np.zeros((1, 3)), [0.0], [0.0], [0.5], [2.0])
        assert transition_network(atlas).modes == transition_network(atlas, modes=3).modes == 3
        with pytest.raises(ValueError, match="`modes` must be 3, as .*a.atlas knows of its minima"):
            transition_network(atlas, modes=2)
        with pytest.raises(ValueError, match="`modes` must be a whole number of at least 1, got 'x'"):
            transition_network(atlas, modes="x")
