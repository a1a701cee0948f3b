"""What is searched next, decided from small made-up atlases: which pairs, which climbs, when it ends."""

import dataclasses
import types

import numpy as np
import pytest
from stand_ins import CountingSymmetry, StandInAtlas, search

from lossatlas.exploration import _pairs
from lossatlas.exploration._pairs import ATTEMPTS, PairSelector
from lossatlas.exploration._plan import NEAR, Mix, initial_state, patience, plan_round


SMALL = Mix(samples=8, symmetric=4, chains=2, pairs=3, climbs=5, scatters=2, share=0.25, modes=1)


def selector(atlas, symmetry=None, unit=1.0):
    landscape = types.SimpleNamespace(
        symmetry=symmetry or CountingSymmetry(), units=types.SimpleNamespace(variables=unit)
    )
    return PairSelector(landscape, atlas)


def line(places, **more):
    """Minima on a line; energies rise with the number unless they are given."""
    return StandInAtlas(places, more.pop("energy", np.arange(len(places)) / 10), **more)


def exhausted(*pairs):
    return dict.fromkeys(pairs, ATTEMPTS)


# ---- pairs -----------------------------------------------------------------------------------------


def test_an_empty_atlas_has_no_pairs():
    assert selector(StandInAtlas(np.zeros((0, 2)), [])).select(5) == []


def test_parts_are_joined_by_the_shortest_bridge_first():
    # 1-2 and 3-4 are connected; the gap between the parts is shortest from 2 to 3.
    atlas = line([0.0, 1.0, 3.0, 4.5], states=[(2.0, 1, 2), (2.0, 3, 4)])
    assert selector(atlas).select(1) == [(2, 3, 0)]
    # All pairs between the parts, none within them, as long as there are any.
    assert {pair[:2] for pair in selector(atlas).select(4)} == {(1, 3), (1, 4), (2, 3), (2, 4)}


def test_distances_are_in_units_of_the_landscape():
    atlas = StandInAtlas([[0.0, 0.0], [10.0, 0.0], [0.0, 1.0]], [0.0, 0.1, 0.2])
    nearest = lambda unit: selector(atlas, unit=unit).candidates()
    np.testing.assert_allclose(nearest(1.0).distance, [1.0, 10.0, 101.0**0.5])
    np.testing.assert_allclose(nearest(np.array([100.0, 1.0])).distance, [0.1, 1.0, 1.01**0.5])


def test_a_far_part_is_bridged_over_a_near_one():
    # Squared distances: 0 -> 10 in one step costs 100, over 4 it costs 16 + 36.
    atlas = line([0.0, 4.0, 10.0])
    assert {pair[:2] for pair in selector(atlas).select(2)} == {(1, 2), (2, 3)}


def test_a_bridge_that_failed_counts_as_longer_and_at_last_not_at_all():
    atlas = line([0.0, 2.0, 2.5])
    assert selector(atlas).select(1) == [(1, 2, 0)]
    # After three failures 1-2 has a length of 4 * 4; 1-3 and 3-2 have 6.25 and 0.25.
    atlas.tried = {(1, 2): 3}
    assert selector(atlas).select(2) == [(2, 3, 0), (1, 2, 3)]
    atlas.tried = exhausted((1, 2), (1, 3))
    assert selector(atlas).select(1) == [(2, 3, 0)]
    atlas.tried |= exhausted((2, 3))
    assert all(a == b for a, b, _ in selector(atlas).select(9))


def test_attempts_are_counted_on():
    atlas = line([0.0, 1.0], tried={(1, 2): 2})
    assert selector(atlas).select(1) == [(1, 2, 2)]


def test_a_connected_network_is_searched_for_traps_shortcuts_and_images_in_turn():
    # 3 lies behind a barrier of 5, 2 behind one of 0.2; 1-3 are connected through 2 only.
    states = [(0.3, 1, 2), (5.2, 2, 3)]
    atlas = line([0.0, 1.0, 1.8], energy=[0.0, 0.1, 0.2], states=states)
    assert selector(atlas).select(3) == [(2, 3, 0), (1, 3, 0), (1, 1, 0)]  # trap, shortcut, image
    assert selector(atlas).select(9) == [
        (2, 3, 0), (1, 3, 0), (1, 1, 0), (1, 2, 0), (2, 2, 0), (3, 3, 0),
    ]  # fmt: skip


def test_whether_a_pair_is_left_is_what_select_would_say():
    rng = np.random.default_rng(0)
    for case in range(25):
        count = int(rng.integers(1, 6))
        ends = rng.integers(1, count + 1, (int(rng.integers(0, 6)), 2))
        states = [(9.0, *pair) for pair in ends.tolist()]
        tried = exhausted(*((a, b) for a in range(1, count + 1) for b in range(a, count + 1)
                            if rng.random() < 0.7))  # fmt: skip
        found = selector(line(rng.random(count), states=states, tried=tried))
        wanted = any(a != b for a, b, _ in found.select(32))
        assert found.candidates().any_left() == wanted, case


