"""What an exploration says of searches that failed: whether its map is complete, and what to do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lossatlas._results import RESULTS
from lossatlas.analysis import coverage, summary
from lossatlas.atlas import Atlas
from lossatlas.cli._summary import _print_searches
from lossatlas.exploration import Budget, explore
from lossatlas.exploration._advice import note_lost, why_degenerate, why_lost, why_nothing
from lossatlas.exploration._pairs import PairSelector
from lossatlas.exploration._plan import initial_state, plan_round
from lossatlas.landscapes import Loss, SixHumpCamel


CAMEL = SixHumpCamel()


@pytest.fixture
def atlas(tmp_path):
    with Atlas(tmp_path / "a.atlas", CAMEL) as atlas:
        yield atlas


def hit(atlas, hits):
    atlas.points.add_minima([[0.0898, -0.7127]], [-1.0316], [0], [1], [0], hits=[hits])


@pytest.mark.parametrize("failed, phase, said", [
    ({}, "complete", "complete: the last 2010 searches brought nothing new"),
    ({"wrong_index": 400}, "complete", "complete: the last 2010 searches brought nothing new"),
    (
        {"max_steps": 3},
        "complete",
        "the last 2010 searches brought nothing new, but 3 of 284 starts ended in no minimum "
        "(max_steps 3); where those would have ended is not known",
    ),
    (
        {"max_steps": 300, "wrong_index": 75},
        "inconclusive",
        "not complete: the last 2010 searches brought nothing new, but 375 of 656 starts ended in no "
        "minimum (max_steps 300, wrong_index 75), so minima in which those would have ended may be missing",
    ),
])  # fmt: skip
def test_a_map_with_many_lost_starts_is_not_called_complete(atlas, capsys, failed, phase, said):
    hit(atlas, 281)
    for name, count in failed.items():
        atlas.log.count_failure("sample", name, count)
    rows, state = plan_round(atlas, initial_state(0), PairSelector(CAMEL, atlas), grow=False, hurry=True)
    assert not rows and state["phase"] == phase
    atlas.log.set_state("exploration", state | {"quiet": 2010})
    _print_searches(summary(atlas), state)
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == said and printed[0] == f"random starts: {coverage(atlas)}"


def lose(atlas, outcome, *energies):
    for energy in energies:
        note_lost(atlas, int(outcome), energy, np.array([0.5, 0.25]))
        atlas.log.count_failure("sample", outcome)


def finish(atlas, count):
    atlas.queue.plan([(1, "sample", None, None, None, i) for i in range(count)])
    for search in atlas.queue.pending(count):
        atlas.queue.finish(search.id, int(RESULTS.converged))


@pytest.mark.parametrize("outcome", [RESULTS.left_region, RESULTS.nonfinite, RESULTS.max_steps])
def test_where_nothing_was_found_the_lowest_loss_and_a_remedy_are_said(atlas, outcome):
    lose(atlas, outcome, -3.0, np.nan, -812.5)
    said = why_nothing(atlas, CAMEL)
    assert said.startswith(f"No search ended in a minimum ({outcome.name} 3), the loss fell to -812.5; ")
    assert said.endswith("bound the variances from below or add a penalty.")


def test_saddles_and_flat_minima_do_not_count_as_lost(atlas):
    lose(atlas, RESULTS.degenerate, -9.0)
    lose(atlas, RESULTS.wrong_index, -9.0)
    assert "fell" not in why_nothing(atlas, CAMEL)
    hit(atlas, 3)
    finish(atlas, 5)
    assert why_lost(atlas) is None


def test_a_search_lost_below_all_minima_is_said(atlas):
    hit(atlas, 99)
    finish(atlas, 100)
    lose(atlas, RESULTS.max_steps, -5.25)
    assert why_lost(atlas) == (
        "1 of 100 minimisations reached no stationary point (max_steps 1), at losses down to -5.25, below "
        "all minima that were found; a loss without a lower bound, such as that of a mixture with free "
        "variances or of a network without L2, needs one: bound the variances from below or add a penalty."
    )
    assert why_lost(atlas, smooth=False) == (
        "1 of 100 minimisations reached no stationary point (max_steps 1), at losses down to -5.25, below "
        "all minima that were found; where many kinks of the loss meet, minima cannot be verified: those "
        "that are stored are a part, and may lack the lowest."
    )


@pytest.mark.parametrize("count, said", [(10, False), (11, True)])
def test_many_searches_that_ran_away_are_said(atlas, count, said):
    hit(atlas, 100 - count)
    finish(atlas, 100)
    lose(atlas, RESULTS.left_region, *[7.0] * count)
    sentence = why_lost(atlas)
    assert (sentence is not None) == said
    if said:
        start = "11 of 100 minimisations reached no stationary point (left_region 11); searches left"
        assert sentence.startswith(start)


def test_a_loss_without_a_lower_bound_beyond_a_minimum_gets_a_hint(tmp_path):
    falling = Loss(lambda x: x[0] ** 2 - 0.1 * x[0] ** 4, 1, scale=3.0)
    with pytest.warns(UserWarning, match="all minima that were found; a loss without a lower bound"):
        atlas = explore(falling, tmp_path / "f.atlas", budget=Budget(searches=40), workers=1)
    with atlas:
        assert atlas.minima.energy.tolist() == [0.0]
        assert atlas.log.failures["sample"]["left_region"] > 10


def test_many_degenerate_points_name_threshold_number_and_variable(tmp_path):
    flat = Loss(lambda x: (x[0] - 1.0) ** 2 + (x[2] + x[0]) ** 2 + x[1] ** 4, 3)
    with pytest.warns(UserWarning, match="No search ended in a minimum") as warned:
        atlas = explore(flat, tmp_path / "f.atlas", budget=Budget(searches=40), workers=1)
    said = str(warned[0].message)
    assert "a curvature is " in said and "the largest is " in said and "and the threshold is " in said
    assert "variable 1: if its values are larger" in said
    with atlas, Atlas(tmp_path / "f.atlas", flat) as again:
        assert why_degenerate(again, flat).startswith("48 of 48 minimisations ended in degenerate points")
        note_lost(again, int(RESULTS.degenerate), 0.0, np.array([2.0, 2.0]))
        mixed = Loss(lambda x: (x[0] - x[1]) ** 2, 2)
        assert "the flat direction mixes variables: add a penalty" in (why_degenerate(again, mixed) or "")


def mixture(x, data):
    """Negative log-likelihood of two normal distributions of one variable, with free widths."""
    means, widths, share = x[:2], jnp.abs(x[2:4]), jax.nn.log_softmax(jnp.array([x[4], 0.0]))
    logs = share[None, :] - 0.5 * ((data[:, None] - means[None, :]) / widths[None, :]) ** 2
    logs = logs - jnp.log(widths)[None, :]
    return -jnp.mean(jax.nn.logsumexp(logs, axis=1))


@pytest.mark.slow
def test_a_mixture_with_free_variances_gets_a_hint(tmp_path):
    rng = np.random.default_rng(0)
    data = np.concatenate([rng.normal(-2, 1, 8), rng.normal(2, 1, 8)])
    with pytest.warns(UserWarning, match="bound the variances from below or add a penalty"):
        explore(
            Loss(mixture, 5, data=data), tmp_path / "m.atlas", budget=Budget(searches=48), workers=1
        ).close()
