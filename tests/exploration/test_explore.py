"""The whole loop: complete, the same for any batching, resumable, honest about what failed."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import jax.numpy as jnp
import numpy as np
import pytest

from helpers import derivatives
from lossatlas.analysis import summary
from lossatlas.atlas import Atlas, AtlasError
from lossatlas.exploration import Budget, _plan, explore
from lossatlas.exploration._execute import Executor
from lossatlas.exploration._interrupt import deferred_interrupt
from lossatlas.landscapes import (
    DoubleWells,
    Loss,
    MuellerBrown,
    Perceptron,
    SixHumpCamel,
    partite_spin_glass,
    sign_symmetry,
    xor,
)
from lossatlas.searches import census


# REFERENCE.md, exact; known there to 12 decimals
XOR_2 = {
    "minima": [0.083557589694, 0.092673188352, 0.399090888283, 0.418712169771, 0.693147180560],
    "transition_states": [
        0.405836841117, 0.407410265938, 0.418865014215, 0.431684606616, 0.515569408241, 0.521157602164,
        0.528479788789, 0.538104219957, 0.541061506967, 0.567143724608, 0.693153319942, 0.693161747567,
    ],
}  # fmt: skip
XOR_1 = {
    "minima": [0.515569408241, 0.521157602164, 0.541061506967, 0.693147180560],
    "transition_states": [0.693153319942, 0.693161747567, 0.693200032109],
}


def energies(atlas):
    return np.sort(atlas.minima.energy), np.sort(atlas.transition_states.energy)


PATIENCE = _plan.LEAST_PATIENCE


@pytest.fixture(autouse=True, scope="module")
def impatient():
    """Small landscapes are known after some hundred searches: 2,000 more would say the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_plan, "LEAST_PATIENCE", 300)
        yield


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    """The complete map of XOR with one hidden node."""
    path = tmp_path_factory.mktemp("mapped") / "xor.atlas"
    with explore(xor(1), path) as atlas:
        yield atlas


@pytest.mark.slow
def test_spheres_are_explored_as_their_census_says(tmp_path):
    landscape = partite_spin_glass((2, 3, 3))
    known = census(landscape, starts=600)
    assert known.consistent
    with explore(landscape, tmp_path / "parts.atlas", budget=Budget(searches=400)) as atlas:
        for index, found in enumerate(energies(atlas)):
            np.testing.assert_allclose(found, known.energy[known.index == index], rtol=0, atol=1e-11)


def test_complete_list_and_images(mapped):
    minima, states = energies(mapped)
    np.testing.assert_allclose(minima, XOR_1["minima"], atol=1e-11)
    np.testing.assert_allclose(states, XOR_1["transition_states"], atol=1e-11)
    order = np.argsort(mapped.minima.energy)
    assert np.array(mapped.minima.orbit_size_exact)[order].tolist() == [2, 4, 2, 1]
    order = np.argsort(mapped.transition_states.energy)
    assert np.array(mapped.transition_states.orbit_size_exact)[order].tolist() == [2, 4, 2]
    assert mapped.component_count == 1
    assert mapped.log.get_state("exploration")["phase"] == "complete"


def test_last_rounds_are_counted(tmp_path):
    """While fewer rounds were run than are kept, they brought all that there is."""
    names = ("searches", "minima", "transition_states")
    with explore(xor(1), tmp_path / "a.atlas", budget=Budget(searches=600)) as atlas:
        rounds = atlas.log.get_state("exploration")["rounds"]
        counts = {name: atlas.count(name) for name in names[1:]}
        counts["searches"] = atlas.queue.finished()
    assert 1 < len(rounds) < 10
    assert [row["round"] for row in rounds] == list(range(1, len(rounds) + 1))
    assert {name: sum(row[name] for row in rounds) for name in names} == counts
    assert counts["minima"] and counts["transition_states"]


def test_every_stored_point_is_what_it_says(mapped):
    landscape = xor(1)
    for table, index in (("minima", 0), ("transition_states", 1)):
        points = getattr(mapped, table)
        for x, energy in zip(points.x, points.energy):
            value, gradient, hessian = (np.asarray(part) for part in derivatives(landscape, x))
            assert abs(float(value) - energy) < 1e-14
            assert np.linalg.norm(gradient) / np.sqrt(len(x)) < 1e-10
            values = np.linalg.eigvalsh(hessian)
            assert np.sum(values < 0) == index
            assert np.min(np.abs(values)) > 1e-9 * np.max(np.abs(values))


