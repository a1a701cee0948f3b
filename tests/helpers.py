"""Landscapes whose stationary points are known: one row per problem, for the tables of tests."""

import dataclasses
import functools
import itertools
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lossatlas.landscapes import (
    AbstractLandscape,
    DoubleWells,
    Loss,
    MuellerBrown,
    SixHumpCamel,
    spin_glass,
    xor,
)
from lossatlas.searches import AbstractStationarySearch


@dataclasses.dataclass(frozen=True)
class Known:
    """What is known of all stationary points of a landscape.

    - `energies`: for each index, the sorted energies, one per class of images; None where unknown.
    - `images`: for each index, the number of points, images counted.
    - `tolerance`: how well the energies are known, loss units; a converged search is far better,
        since an rms gradient of 1e-10 makes an error of 1e-20 / curvature in the energy.
    """

    name: str
    landscape: Callable[[], AbstractLandscape]
    energies: dict[int, np.ndarray | None]
    images: dict[int, int]
    tolerance: float

    @property
    def classes(self) -> int:
        return sum(len(e) for e in self.energies.values() if e is not None)

    @property
    def global_minimum(self) -> float:
        return float(self.energies[0][0])


@functools.cache
def mueller_brown_points() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All stationary points (5, 2), energies and indices: Newton in plain numpy from printed places."""
    amplitude = np.array([-200.0, -100.0, -170.0, 15.0])
    matrices = -np.array(
        [[[2, 0], [0, 20]], [[2, 0], [0, 20]], [[13, -11], [-11, 13]], [[-1.4, -0.6], [-0.6, -1.4]]]
    )
    centres = np.array([[1.0, 0.0], [0.0, 0.5], [-0.5, 1.5], [-1.0, 1.0]])
    points = np.array([[-0.558, 1.442], [0.623, 0.028], [-0.050, 0.467], [0.212, 0.293], [-0.822, 0.624]])
    energies, indices = [], []
    for x in points:
        for _ in range(6):
            pulls = np.einsum("kij,kj->ki", matrices, x - centres)
            terms = amplitude * np.exp(0.5 * np.sum((x - centres) * pulls, axis=1))
            hessian = np.einsum("k,kij->ij", terms, matrices + pulls[:, :, None] * pulls[:, None, :])
            x -= np.linalg.solve(hessian, terms @ pulls)
        energies.append(terms.sum())
        indices.append((np.linalg.eigvalsh(hessian) < 0).sum())
    return points, np.array(energies), np.array(indices)


def _mueller_brown() -> Known:
    _, energy, index = mueller_brown_points()
    return Known(
        "Mueller-Brown",
        MuellerBrown,
        {k: np.sort(energy[index == k]) for k in range(2)},
        {0: 3, 1: 2},
        tolerance=1e-11,
    )


@functools.cache
def camel_points() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All stationary points (15, 2), energies and indices, as roots of one polynomial of degree 15.

    dE/dx = 0 gives y = -(8 x - 8.4 x^3 + 2 x^5), and dE/dy = x - 8 y + 16 y^3 = 0.
    """
    y = np.polynomial.Polynomial([0, -8.0, 0, 8.4, 0, -2.0])
    x = np.polynomial.Polynomial([0, 1.0])
    condition = x - 8 * y + 16 * y**3
    roots = condition.roots()
    roots = np.sort(roots[np.abs(roots.imag) < 1e-6].real)
    for _ in range(3):
        roots = roots - condition(roots) / condition.deriv()(roots)
    points = np.stack([roots, y(roots)], axis=1)
    u, v = points.T
    energy = (4 - 2.1 * u**2 + u**4 / 3) * u**2 + u * v + (4 * v**2 - 4) * v**2
    xx, yy = 8 - 25.2 * u**2 + 10 * u**4, 48 * v**2 - 8
    hessians = np.stack([np.stack([xx, np.ones(15)], -1), np.stack([np.ones(15), yy], -1)], -1)
    return points, energy, (np.linalg.eigvalsh(hessians) < 0).sum(axis=1)


def _camel() -> Known:
    points, energy, index = camel_points()
    first = (points[:, 0] > 0) | (np.abs(points[:, 0]) < 1e-12)  # one of each pair of images
    return Known(
        "six-hump camel",
        SixHumpCamel,
        {k: np.sort(energy[first & (index == k)]) for k in range(3)},
        {k: int((index == k).sum()) for k in range(3)},
        tolerance=1e-11,
    )