def test_distances_are_computed_once_and_only_near_ones_are_kept(monkeypatch):
    monkeypatch.setattr(_pairs, "EVERY_PAIR", 10)
    monkeypatch.setattr(_pairs, "LIKELY", 4)
    rng = np.random.default_rng(1)
    x, energy = rng.normal(size=(120, 3)), rng.random(120)
    symmetry = CountingSymmetry()
    chosen = selector(StandInAtlas(x[:110], energy[:110]), symmetry)
    chosen.select(5)
    first = symmetry.asked
    near = 2 * 4 // 2 + 1  # neighbours by norm and by energy on one side, and the lowest minimum
    assert 110 < first <= near * 110
    chosen.select(5)
    assert symmetry.asked == first
    chosen.atlas = StandInAtlas(x, energy)
    chosen.select(5)
    assert symmetry.asked - first <= 2 * near * 10 + near  # new pairs of ten new minima
    assert len(chosen._distances) <= near * 120


def test_near_pairs_of_many_minima_are_neighbours_by_norm_and_energy(monkeypatch):
    monkeypatch.setattr(_pairs, "EVERY_PAIR", 5)
    monkeypatch.setattr(_pairs, "LIKELY", 4)
    rng = np.random.default_rng(2)
    x, energy = rng.normal(size=(30, 2)), rng.random(30)
    by_norm, by_energy = np.argsort(np.linalg.norm(x, axis=1)), np.argsort(energy)
    wanted = {
        tuple(sorted((ranked[i], ranked[i - k])))
        for ranked in (by_norm.tolist(), by_energy.tolist()) for k in (1, 2) for i in range(k, 30)
    }  # fmt: skip
    wanted |= {tuple(sorted((i, int(by_energy[0])))) for i in range(30) if i != by_energy[0]}
    assert set(zip(*(rows.tolist() for rows in _pairs._near(x, energy)))) == wanted
    found = selector(StandInAtlas(x, energy)).candidates()
    assert (np.diff(found.distance) >= 0).all()
    np.testing.assert_array_equal(
        found.distance, [np.linalg.norm(x[a] - x[b]) for a, b in zip(found.low, found.high)]
    )


# ---- rounds ----------------------------------------------------------------------------------------


def planned(atlas, state=None, **more):
    """Plan a round; returns the numbers of searches by kind, the rows, and the state after it."""
    state = state or initial_state(0)
    options = {"grow": True, "hurry": False, "mix": SMALL, **more}
    rows, after = plan_round(atlas, state, selector(atlas), **options)
    kinds = [row[1] for row in rows]
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}, rows, after


def network_state(**more):
    return {**initial_state(0), "phase": "network", **more}


def test_the_first_round_is_random_starts():
    counts, rows, state = planned(StandInAtlas(np.zeros((0, 2)), []))
    assert counts == {"sample": 8, "symmetric": 4}  # no chain without a minimum
    assert [row[0] for row in rows] == [1] * 12 and [row[5] for row in rows] == list(range(12))
    assert state["next_search"] == 12 and state["phase"] == "minima" and state["round"] == 1


def test_a_plan_does_not_change_the_state_it_was_made_from():
    before = network_state(climbs={"1": 1})
    planned(line([0.0, 1.0]), before)
    assert before == network_state(climbs={"1": 1})


def test_random_keys_are_never_used_twice():
    _, first, state = planned(line([0.0, 1.0]))
    _, second, _ = planned(line([0.0, 1.0]), state)
    numbers = [row[5] for row in first + second]
    assert numbers == list(range(len(numbers)))


@pytest.mark.parametrize("more, phase", [
    ({}, "network"),  # every minimum hit ten times: nothing is missing
    ({"hits": 1}, "minima"),  # all hit once: as many may be missing
    ({"hits": 1, "finished": {"sample": 2000}}, "network"),  # enough is enough
    ({"finished": {"sample": 15}}, "minima"),  # fewer than two rounds
])  # fmt: skip
def test_the_network_is_grown_once_minima_are_exhausted(more, phase):
    atlas = line([0.0, 1.0, 2.0], **{"finished": {"sample": 16}, **more})
    assert planned(atlas)[2]["phase"] == phase


def test_a_budget_that_runs_out_hurries_to_the_network_if_there_is_a_minimum():
    assert planned(line([0.0]), hurry=True)[2]["phase"] == "network"
    assert planned(StandInAtlas(np.zeros((0, 1)), []), hurry=True)[2]["phase"] == "minima"


def test_losses_with_kinks_end_with_their_minima():
    counts, rows, state = planned(line([0.0, 1.0], finished={"sample": 16}), grow=False)
    assert (counts, rows, state["phase"]) == ({}, [], "complete")


def test_a_round_of_a_connected_network():
    atlas = line([0.0, 1.0], states=[(1.0, 1, 2)])
    counts, rows, _ = planned(atlas, network_state())
    assert counts == {"pair": 3, "climb": 5, "scatter": 2, "sample": 2, "symmetric": 2}
    assert [row[4] for row in rows if row[1] == "scatter"] == [0, 1]  # every other one symmetrised


