"""Summary of an atlas: its points, how they were found, and what may be missing."""

import dataclasses
from typing import Any

import numpy as np

from lossatlas._abstract_result import AbstractResult, to_json
from lossatlas.atlas import Atlas, Minima, Quantity, TransitionStates, check_atlas

from ._coverage import Coverage, coverage


# Why a run of an exploration ended before its searches brought nothing new.
_ENDINGS = {
    "seconds": "the time limit ended it, and the same call goes on",
    "interrupted": "Ctrl-C ended it, and the same call goes on",
    "exhausted": "random starts bring no new minimum, and transition states were not sought yet",
    None: "its last run was killed or has not ended, and the same call goes on",
}
_SAME = 1e-9  # energies of a census and an atlas that agree within this are taken for one point


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Summary(AbstractResult):
    """The contents of an atlas in one record, for reports and JSON.

    - `landscape`: the fingerprint of the landscape: its settings and the hash of its data.
    - `identity`: criterion by which two points are taken for the same one, `distance` or `energy`.
    - `recipe`: settings from which the landscape can be built again; None where none are stored.
    - `exploration`: state of the exploration; None for an import.
    - `minima`, `transition_states`: the columns of the atlas.
    - `sets`: ids of minima by the name of the set.
    - `components`: ids of the minima in every connected component.
    - `coverage`: estimates, from independent random starts, of the number of minima that are missing.
    - `census`: the Morse sum and its checks from the stored census, and how many of its minima and
        transition states the atlas holds, judged by energy; None where no census is stored.
    - `searches`: number of searches done.
    - `failures`: number of searches that failed, by kind of search and by outcome.
    - `quantities`: the stored quantities of points, such as metrics.
    """

    landscape: dict[str, Any]
    identity: str
    recipe: dict[str, Any] | None
    exploration: dict[str, Any] | None
    minima: Minima
    transition_states: TransitionStates
    sets: dict[str, np.ndarray]
    components: tuple[tuple[int, ...], ...]
    coverage: Coverage
    census: dict[str, Any] | None
    searches: int
    failures: dict[str, dict[str, int]]
    quantities: tuple[Quantity, ...]

    @property
    def failed(self) -> int:
        """Number of failed searches; a search that tries several guesses counts each failed guess."""
        return sum(sum(counts.values()) for counts in self.failures.values())

    @property
    def kinks(self) -> int:
        """Number of minima on kinks of the loss, which have neither eigenvalues nor a log-product."""
        return int(np.sum(self.minima.flag == "kink"))

    @property
    def left_out(self) -> dict[str, np.ndarray]:
        """Ids of the transition states that analyses leave out, by the flag that says why."""
        states = self.transition_states
        found = {flag: states.id[states.flag == flag] for flag in ("below_minimum", "no_energy")}
        return {flag: ids for flag, ids in found.items() if len(ids)}

    @property
    def ending(self) -> str | None:
        """Why the exploration ended, in words, and whether the map is complete; None for an import.

        A map is called complete if its last searches brought nothing new, all its minima are joined by
        pathways, and no random start was lost (ended neither in a minimum nor on a saddle). That is no
        proof: searches of another kind may find more.
        """
        if self.exploration is None:
            return None
        phase, ended = self.exploration["phase"], self.exploration.get("ended")
        if phase not in ("complete", "inconclusive"):
            limit = f"the limit on {ended} ended it, and the same call with a higher one goes on"
            return f"not complete: {_ENDINGS.get(ended, limit)}"
        quiet, components = self.exploration["quiet"], len(self.components)
        nothing_new = f"the last {quiet} searches brought nothing new"
        if phase == "inconclusive":
            return (
                f"not complete: {nothing_new}, but {self.coverage.failures}, so minima in which those "
                "would have ended may be missing"
            )
        if ended == "kinked":
            return f"{nothing_new}; transition states of a loss with kinks are not sought"
        if components > 1:
            return (
                f"not complete: {nothing_new}, but no pathway joins the {components} components of the map"
            )
        if self.coverage.lost:
            return f"{nothing_new}, but {self.coverage.failures}; where those would have ended is not known"
        return f"complete: {nothing_new}"

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per minimum."""
        names = ("id", "energy", "flag", "rms_gradient", "lowest_eigenvalue", "log_product", "hits")
        columns = {name: getattr(self.minima, name) for name in names}
        sizes = np.array(self.minima.orbit_size_exact, dtype=object)
        return columns | {"degree": self.minima.degree, "orbit_size": sizes} | dict(self.minima.quantities)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields by name, with one dictionary per point; unknown values are None."""
        searched = self.exploration is not None  # an import has no counts of hits
        estimate = self.coverage.to_dict()
        return to_json(
            {
                "landscape": self.landscape,
                "identity": self.identity,
                "recipe": self.recipe,
                "exploration": self.exploration,
                "minima": [_minimum(self.minima, i, searched) for i in range(len(self.minima))],
                "transition_states": [
                    _state(self.transition_states, i) for i in range(len(self.transition_states))
                ],
                "sets": self.sets,
                "components": self.components,
                "ending": self.ending,
                "coverage": estimate if searched else dict.fromkeys(estimate),
                "census": self.census,
                "failures": self.failures,
            }
        )

    def __repr__(self) -> str:
        """Return the numbers of minima, transition states and connected components."""
        counted = ", ".join(
            f"{count} {one if count == 1 else many}"
            for count, one, many in (
                (len(self.minima), "minimum", "minima"),
                (len(self.transition_states), "transition state", "transition states"),
                (len(self.components), "connected component", "connected components"),
            )
        )
        return f"Summary({counted})"