def test_transition_states_lie_above_their_minima(mapped):
    energy = dict(zip(mapped.minima.id.tolist(), mapped.minima.energy))
    states = mapped.transition_states
    for value, ends in zip(states.energy, states.minima.tolist()):
        assert all(energy[end] < value for end in ends)
    assert np.all(states.path_length > 0)


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(0, marks=pytest.mark.slow),
        *(pytest.param(k, marks=pytest.mark.exhaustive) for k in range(1, 6)),
    ],
)
def test_every_seed_finds_the_same(tmp_path, seed, monkeypatch):
    monkeypatch.setattr(_plan, "LEAST_PATIENCE", PATIENCE)
    with explore(xor(2), tmp_path / "a.atlas", seed=seed) as atlas:
        minima, states = energies(atlas)
    np.testing.assert_allclose(minima, XOR_2["minima"], atol=1e-11)
    np.testing.assert_allclose(states, XOR_2["transition_states"], atol=1e-11)


def test_another_seed_finds_the_same(tmp_path, mapped):
    with explore(xor(1), tmp_path / "a.atlas", seed=7) as atlas:
        for ours, theirs in zip(energies(atlas), energies(mapped)):
            np.testing.assert_allclose(ours, theirs, atol=1e-13)


@pytest.mark.parametrize("phase, was", [("complete", "was complete with"), ("network", "has")])
def test_another_seed_says_what_it_does(tmp_path, phase, was):
    """Planning begins anew, at no cost of what was found; the next run with that seed is silent."""
    path, wells = tmp_path / "a.atlas", DoubleWells(1, 4.0, 0.05)
    explore(wells, path, budget=Budget(searches=20), batch_size=20).close()
    with Atlas(path, wells) as atlas:
        hits = atlas.minima.hits.tolist()
        state = atlas.log.get_state("exploration")
        atlas.log.set_state("exploration", {**state, "phase": phase, "round": 3})
    said = f"a.atlas {was} seed 0, and continues with seed 5: points and hits are kept, .* after round 3"
    with pytest.warns(UserWarning, match=said) as warned:
        again = explore(wells, path, budget=Budget(searches=20), seed=5)
    assert warned[0].filename == __file__
    with again:
        assert again.minima.hits.tolist() == hits
        assert again.log.get_state("exploration")["phase"] == "minima"
    explore(wells, path, budget=Budget(searches=20), seed=5).close()


@pytest.mark.parametrize("workers, batch_size", [(1, 400), (2, 7)])
def test_threads_and_batches_do_not_change_a_bit(tmp_path, mapped, workers, batch_size):
    path = tmp_path / "a.atlas"
    with explore(xor(1), path, workers=workers, batch_size=batch_size) as atlas:
        assert atlas.digest() == mapped.digest()


def test_interrupted_runs_give_the_same_atlas(tmp_path, mapped):
    path = tmp_path / "a.atlas"

    for stop_at in (3, 5, 7):
        calls = []

        def interrupt(progress, calls=calls, stop_at=stop_at):
            calls.append(progress)
            if len(calls) == stop_at:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            explore(xor(1), path, progress=interrupt)
        with Atlas(path, readonly=True) as atlas:
            atlas.check()
            assert atlas.log.runs[-1]["finished"] is not None and atlas.log.runs[-1]["seconds"] > 0
        assert [file.name for file in tmp_path.iterdir()] == [
            path.name
        ]  # closed: nothing of SQLite beside it
    with explore(xor(1), path) as atlas:
        assert atlas.digest() == mapped.digest()


def test_ctrl_c_lets_the_batch_in_flight_be_written(tmp_path, monkeypatch, capsys):
    run, handler = Executor.run, signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupted(self, batch, given):
        signal.raise_signal(signal.SIGINT)
        return run(self, batch, given)

    monkeypatch.setattr(Executor, "run", interrupted)
    try:
        with pytest.raises(KeyboardInterrupt):
            explore(xor(1), tmp_path / "a.atlas", progress=False)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, handler)
    assert "finished and written; Ctrl-C again drops them" in capsys.readouterr().err
    with Atlas(tmp_path / "a.atlas", readonly=True) as atlas:
        assert atlas.queue.finished() == 48
        assert summary(atlas).ending == "not complete: Ctrl-C ended it, and the same call goes on"