WELLS = 3
STIFFNESS = 4.0


def double_well_points() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All points (27, 3), their Hessian diagonals (27, 3) and energies (27,)."""
    k = np.array([1.0, 2.0, 4.0])
    points = np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=WELLS)))
    curvatures = np.where(points == 0, -k, 2 * k)
    return points, curvatures, np.sum(0.25 * k * (points == 0), axis=1)


def _double_wells() -> Known:
    points, curvatures, energy = double_well_points()
    index = (curvatures < 0).sum(axis=1)
    # The first non-zero variable is positive in one of each pair of images; the origin is alone.
    first = np.array([next((c for c in p if c), 1.0) > 0 for p in points])
    return Known(
        "double wells",
        functools.partial(DoubleWells, WELLS, STIFFNESS),
        {i: np.sort(energy[first & (index == i)]) for i in range(4)},
        {i: int((index == i).sum()) for i in range(4)},
        tolerance=1e-12,
    )


# REFERENCE.md, "Exact: XOR networks", lam = 1e-3; printed with 12 decimals.
_XOR = {
    1: (
        {
            0: (0.515569408241, 0.521157602164, 0.541061506967, 0.693147180560),
            1: (0.693153319942, 0.693161747567, 0.693200032109),
        },
        {0: 9, 1: 8},
    ),
    2: (
        {
            0: (0.083557589694, 0.092673188352, 0.399090888283, 0.418712169771, 0.693147180560),
            1: (
                *(0.405836841117, 0.407410265938, 0.418865014215, 0.431684606616),
                *(0.515569408241, 0.521157602164, 0.528479788789, 0.538104219957),
                *(0.541061506967, 0.567143724608, 0.693153319942, 0.693161747567),
            ),
            2: 7,
        },
        {0: 49, 1: 108, 2: 60},
    ),
    3: (
        {
            0: (0.075978313634, 0.085646337445, 0.086054442615, 0.094781408084, 0.693147180560),
            1: (
                *(0.083557589694, 0.085861419625, 0.089025228744, 0.091142386623),
                *(0.092673188352, 0.095146801649, 0.096681948450, 0.102135611935),
                *(0.399090888283, 0.406103094528, 0.406339231889, 0.418712169771),
                *(0.431867950780, 0.693153319942, 0.693161747567),
            ),
            2: 26,
            3: 13,
        },
        {0: 217, 1: 714, 2: 908, 3: 410},
    ),
}


def _xor(hidden: int) -> Known:
    energies, images = _XOR[hidden]
    return Known(
        f"xor {hidden}",
        functools.partial(xor, hidden),
        {k: np.full(e, np.nan) if isinstance(e, int) else np.array(e) for k, e in energies.items()},
        images,
        tolerance=2e-12,
    )


SPINS = 6


def spin_matrix(size: int = SPINS) -> np.ndarray:
    """The symmetrised coefficients of the p = 2 spin glass."""
    coefficients = np.asarray(spin_glass(size, order=2).coefficients)
    return 0.5 * (coefficients + coefficients.T)


def spin_spectrum(k: int, size: int = SPINS) -> np.ndarray:
    """Eigenvalues of the Riemannian Hessian at the point of index k, ascending.

    At w = sqrt(N) v_k, H = sqrt(N) lambda_k and the Hessian is 2 (lambda_j - lambda_k) / sqrt(N).
    """
    values = np.linalg.eigvalsh(spin_matrix(size))
    return np.delete(2 * (values - values[k]) / np.sqrt(size), k)


def _even_spins() -> Known:
    energies = np.sqrt(SPINS) * np.linalg.eigvalsh(spin_matrix())
    return Known(
        "spin glass p=2",
        functools.partial(spin_glass, SPINS, order=2),
        {k: energies[k : k + 1] for k in range(SPINS)},
        dict.fromkeys(range(SPINS), 2),
        tolerance=1e-12 * np.abs(energies).max(),
    )


def circle_points() -> tuple[np.ndarray, np.ndarray]:
    """Energies and indices of the p = 3 spin glass with N = 2, from the roots of a cubic.

    On w = sqrt(2) (cos t, sin t), dH/dt = 0 is a homogeneous cubic in cos t and sin t.
    """
    x = np.asarray(spin_glass(2).coefficients)
    c = np.array([x[0, 0, 0], x[0, 0, 1] + x[0, 1, 0] + x[1, 0, 0], 0, x[1, 1, 1]])
    c[2] = x[0, 1, 1] + x[1, 0, 1] + x[1, 1, 0]
    # H = sqrt(2) sum c_k cos^(3-k) sin^k; derivative divided by cos^3, with s = tan t
    s = np.polynomial.Polynomial([c[1], 2 * c[2] - 3 * c[0], 3 * c[3] - 2 * c[1], -c[2]]).roots()
    angle = np.arctan(s[np.abs(s.imag) < 1e-9].real)
    angle = np.concatenate([angle, angle + np.pi])
    energy = lambda t: np.sqrt(2) * sum(c[k] * np.cos(t) ** (3 - k) * np.sin(t) ** k for k in range(4))
    bend = energy(angle + 1e-3) + energy(angle - 1e-3) - 2 * energy(angle)
    return energy(angle), (bend < 0).astype(int)


def _circle() -> Known:
    energy, index = circle_points()
    return Known(
        "spin glass p=3 N=2",
        functools.partial(spin_glass, 2),
        {k: np.sort(energy[index == k]) for k in range(2)},
        {k: int((index == k).sum()) for k in range(2)},
        tolerance=1e-12,
    )


PROBLEMS = {
    known.name: known
    for known in (
        _mueller_brown(),
        _camel(),
        _double_wells(),
        _xor(1),
        _xor(2),
        _xor(3),
        _even_spins(),
        _circle(),
    )
}


def polynomial(x, c):
    """c_0 x + c_1 x^4 + c_2 y^4 + c_3 y^2 + c_4 (x + y - 1)^2: one program for several faults."""
    terms = jnp.array([x[0], x[0] ** 4, x[1] ** 4, x[1] ** 2, (x[0] + x[1] - 1.0) ** 2])
    return c @ terms


@functools.cache
def polynomial_loss() -> Loss:
    return Loss(polynomial, 2, data=np.ones(5), confining=True)


def shaped(*coefficients: float) -> Loss:
    """The polynomial with these coefficients."""
    return eqx.tree_at(lambda loss: loss.data, polynomial_loss(), jnp.array(coefficients))


def starts_for(landscape: AbstractLandscape, count: int, seed: int = 0) -> np.ndarray:
    """Random starts, drawn without the batch driver."""
    keys = [jax.random.fold_in(jax.random.key(seed), i) for i in range(count)]
    return np.stack([np.asarray(landscape.sample(key)) for key in keys])


@jax.jit
def value_and_gradient(landscape: AbstractLandscape, x):
    """Energy and gradient."""
    return landscape.value_and_gradient(x)


@jax.jit
def derivatives(landscape: AbstractLandscape, x):
    """Energy, gradient and Hessian."""
    return *landscape.value_and_gradient(x), landscape.hessian(x)


def automatic(landscape: AbstractLandscape) -> Callable:
    """Energy, gradient and Hessian by automatic differentiation of `surface_energy`; to be compiled."""
    energy = landscape.surface_energy
    return lambda x: (*jax.value_and_grad(energy)(x), jax.hessian(energy)(x))


def nearest_gap(found: np.ndarray, known: np.ndarray) -> np.ndarray:
    """For each energy found, the distance to the nearest known one."""
    return np.abs(np.asarray(found)[:, None] - np.asarray(known)[None, :]).min(axis=1)


def rows(table: dict) -> list:
    """The rows of a table with their names as test ids."""
    return [
        pytest.param(*row.values, id=name, marks=row.marks)
        if hasattr(row, "marks")
        else pytest.param(*row, id=name)
        for name, row in table.items()
    ]


class Standing(AbstractStationarySearch):
    """A search that ends where it starts; what it says of the place is left to `result`."""

    @property
    def from_anywhere(self):
        return True

    def finds(self, order):
        return True

    def within(self, landscape, max_gradients):
        return self

    def init(self, landscape, x, direction, order):
        return x

    def step(self, landscape, state):
        return state

    def finished(self, landscape, state):
        return jnp.asarray(True)
