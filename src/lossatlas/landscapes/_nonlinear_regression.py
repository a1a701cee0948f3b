"""Least-squares fits of a damped product of two sines: a regression with many local minima."""

import itertools
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from lossatlas._checks import check_not_negative, check_whole, is_number, is_whole
from lossatlas._types import Array, Modes, Point, Scalar

from ._geometry import AbstractGeometry
from ._landscape import data_hash
from ._model import AbstractModel, Inputs, Outputs
from ._smoothness import Smoothness
from ._symmetry import AbstractSymmetry, FiniteSymmetry, HostPoint


PARAMETERS = (0.1, 2.13, 0.0, 1.34, 0.0)  # q1 to q5 of the published data
LONGEST = 3.0 * math.pi  # end of the interval of the inputs
HIGHEST = 10.0  # default limit of the frequencies; the highest one in the data is 2.13


class NonlinearRegression(AbstractModel):
    """The sum of squared residuals of a damped product of two sines.

        E(q) = sum_i (y(t_i; q) - y_i)^2,   y(t; q) = exp(-q1 t) sin(q2 t + q3) sin(q4 t + q5)

    The phases q3 and q5 are angles, so points are x = (q1, q2, cos q3, sin q3, q4, cos q5, sin q5), with
    the two pairs on unit circles. An arc of a unit circle is as long as its angle, so slopes, curvatures
    and pathways are those in the five parameters q. `point` and `parameters` convert between q and x.

    **Symmetry.** With w(t; q2, q3) = sin(q2 t + q3), the following maps keep y for every t:

    - shifts of one phase by 2 pi, which are the identity on x;
    - exchange of (q2, q3) and (q4, q5);
    - reflection of one sine, (q2, q3) -> (-q2, pi - q3), which keeps w: q2 and cos q3 change sign;
    - shifts of both phases by pi, w -> -w in both factors: both circles change sign.

    The last three generate all others, such as the reflection of both phases. For generic data there are no
    more: 2 y exp(q1 t) = cos u - cos v with u, v = (q2 -+ q4) t + (q3 -+ q5), and a sum of two waves of
    different frequencies determines the waves, so that only u -> -u + 2 pi k, v -> -v + 2 pi l and
    (u, v) -> (v + pi, u + pi) are possible. On q the group is infinite, a lattice of phases extended by
    eight maps. On x it has 2 * 2^2 * 2 = 16 signed permutations, since the shifts by 2 pi are the identity.
    Alignment is therefore exact by enumeration, and an orbit size counts the images per cell [0, 2 pi)^2 of
    the phases.

    **Limits.** E does not grow at infinity: for q1 -> infinity the curve vanishes and E tends to a plateau,
    and there are minima at arbitrarily high frequencies, where aliases fit a finite number of data. A
    search that goes beyond `highest_frequency` is lost, so the number of minima and transition states found
    depends on this limit.

    **Arguments:**

    - `inputs`: t_i, shape (items,), at least five.
    - `targets`: y_i, shape (items,), in any unit; E has the square of this unit.
    - `highest_frequency`: limit of |q1|, |q2| and |q4|, radians per unit of t; above 1.

    **Raises:** `ValueError` if the arrays do not fit or are not finite, or the limit is not above 1.

    Source: Ballard, Das, Martiniani, Mehta, Sagun, Stevenson & Wales, Phys. Chem. Chem. Phys. 19, 12585
    (2017), doi:10.1039/C7CP01108C.
    """

    inputs: Array
    targets: Array
    highest_frequency: float = eqx.field(static=True)

    def __init__(self, inputs: Any, targets: Any, *, highest_frequency: float = HIGHEST):
        arrays = [np.asarray(inputs, dtype=float), np.asarray(targets, dtype=float)]
        if arrays[0].ndim != 1 or len(arrays[0]) < 5 or arrays[0].shape != arrays[1].shape:
            raise ValueError(
                "`inputs` and `targets` must be vectors of the same length, five numbers or more, "
                f"got shapes {arrays[0].shape} and {arrays[1].shape}."
            )
        if not np.isfinite(arrays).all():
            raise ValueError("`inputs` and `targets` must be finite.")
        # Cosines and sines, up to 1, must lie inside the region, whose limit is the same number.
        if not (is_number(highest_frequency) and 1 < highest_frequency < math.inf):
            raise ValueError(f"`highest_frequency` must be finite and above 1, got {highest_frequency!r}.")
        self.inputs, self.targets = map(jnp.asarray, arrays)
        self.highest_frequency = float(highest_frequency)

    @property
    def dimension(self) -> int:
        """Seven: q1, q2, q4 and two points of circles."""
        return 7

    def curve(self, x: Point, inputs: Float[Array, " items"]) -> Float[Array, " items"]:
        """Return y at `inputs`, shape (items,), in the unit of the targets.

        Angles are not needed, since sin(q2 t + q3) = sin(q2 t) cos q3 + cos(q2 t) sin q3.
        """
        t = inputs
        first = jnp.sin(x[1] * t) * x[2] + jnp.cos(x[1] * t) * x[3]
        second = jnp.sin(x[4] * t) * x[5] + jnp.cos(x[4] * t) * x[6]
        return jnp.exp(-x[0] * t) * first * second

    @property
    def features(self) -> int:
        """One, the input t."""
        return 1

    @property
    def classes(self) -> None:
        """None, since this is a regression."""
        return None

    def predict(self, x: Point, inputs: Inputs) -> Outputs:
        """Return y, shape (items, 1), at the inputs t, shape (items, 1)."""
        return self.curve(x, jnp.asarray(inputs)[:, 0])[:, None]

    @property
    def training(self) -> tuple[Array, Array]:
        """Inputs t, shape (items, 1), and targets y, shape (items,)."""
        return self.inputs[:, None], self.targets

    def describe(self, x: HostPoint) -> str:
        """Return decay and frequencies as text, without their signs and the order of the sines."""
        decay, high, low = float(x[0]), *sorted((abs(float(x[1])), abs(float(x[4]))), reverse=True)
        text = f"decay {decay:.2f}, frequencies {high:.2f}, {low:.2f}"
        return text.replace("-", "\N{MINUS SIGN}")

    def energy(self, x: Point) -> Scalar:
        """Return the sum of squared residuals."""
        return jnp.sum((self.curve(x, self.inputs) - self.targets) ** 2)

    def point(self, q: Float[np.ndarray, " five"]) -> Float[np.ndarray, " dim"]:
        """Return the point x, shape (7,), of the parameters q1 to q5, shape (5,)."""
        q1, q2, q3, q4, q5 = np.asarray(q, dtype=float)
        return np.array([q1, q2, np.cos(q3), np.sin(q3), q4, np.cos(q5), np.sin(q5)])

    def parameters(self, x: Float[np.ndarray, " dim"]) -> Float[np.ndarray, " five"]:
        """Return the parameters q1 to q5, shape (5,), of a point, with phases from -pi to pi."""
        q1, q2, c3, s3, q4, c5, s5 = np.asarray(x, dtype=float)
        return np.array([q1, q2, np.arctan2(s3, c3), q4, np.arctan2(s5, c5)])

    def sample(self, key: PRNGKeyArray) -> Point:
        """Draw q1 from [0, 1), frequencies from [0, `highest_frequency`) and phases from the circle.

        Negative frequencies are not drawn, since they are images of positive ones.
        """
        u = jax.random.uniform(key, (5,))
        angle = 2.0 * jnp.pi * u[3:]
        c, s = jnp.cos(angle), jnp.sin(angle)
        q2, q4 = self.highest_frequency * u[1:3]
        return jnp.stack([u[0], q2, c[0], s[0], q4, c[1], s[1]])

    def fingerprint(self) -> dict[str, Any]:
        """Return the number of items, the hash of the data, and the limit of the frequencies."""
        return {
            "landscape": "nonlinear-regression",
            "items": len(self.inputs),
            "highest_frequency": self.highest_frequency,
            "data": data_hash(self.inputs, self.targets),
        }

    @property
    def geometry(self) -> AbstractGeometry:
        """Three lines and two circles."""
        return TwoCircles()

    @property
    def symmetry(self) -> AbstractSymmetry:
        """The 16 signed permutations described for the class."""
        return _SYMMETRY

    @property
    def smoothness(self) -> Smoothness:
        """Second derivatives exist everywhere."""
        return "smooth"

    @property
    def length_scale(self) -> float:
        """0.5, a little less than the distance of side lobes of the fit in frequency, 2 pi / (3 pi)."""
        return 0.5

    @property
    def region(self) -> float:
        """The limit of the frequencies."""
        return self.highest_frequency


