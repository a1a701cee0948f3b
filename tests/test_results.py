"""Every result becomes JSON, columns and a table, prints in one line, and is compared without an error."""

import dataclasses
import importlib
import json
import pkgutil

import numpy as np
import pytest

import lossatlas
from helpers import rows
from lossatlas._abstract_result import AbstractResult, AbstractRows, to_json
from lossatlas._results import RESULTS
from lossatlas.analysis import (
    ModelMetrics,
    ParameterDistances,
    TransitionNetwork,
    communities,
    compare,
    coverage,
    disconnectivity,
    evolve,
    fastest_paths,
    first_passage,
    frustration,
    funnels,
    kinetic_monte_carlo,
    log_determinants,
    mean_distance,
    network_statistics,
    rate_network,
    rate_scan,
    regroup,
    sequence_basins,
    shallow,
    summary,
    temperature_scan,
    trade_off,
)
from lossatlas.atlas import Atlas
from lossatlas.landscapes import SixHumpCamel
from lossatlas.searches import (
    Bands,
    Branch,
    Branches,
    Census,
    Connections,
    Descents,
    Event,
    Hops,
    Pathways,
    Quenches,
    StationaryPoints,
)


NETWORK = TransitionNetwork(
    [0.0, 0.3, 0.1, 0.2], [0.5, 0.4, 0.6], [[0, 1], [1, 2], [2, 3]], modes=3, ids=[3, 5, 8, 4]
)
OUTCOME = np.array([RESULTS.converged, RESULTS.converged, RESULTS.max_steps])


def filled(record):
    """A record of three searches, all its other arrays zero."""
    kinds = {"x": np.zeros((3, 2)), "direction": np.zeros((3, 2)), "outcome": OUTCOME, "expected": 1}
    kinds |= {"orbit_size": [2**70] * 3, "index": np.zeros(3, dtype=int), "pair": np.arange(3)}
    names = [field.name for field in dataclasses.fields(record)]
    return record(**{name: kinds.get(name, np.zeros(3)) for name in names})


def searched():
    """A record of every kind that searches return."""
    points = filled(StationaryPoints)
    paths = Pathways(points, points, np.full(3, np.nan), [])
    two = (np.array([0.1, 0.2]), np.zeros((2, 2)), np.zeros(2), np.zeros(2, dtype=int))
    branch = Branch(*two, 2**70, 0, 0, RESULTS.converged)
    event = Event("fold", 0, 0.1, np.zeros(2), 0.0, (0, 1), 1, 0.0, (0, 0))
    quenches = Quenches.concatenate([filled(Quenches), filled(Quenches)])
    yield from (points, paths, branch, event, filled(Descents), filled(Bands), filled(Census), quenches)
    yield Branches(0.1, 0.2, False, (branch,), (event,), ("minimum 1",), 0)
    yield Connections(np.ones(3, dtype=bool), points, paths, np.arange(3), 4, 1, np.ones(3))
    yield Hops(quenches, np.ones((2, 3), dtype=bool), np.zeros((3, 2)), np.full(3, np.inf))


def analysed():
    """A result of every analysis, on a network with ids of its own."""
    rates, passage = rate_network(NETWORK, 0.1), ([3], [4, 5])
    scan = rate_scan(NETWORK, [0.1, 0.2], *passage, paths=1, trajectories=2)
    heat = temperature_scan(NETWORK, [0.1, 0.2])
    statistics = network_statistics(NETWORK, samples=2, random_graphs=2, bootstraps=2)
    yield from (NETWORK, disconnectivity(NETWORK), rates, scan, scan.computed[0], heat, heat.thermodynamics)
    yield from (*heat.peaks[:1], first_passage(rates, *passage), *fastest_paths(rates, *passage))
    yield from (regroup(rates, 0.1), evolve(rates, rates.equilibrium([3]), np.array([1.0, 2.0])))
    yield from (kinetic_monte_carlo(rates, *passage, trajectories=3), statistics, statistics.paths)
    yield from (statistics.same_size, statistics.power_law, statistics.power_law.exponential)
    yield from (frustration(NETWORK, [0.1]), shallow(NETWORK, [0.1]), sequence_basins(NETWORK))
    yield from (funnels(NETWORK), communities(NETWORK), coverage(np.array([1, 2, 0]), failed={"kink": 1}))
    energy, three = np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0])
    distances = np.abs(three[:, None] - three)
    yield from (mean_distance(distances, draws=5), trade_off(energy, three, draws=5), compare(three))
    yield log_determinants(np.array([[1.0, -2.0], [0.0, 3.0]]))
    yield ParameterDistances(distances, distances, True)
    yield ModelMetrics({"training_loss": three}, {"training": np.ones((3, 2), dtype=bool)})


@pytest.fixture(scope="module")
def an_atlas(tmp_path_factory):
    """The summary of an atlas with two minima and what joins them."""
    with Atlas(tmp_path_factory.mktemp("results") / "a.atlas", SixHumpCamel()) as atlas:
        x = np.array([[0.0898, -0.7126], [1.7036, -0.7961]])
        ids, _ = atlas.points.add_minima(x, [-1.0316, -0.2154], [1e-9] * 2, [1.0, 2.0], [3.0, np.nan])
        atlas.points.add_transition_states(x[:1] + 0.5, [0.5], [1e-9], [-1.0], [0.0], ids[None])
        return summary(atlas)


