"""Random losses with kinks whose minima are known by other means than lossatlas."""

import dataclasses
import itertools

import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize as scipy_minimize

from lossatlas.landscapes import Loss


@dataclasses.dataclass(frozen=True)
class Kinked:
    """A loss and all its minima, within smooth pieces and on kinks; shape (minima, dim) each."""

    family: str
    loss: Loss
    smooth: np.ndarray
    on_kinks: np.ndarray


def _absolute_values(x, data):
    weights, places, stiffness = data
    return jnp.sum(0.5 * stiffness * x * x) + jnp.sum(weights * jnp.abs(x[:, None] - places))


def absolute_values(seed: int, dim: int = 3, kinks: int = 4) -> Kinked:
    """Sums of c x^2 / 2 + sum_j w_j |x - a_j|, w of either sign: minima are those of every variable."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(dim, kinks))
    places = np.sort(rng.normal(scale=2.0, size=(dim, kinks)), axis=1)
    stiffness = rng.uniform(0.2, 2.0, size=dim)
    choices = []
    for w, a, c in zip(weights, places, stiffness):
        minima = []
        for j in range(kinks):  # the slope changes sign from - to + at the kink
            rest = c * a[j] + sum(w[i] * np.sign(a[j] - a[i]) for i in range(kinks) if i != j)
            if rest - w[j] < 0 < rest + w[j]:
                minima.append((a[j], True))
        edges = np.concatenate([[-np.inf], a, [np.inf]])
        for low, high, signs in zip(edges[:-1], edges[1:], range(kinks + 1)):
            x = -(w[:signs].sum() - w[signs:].sum()) / c  # the stationary point of this piece's parabola
            if low < x < high:
                minima.append((x, False))
        choices.append(minima)
    points = list(itertools.product(*choices))
    x = np.array([[value for value, _ in point] for point in points])
    kinked = np.array([any(flag for _, flag in point) for point in points])
    loss = Loss(_absolute_values, dim, data=(weights, places, stiffness), scale=2.0)
    return Kinked("absolute values", loss, x[~kinked], x[kinked])


def _hinges(x, data):
    inputs, signs, penalty = data
    return jnp.mean(jnp.maximum(0.0, 1.0 - signs * (inputs @ x))) + penalty * jnp.sum(x * x)


def hinges(seed: int, dim: int = 3, items: int = 12) -> Kinked:
    """A support vector machine: convex, with one minimum, by quadratic programming on its epigraph."""
    rng = np.random.default_rng(seed)
    inputs, signs = rng.normal(size=(items, dim)), rng.choice([-1.0, 1.0], size=items)
    penalty = 10.0 ** rng.uniform(-3, 0)
    margins = signs[:, None] * inputs
    found = scipy_minimize(
        lambda z: z[dim:].mean() + penalty * z[:dim] @ z[:dim],
        np.concatenate([np.zeros(dim), np.ones(items)]),
        jac=lambda z: np.concatenate([2 * penalty * z[:dim], np.full(items, 1 / items)]),
        constraints=[
            {
                "type": "ineq",
                "fun": lambda z: z[dim:] - 1 + margins @ z[:dim],
                "jac": lambda z: np.concatenate([margins, np.eye(items)], axis=1),
            }
        ],
        bounds=[(None, None)] * dim + [(0, None)] * items,
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 1000},
    )
    x = found.x[:dim]
    on_kink = np.min(np.abs(1 - margins @ x)) < 1e-6
    loss = Loss(_hinges, dim, data=(inputs, signs, np.array(penalty)), scale=2.0)
    none = np.zeros((0, dim))
    return Kinked("hinges", loss, none if on_kink else x[None], x[None] if on_kink else none)


def _quadratics(x, data):
    centres, stiffness, heights = data
    return 0.5 * stiffness * jnp.sum((x[None] - centres) ** 2, axis=1) + heights


def _highest(x, data):
    return jnp.max(_quadratics(x, data))


def _lowest(x, data):
    return jnp.min(_quadratics(x, data))


def _random_quadratics(seed: int, dim: int, pieces: int):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(pieces, dim)), rng.uniform(0.3, 3.0, size=pieces), rng.normal(size=pieces)


def highest_of_quadratics(seed: int, dim: int = 3, pieces: int = 5) -> Kinked:
    """The maximum of paraboloids: convex, with one minimum, by quadratic programming on its epigraph."""
    data = _random_quadratics(seed, dim, pieces)
    centres, stiffness, heights = data
    found = scipy_minimize(
        lambda z: z[dim],
        np.append(np.zeros(dim), 50.0),
        jac=lambda z: np.eye(dim + 1)[dim],
        constraints=[
            {
                "type": "ineq",
                "fun": lambda z: (
                    z[dim] - 0.5 * stiffness * np.sum((z[:dim] - centres) ** 2, axis=1) - heights
                ),
                "jac": lambda z: np.concatenate(
                    [-stiffness[:, None] * (z[:dim] - centres), np.ones((pieces, 1))], axis=1
                ),
            }
        ],
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 1000},
    )
    x = found.x[:dim]
    values = np.sort(0.5 * stiffness * np.sum((x - centres) ** 2, axis=1) + heights)
    on_kink = values[-1] - values[-2] < 1e-6
    none = np.zeros((0, dim))
    return Kinked(
        "maximum of quadratics",
        Loss(_highest, dim, data=data, scale=1.0),
        none if on_kink else x[None],
        x[None] if on_kink else none,
    )


def lowest_of_quadratics(seed: int, dim: int = 3, pieces: int = 5) -> Kinked:
    """The minimum of paraboloids: minima are the centres at which their own piece is the lowest."""
    data = _random_quadratics(seed, dim, pieces)
    centres, stiffness, heights = data
    distances = np.sum((centres[:, None] - centres) ** 2, axis=2)
    own = np.argmin(0.5 * stiffness * distances + heights, axis=1) == np.arange(pieces)
    loss = Loss(_lowest, dim, data=data, scale=1.0)
    return Kinked("minimum of quadratics", loss, centres[own], np.zeros((0, dim)))


def _k_means(centres, items):
    distances = jnp.sum((items[:, None] - centres.reshape(1, -1, 2)) ** 2, axis=2)
    return jnp.mean(jnp.min(distances, axis=1))


def k_means(seed: int, items: int = 7, clusters: int = 3) -> Kinked:
    """k-means in the plane: minima are partitions into non-empty clusters that their means reproduce."""
    rng = np.random.default_rng(seed)
    x = rng.normal(scale=2.0, size=(items, 2))
    found = []
    for labels in itertools.product(range(clusters), repeat=items):
        labels = np.array(labels)
        if len(set(labels.tolist())) < clusters:
            continue
        means = np.array([x[labels == c].mean(axis=0) for c in range(clusters)])
        if np.array_equal(np.argmin(np.sum((x[:, None] - means) ** 2, axis=2), axis=1), labels):
            found.append(means.ravel())
    loss = Loss(_k_means, 2 * clusters, data=x, scale=2.0)
    return Kinked("k-means", loss, np.array(found), np.zeros((0, 2 * clusters)))


FAMILIES = (absolute_values, hinges, highest_of_quadratics, lowest_of_quadratics, k_means)


def distances_to(x: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The distance of each point to the nearest known one, infinite where none is known."""
    if not len(known):
        return np.full(len(x), np.inf)
    return np.linalg.norm(x[:, None] - known[None], axis=2).min(axis=1)


@dataclasses.dataclass
class Tally:
    """How minimisations of losses with known minima ended."""

    losses: int = 0
    known: int = 0
    within_pieces: int = 0
    on_kinks: int = 0
    refused: int = 0
    false: int = 0
    missed: int = 0

    def add(self, case: Kinked, points) -> None:
        """Count the ends of the minimisations of one loss."""
        stored = points.outcome == 0
        kinked = points.outcome == 11
        self.losses += 1
        self.known += len(case.smooth) + len(case.on_kinks)
        self.within_pieces += int(stored.sum())
        self.on_kinks += int(kinked.sum())
        self.refused += int((~stored & ~kinked).sum())
        near = 1e-6
        self.false += int((distances_to(points.x[stored], case.smooth) > near).sum())
        self.false += int((distances_to(points.x[kinked], case.on_kinks) > near).sum())
        for known, rows in ((case.smooth, stored), (case.on_kinks, kinked)):
            self.missed += int((distances_to(known, points.x[rows]) > near).sum())