class TwoCircles(AbstractGeometry):
    """Points whose variables (2, 3) and (5, 6), counted from 0, lie on unit circles."""

    def retract(self, x: Point) -> Point:
        """Scale both pairs to length one."""
        return jnp.concatenate([x[:2], _on_circle(x[2:4]), x[4:5], _on_circle(x[5:7])])

    def normals(self, x: Point) -> Modes:
        """Return the two radial directions, shape (2, 7)."""
        outwards = jnp.zeros((2, 7)).at[0, 2:4].set(_on_circle(x[2:4]))
        return outwards.at[1, 5:7].set(_on_circle(x[5:7]))


def _on_circle(pair: Float[Array, " two"]) -> Float[Array, " two"]:
    square = jnp.sum(pair * pair)
    # The middle of two antipodes has no direction: any point will do, but no derivative may be NaN.
    lost = square == 0
    unit = pair / jnp.sqrt(jnp.where(lost, 1.0, square))
    return jnp.where(lost, jnp.array([1.0, 0.0]), unit)


def _group() -> FiniteSymmetry:
    """Return the group of exchanges, reflections of either sine and shifts of both phases by pi."""
    indices, signs = [], []
    for order in ([0, 1, 2, 3, 4, 5, 6], [0, 4, 5, 6, 1, 2, 3]):
        for first, second, shift in itertools.product((1, -1), repeat=3):
            indices.append(order)
            signs.append([1, first, first * shift, shift, second, second * shift, shift])
    return FiniteSymmetry(np.array(indices), np.array(signs))


