"""Stand-ins for a landscape and an atlas: the planner needs numbers, no searches and no file."""

import types

import numpy as np

from lossatlas._graph import Graph
from lossatlas.atlas import Search
from lossatlas.landscapes import NoSymmetry


class Columns(types.SimpleNamespace):
    def __len__(self):
        return len(self.id)


class CountingSymmetry(NoSymmetry):
    """Aligns as no symmetry does, and counts how often it is asked."""

    def __init__(self):
        self.asked = 0

    def align(self, a, b):
        self.asked += 1
        return super().align(a, b)


class StandInAtlas:
    """Minima and transition states from arrays, and a memory of searches that a test writes.

    Hits of minima are many, so that random starts look exhausted unless a test says otherwise.
    """

    def __init__(self, x, energy, states=(), tried=(), finished=None, hits=10, state_hits=2):
        x = np.asarray(x, dtype=float).reshape(len(energy), -1 if len(energy) else 1)
        ids = np.arange(1, len(energy) + 1)
        full = lambda value, count: np.full(count, value, dtype=int)
        self.minima = Columns(id=ids, x=x, energy=np.asarray(energy, float), hits=full(hits, len(ids)))
        self.transition_states = Columns(
            id=np.arange(1, len(states) + 1),
            energy=np.array([state[0] for state in states], dtype=float),
            minima=np.array([state[1:] for state in states], dtype=int).reshape(-1, 2),
            hits=full(state_hits, len(states)),
        )
        self.tried, self.done = dict(tried), dict(finished or {})
        self.hops: list[Search] = []
        self.failures: dict[str, dict[str, int]] = {}
        self.queue = self.log = self
        states = self.transition_states
        self.graph = Graph(len(ids), states.minima - 1, states.energy)

    @property
    def component_count(self):
        return self.graph.component_count

    def count(self, table):
        return len(getattr(self, table))

    def finished(self, kind=None):
        return sum(self.done.values()) if kind is None else self.done.get(kind, 0)

    def tried_pairs(self):
        return dict(self.tried)

    def last(self, kind, limit):
        return self.hops[-limit:] if limit else []


def search(number, kind, a=None, b=None, mode=None, minimum=None):
    """A planned search whose random key has its own number."""
    return Search(number, 1, kind, a, b, mode, number, None, minimum)