RESULTS_OF = {type(result).__name__: (result,) for result in [*analysed(), *searched()]}


def kinds():
    """The names of all kinds of results but those of recipes."""
    for module in pkgutil.walk_packages(lossatlas.__path__, "lossatlas."):
        if module.name.endswith("__main__") or ".recipes" in module.name:
            continue
        for kind in vars(importlib.import_module(module.name)).values():
            if isinstance(kind, type) and issubclass(kind, AbstractResult):
                yield kind


def test_every_kind_of_result_is_in_the_table():
    found = {kind.__name__ for kind in kinds() if not kind.__name__.startswith("Abstract")}
    assert found == {*RESULTS_OF, "Summary"}


def check(result):
    """What every result has to do."""
    record = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert isinstance(record, dict) and record == to_json(result)
    columns = result.to_columns()
    assert len({len(values) for values in columns.values()}) == 1
    assert all(isinstance(values, np.ndarray) and values.ndim == 1 for values in columns.values())
    frame = result.to_dataframe()
    assert list(frame.columns) == list(columns)
    text = repr(result)
    assert text.startswith(type(result).__name__) and len(text) < 300 and "\n" not in text
    assert result == result and len({result, result}) == 1
    assert type(result).__eq__ is object.__eq__


@pytest.mark.parametrize("result", rows(RESULTS_OF))
def test_results_keep_their_contract(result):
    check(result)


def test_the_summary_keeps_the_contract_and_names_points_by_their_ids(an_atlas):
    check(an_atlas)
    record = an_atlas.to_dict()
    assert [minimum["id"] for minimum in record["minima"]] == an_atlas.to_columns()["id"].tolist() == [1, 2]
    assert record["minima"][1]["log_product"] is None and record["transition_states"][0]["minima"] == [1, 2]
    assert repr(an_atlas) == "Summary(2 minima, 1 transition state, 1 connected component)"


ROWS = {name: row for name, row in RESULTS_OF.items() if isinstance(row[0], AbstractRows)}


@pytest.mark.parametrize("result", rows(ROWS))
def test_rows_are_selected_by_masks_and_by_positions(result):
    last = np.arange(len(result)) == len(result) - 1
    chosen, same = result.where(last), result.rows([len(result) - 1])
    assert type(chosen) is type(result) and len(chosen) == 1 and len(result.rows([])) == 0
    for name, values in chosen.to_columns().items():
        np.testing.assert_array_equal(values, result.to_columns()[name][last])
        np.testing.assert_array_equal(values, same.to_columns()[name])
    for bad in (last[:-1], np.arange(len(result))):
        with pytest.raises(ValueError, match="`mask` must be booleans of shape"):
            result.where(bad)
    for bad in ([len(result)], [-1]):
        with pytest.raises(ValueError, match=f"`positions` must be 0 to {len(result) - 1}"):
            result.rows(bad)
    with pytest.raises(ValueError, match="`positions` must be whole numbers"):
        result.rows([0.5])


def test_minima_are_named_by_their_ids():
    """Of a network whose ids are 3, 5, 8, 4: in arguments, in results, and in what becomes of them."""
    rates = rate_network(NETWORK, 0.1)
    passage = first_passage(rates, [3], [4])
    assert passage.to_columns()["id"].tolist() == [3, 5, 8, 4] and passage.times[3] == 0.0
    assert fastest_paths(rates, [3], [4])[0].states.tolist() == [3, 5, 8, 4]
    assert set(kinetic_monte_carlo(rates, [3], [4], trajectories=3).ends) == {4}
    assert list(evolve(rates, rates.equilibrium([8]), np.array([0.0])).to_columns()) == ["time", *"3584"]
    assert rates.equilibrium([8]).tolist() == [0.0, 0.0, 1.0, 0.0]
    assert sequence_basins(NETWORK).bottom.tolist() == [3, 3, 8, 8]
    assert funnels(NETWORK).bottom.tolist() == [3, 8]
    assert NETWORK.global_minimum == 3 and NETWORK.positions([4, 3]).tolist() == [3, 0]
    assert NETWORK.to_dict()["ts_minima"] == [[3, 5], [5, 8], [8, 4]]
    assert network_statistics(NETWORK).to_dict()["hubs"][0]["id"] == 8
    for call in (lambda: first_passage(rates, [3], [7]), lambda: NETWORK.positions([7])):
        with pytest.raises(ValueError, match="there is no minimum 7; ids are 3 to 8"):
            call()


def test_whole_numbers_keep_their_digits_and_outcomes_have_names():
    census, points = RESULTS_OF["Census"][0], RESULTS_OF["StationaryPoints"][0]
    assert census.to_dict()["points"][0]["orbit_size"] == 2**70
    assert points.to_dict()["outcome"] == ["converged", "converged", "max_steps"]
    counts = {"converged": 2, "max_steps": 1}
    assert points.outcomes() == points.to_dict()["outcomes"] == census.outcomes() == counts
    assert (
        RESULTS_OF["Hops"][0].outcomes()
        == RESULTS_OF["Pathways"][0].outcomes()
        == {name: 2 * count for name, count in counts.items()}
    )