_SYMMETRY = _group()


def nonlinear_regression(
    seed: int = 0, *, items: int = 100, noise: float = 0.02, highest_frequency: float = HIGHEST
) -> NonlinearRegression:
    """Return the regression on data made with q = (0.1, 2.13, 0, 1.34, 0).

    Inputs are drawn uniformly from [0, 3 pi). On a grid with equal spacing, frequencies that differ by
    2 pi / spacing would be equivalent.

    **Arguments:**

    - `seed`: seed of inputs and noise, drawn with numpy's default generator.
    - `items`: number of data, at least five.
    - `noise`: standard deviation of the Gaussian noise on the targets, in their unit.
    - `highest_frequency`: see `NonlinearRegression`.

    **Raises:** `ValueError` if there are fewer than five items, the noise or the seed is negative, or the
    limit is not above 1.
    """
    if not is_whole(items) or items < 5:
        raise ValueError(f"`items` must be at least 5, one for each parameter, got {items!r}.")
    noise, seed = check_not_negative("noise", noise), check_whole("seed", seed, least=0)
    rng = np.random.default_rng(seed)
    t = rng.uniform(0.0, LONGEST, items)
    q1, q2, q3, q4, q5 = PARAMETERS
    clean = np.exp(-q1 * t) * np.sin(q2 * t + q3) * np.sin(q4 * t + q5)
    targets = clean + noise * rng.standard_normal(items)
    return NonlinearRegression(t, targets, highest_frequency=highest_frequency)