def test_a_second_ctrl_c_interrupts_at_once():
    handler, said = signal.signal(signal.SIGINT, signal.default_int_handler), []
    try:
        with deferred_interrupt(lambda: said.append("waits")) as pressed:
            signal.raise_signal(signal.SIGINT)
            assert pressed() and said == ["waits"]
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, handler)


@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda number, frame: None], ids=["ignored", "own"])
def test_a_handler_of_the_callers_own_is_left_in_place(handler):
    before = signal.signal(signal.SIGINT, handler)
    try:
        with deferred_interrupt(lambda: None) as pressed:
            assert signal.getsignal(signal.SIGINT) is handler and not pressed()
    finally:
        signal.signal(signal.SIGINT, before)


def test_complete_map_is_left_alone(mapped, tmp_path):
    before = mapped.digest()
    with explore(xor(1), mapped.path) as atlas:
        assert atlas.digest() == before
        assert len(atlas.log.runs) >= 2


@pytest.mark.parametrize("landscape, minima, states", [
    (MuellerBrown(), [-146.699517, -108.166724, -80.767818], [-40.664843, -72.248940]),
    pytest.param(
        SixHumpCamel(), [-1.0316284535, -0.2154638244, 2.1042503103], [-0.5437188, 0.0, 2.229471, 2.0],
        marks=pytest.mark.slow,
    ),
])  # fmt: skip
def test_known_surfaces(tmp_path, landscape, minima, states):
    with explore(landscape, tmp_path / "a.atlas") as atlas:
        found, barriers = energies(atlas)
        np.testing.assert_allclose(found, sorted(minima), atol=1e-5)
        assert atlas.component_count == 1
        if isinstance(landscape, MuellerBrown):
            np.testing.assert_allclose(barriers, sorted(states), atol=1e-5)
        else:
            assert np.sum(atlas.transition_states.orbit_size) == 7


@pytest.mark.slow
def test_double_wells_network(tmp_path):
    """Three tilted double wells: 8 minima and 12 transition states, the edges of a cube."""
    with explore(DoubleWells(3, 4.0, 0.05), tmp_path / "a.atlas") as atlas:
        assert len(atlas.minima) == 8
        assert len(atlas.transition_states) == 12
        assert atlas.minima.degree.tolist() == [3] * 8


def test_budgets(tmp_path):
    for limit in (Budget(searches=50), Budget(evaluations=500), Budget(minima=2), Budget(seconds=0.01)):
        (name,) = [n for n, v in dataclasses.asdict(limit).items() if v is not None]
        seen = []
        explore(xor(1), tmp_path / f"{name}.atlas", budget=limit, progress=seen.append).close()
        assert limit.spent(seen[-1]) == name and seen[-1].fraction == 1.0
        with Atlas(tmp_path / f"{name}.atlas", readonly=True) as atlas:
            assert atlas.log.get_state("exploration")["ended"] == name
            ending = summary(atlas).ending
        limited = f"the limit on {name} ended it, and the same call with a higher one goes on"
        late = "the time limit ended it, and the same call goes on"
        assert ending == f"not complete: {late if name == 'seconds' else limited}"
        assert all(limit.spent(p) is None for p in seen[:-1])
    with pytest.raises(ValueError, match="`seconds` must be a positive number, got -1"):
        Budget(seconds=-1)


def test_failures_are_counted(tmp_path):
    """A flat direction makes every minimum degenerate: none is stored, all are counted and said."""
    flat = Loss(lambda x: (x[0] ** 2 - 1.0) ** 2, 2)
    with pytest.warns(UserWarning, match="the flat direction is variable 1"):
        atlas = explore(flat, tmp_path / "a.atlas", budget=Budget(searches=60))
    with atlas:
        assert len(atlas.minima) == 0
        assert atlas.log.failures["sample"]["degenerate"] > 30