def summary(atlas: Atlas) -> Summary:
    """Collect the contents of an atlas, as `lossatlas show` prints them.

    **Arguments:**

    - `atlas`: the open atlas.

    **Returns:** `Summary`.
    """
    check_atlas(atlas)
    return Summary(
        landscape=atlas.settings,
        identity=atlas.identity,
        recipe=atlas.recipe,
        exploration=atlas.log.get_state("exploration", None),
        minima=atlas.minima,
        transition_states=atlas.transition_states,
        sets=dict(atlas.sets),
        components=atlas.components,
        coverage=coverage(atlas),
        census=_compare_census(atlas),
        searches=atlas.queue.finished(),
        failures=atlas.log.failures,
        quantities=tuple(atlas.quantities),
    )


def _minimum(minima: Minima, i: int, searched: bool) -> dict[str, Any]:
    return {
        "id": minima.id[i],
        "energy": minima.energy[i],
        "flag": str(minima.flag[i]) or None,
        "rms_gradient": minima.rms_gradient[i],
        "lowest_eigenvalue": minima.lowest_eigenvalue[i],
        "orbit_size": minima.orbit_size_exact[i],
        "log_product": minima.log_product[i],
        "held": minima.held[i],
        "log_slopes": minima.log_slopes[i],
        "hits": minima.hits[i] if searched else None,
        "degree": minima.degree[i],
        "quantities": {name: values[i] for name, values in minima.quantities.items()},
    }


def _state(states: TransitionStates, i: int) -> dict[str, Any]:
    return {
        "id": states.id[i],
        "energy": states.energy[i],
        "flag": str(states.flag[i]) or None,
        "rms_gradient": states.rms_gradient[i],
        "minima": states.minima[i],
        "negative_eigenvalue": states.negative_eigenvalue[i],
        "orbit_size": states.orbit_size_exact[i],
        "log_product": states.log_product[i],
        "held": states.held[i],
        "log_slopes": states.log_slopes[i],
        "quantities": {name: values[i] for name, values in states.quantities.items()},
    }


def _compare_census(atlas: Atlas) -> dict[str, Any] | None:
    """Return the Morse sum of the stored census, and how many of its points the atlas holds."""
    stored = atlas.census
    if stored is None:
        return None
    compared = {key: value for key, value in stored.items() if key not in ("points", "outcomes")}
    for index, (name, held) in enumerate(
        (("minima", atlas.minima.energy), ("transition_states", atlas.transition_states.energy))
    ):
        energies = np.array([point["energy"] for point in stored["points"] if point["index"] == index])
        same = np.isclose(energies[:, None], held, rtol=_SAME, atol=_SAME)
        compared |= {name: len(energies), f"{name}_held": int(same.any(axis=1).sum())}
    return compared