def test_parts_get_twice_the_pairs_and_random_starts_end_with_the_budget():
    atlas = line([0.0, 1.0, 5.0, 6.0, 11.0])
    counts, _, _ = planned(atlas, network_state())
    assert counts["pair"] == 6 and counts["climb"] == 1 and "scatter" not in counts
    assert counts["sample"] == 2
    assert "sample" not in planned(atlas, network_state(), closing=True)[0]


def test_joining_keeps_what_it_does_not_change():
    for mix in (Mix(), SMALL, NEAR):
        joined = mix.joining(last=False)
        changed = {
            name for name, value in dataclasses.asdict(joined).items() if value != getattr(mix, name)
        }
        assert changed <= {"pairs", "climbs", "scatters"}
        assert joined.pairs == 2 * mix.pairs and joined.climbs <= mix.climbs
        assert mix.joining(last=True) == dataclasses.replace(joined, share=0.0)


def test_climbs_go_round_the_minima_lowest_first_then_to_random_directions():
    atlas = line([0.0, 1.0, 2.0], energy=[0.2, 0.1, 0.3], states=[(1.0, 1, 2), (1.0, 2, 3)])
    _, rows, state = planned(atlas, network_state(climbs={"2": 1}))
    climbs = [(row[2], row[4]) for row in rows if row[1] == "climb"]
    assert climbs == [(1, 0), (3, 0), (2, 1), (1, 1), (3, 1)]
    assert state["climbs"] == {"1": 2, "2": 2, "3": 2}
    _, rows, _ = planned(atlas, state)
    assert [(row[2], row[4]) for row in rows if row[1] == "climb"] == [
        (2, None), (1, None), (3, None), (2, None), (1, None),
    ]  # fmt: skip


def test_climbs_are_those_of_a_search_for_the_least_climbed_each_time():
    rng = np.random.default_rng(3)
    energy, done = rng.random(40), rng.integers(0, 4, 40)
    atlas = StandInAtlas(rng.random(40), energy, states=[(2.0, a, a + 1) for a in range(1, 40)])
    mix = dataclasses.replace(SMALL, climbs=90)
    before = {str(i + 1): int(count) for i, count in enumerate(done) if count}
    _, rows, _ = planned(atlas, network_state(climbs=before), mix=mix)
    wanted, ids = dict(before), (np.argsort(energy) + 1).tolist()
    for row in (row for row in rows if row[1] == "climb"):
        least = min(ids, key=lambda minimum: wanted.get(str(minimum), 0))
        assert row[2] == least
        wanted[str(least)] = wanted.get(str(least), 0) + 1


def test_chains_start_on_the_lowest_minima_and_go_on_from_where_they_hopped():
    atlas = line([0.0, 1.0, 2.0], energy=[0.3, 0.1, 0.2], hits=1, finished={"sample": 1})
    _, rows, state = planned(atlas)
    assert [row[2] for row in rows if row[1] == "hop"] == state["chains"] == [2, 3]
    # The first chain hopped down, which is always accepted; the second failed, which never is.
    atlas.hops = [search(1, "hop", a=1, minimum=2), search(2, "hop", a=3, minimum=None)]
    assert planned(atlas, state)[2]["chains"] == [2, 3]


def test_patience_grows_with_the_points_and_doubles_for_one_seen_once():
    few = line([0.0, 1.0], states=[(1.0, 1, 2)])
    assert patience(few) == 2000
    assert patience(line([0.0, 1.0], states=[(1.0, 1, 2)], state_hits=1)) == 4000
    many = line(np.arange(700.0), energy=np.arange(700.0))
    assert patience(many) == 2800


def test_it_ends_when_nothing_was_new_for_long_and_all_is_connected():
    connected = line([0.0, 1.0], states=[(1.0, 1, 2)])
    assert planned(connected, network_state(quiet=1999))[2]["phase"] == "network"
    assert planned(connected, network_state(quiet=2000))[2]["phase"] == "complete"


def test_parts_that_cannot_be_joined_end_it_and_others_do_not():
    parts = line([0.0, 1.0], tried={(1, 2): ATTEMPTS - 1})
    assert planned(parts, network_state(quiet=5000))[2]["phase"] == "network"
    parts.tried = exhausted((1, 2))
    assert planned(parts, network_state(quiet=5000))[2]["phase"] == "complete"


def test_the_atlas_is_looked_at_once_a_round(monkeypatch):
    looks = []
    look = PairSelector.candidates
    monkeypatch.setattr(PairSelector, "candidates", lambda self: looks.append(1) or look(self))
    assert planned(line([0.0, 1.0]), network_state(quiet=5000))[0]["pair"] > 0
    assert len(looks) == 1


def test_the_last_rounds_are_kept():
    state = network_state(rounds=[{"round": i, "searches": 1} for i in range(-9, 1)])
    _, _, after = planned(line([0.0, 1.0]), state)
    assert [row["round"] for row in after["rounds"]] == [*range(-8, 1), 1]