@pytest.mark.slow
def test_minima_on_kinks_are_counted_and_stored_if_asked_for(tmp_path):
    """The minima of a small ReLU network lie on its kinks, where no gradient vanishes."""
    network = Perceptron(np.eye(2), [0, 1], hidden=[1], l2=1e-2, activation="relu")
    budget = Budget(searches=16)
    with pytest.warns(UserWarning, match="No search ended in a minimum .*kink_minimum"):
        atlas = explore(network, tmp_path / "a.atlas", budget=budget, batch_size=16)
    with atlas:
        on_kinks = atlas.log.failures["sample"]["kink_minimum"]
        assert on_kinks > 0 and len(atlas.minima) == 0
        assert sum(atlas.log.failures["sample"].values()) == 16
    with explore(network, tmp_path / "b.atlas", budget=budget, batch_size=16, kinks=True) as atlas:
        minima = atlas.minima
        assert minima.hits.sum() == on_kinks and set(minima.flag) == {"kink"}
        assert np.all(np.isnan(minima.log_product)) and np.all(minima.rms_gradient < 1e-9)
        assert "kink_minimum" not in atlas.log.failures.get("sample", {})


@pytest.mark.slow
def test_energy_identity_merges_equal_energies(tmp_path):
    """Untilted wells without their symmetry: 4 minima of one energy, told apart only by distance."""
    wells = Loss(lambda x: ((x**2 - 1.0) ** 2).sum(), 2)
    budget = Budget(searches=60)
    with explore(wells, tmp_path / "a.atlas", budget=budget) as atlas:
        assert len(atlas.minima) == 4
    with explore(wells, tmp_path / "b.atlas", budget=budget, identity="energy") as atlas:
        assert len(atlas.minima) == 1


def test_another_landscape_is_refused(mapped):
    before = mapped.digest()
    with pytest.raises(AtlasError, match="l2"):
        explore(xor(1, l2=2e-3), mapped.path)
    with pytest.raises(ValueError, match="batch_size"):
        explore(xor(1), mapped.path, batch_size=0)
    with pytest.raises(ValueError, match="workers"):
        explore(xor(1), mapped.path, workers=0)
    assert mapped.digest() == before


SCRIPT = """
import sys
import lossatlas
from lossatlas.exploration import _plan
_plan.LEAST_PATIENCE = 300
lossatlas.explore(lossatlas.xor(1), sys.argv[1], batch_size=8).close()
"""


def kill_and_check(path, rng, times, longest):
    for _ in range(times):
        process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(path)], stderr=subprocess.PIPE)
        time.sleep(float(rng.uniform(0.3, longest)))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()
        if path.exists() and path.stat().st_size:
            with Atlas(path, readonly=True) as atlas:
                atlas.check()


@pytest.mark.slow
def test_kills_lose_nothing(tmp_path, mapped):
    path = tmp_path / "a.atlas"
    kill_and_check(path, np.random.default_rng(0), 4, 6.0)
    with explore(xor(1), path) as atlas:
        assert atlas.digest() == mapped.digest()


@pytest.mark.exhaustive
def test_fifty_kills(tmp_path, mapped):
    path = tmp_path / "a.atlas"
    kill_and_check(path, np.random.default_rng(1), 50, 6.0)
    with explore(xor(1), path) as atlas:
        assert atlas.digest() == mapped.digest()


def test_settings_of_runs_are_kept(mapped):
    run = mapped.log.runs[0]
    assert run["seed"] == 0
    assert run["software"]["lossatlas"]
    json.dumps(run)


def test_a_symmetry_that_fails_at_a_minimum_only_stops_the_exploration(tmp_path):
    """A narrow dip near one of two wells: random points do not see that inversion changes the loss."""

    def dented(x):
        dip = jnp.exp(-((x[0] - 2) ** 2 + (x[1] - 0.7) ** 2) / 0.02)
        return (x[0] ** 2 - 4) ** 2 + 0.1 * x[0] ** 2 + x[1] ** 2 - 0.5 * dip

    loss = Loss(dented, 2, symmetry=sign_symmetry(2))
    with pytest.raises(ValueError, match="not one of this loss, .* that was found"):
        explore(loss, tmp_path / "d.atlas", budget=Budget(searches=120), workers=1)
    assert not (tmp_path / "d.atlas").exists()  # the first batch met it, so nothing was stored
