"""Newton steps from Hessian-vector products, by MINRES."""

import equinox as eqx
import jax
import jax.numpy as jnp

from lossatlas._types import Integer, Point, Scalar
from lossatlas.landscapes import AbstractLandscape

from ._spectrum import tangent


class _State(eqx.Module):
    solution: Point
    vector: Point
    previous: Point
    directions: tuple[Point, Point]
    cosines: tuple[Scalar, Scalar]
    sines: tuple[Scalar, Scalar]
    beta: Scalar
    residual: Scalar
    largest: Scalar
    products: Integer


def newton_step(
    landscape: AbstractLandscape, x: Point, gradient: Point, *, tolerance: float, products: int
) -> tuple[Point, Scalar, Integer]:
    """Return the solution s of H s = -g within the tangent space, by MINRES: H may be indefinite.

    **Arguments:**

    - `landscape`: the landscape; H is its Hessian at `x`.
    - `x`: the point, shape (dim,).
    - `gradient`: g, shape (dim,), in the tangent space.
    - `tolerance`: residual ||H s + g|| relative to ||g|| at which the iteration ends.
    - `products`: Hessian-vector products at most.

    **Returns:** the step, shape (dim,); Gershgorin's bound on the largest |eigenvalue| of the tridiagonal
    matrix; and the products spent.

    Source: Paige & Saunders, SIAM J. Numer. Anal. 12, 617 (1975), doi:10.1137/0712047, as listed by
    van der Vorst, Iterative Krylov Methods for Large Linear Systems (2003), figure 6.9.
    """
    product = landscape.hessian_product(x)
    size = jnp.linalg.norm(gradient)
    nothing, zero, one = jnp.zeros_like(x), jnp.asarray(0.0), jnp.asarray(1.0)

    def step(s: _State) -> _State:
        image = tangent(landscape, x, product(s.vector))
        alpha = s.vector @ image
        following = image - alpha * s.vector - s.beta * s.previous
        beta = jnp.linalg.norm(following)
        # The last two rotations turn the new column of the tridiagonal matrix into a triangular one.
        delta = s.cosines[1] * alpha - s.cosines[0] * s.sines[1] * s.beta
        diagonal = jnp.hypot(delta, beta) + 1e-300
        above = s.sines[1] * alpha + s.cosines[0] * s.cosines[1] * s.beta
        far_above = s.sines[0] * s.beta
        direction = (s.vector - far_above * s.directions[0] - above * s.directions[1]) / diagonal
        cosine, sine = delta / diagonal, beta / diagonal
        return _State(
            s.solution + cosine * s.residual * direction,
            following / (beta + 1e-300),
            s.vector,
            (s.directions[1], direction),
            (s.cosines[1], cosine),
            (s.sines[1], sine),
            beta,
            -sine * s.residual,
            jnp.maximum(s.largest, jnp.abs(alpha) + beta + s.beta),
            s.products + 1,
        )

    def running(s: _State):
        return (jnp.abs(s.residual) > tolerance * size) & (s.products < products)

    start = _State(
        nothing,
        -gradient / (size + 1e-300),
        nothing,
        (nothing, nothing),
        (one, one),
        (zero, zero),
        zero,
        size,
        zero,
        jnp.asarray(0),
    )
    end = jax.lax.while_loop(running, step, start)
    return end.solution, end.largest, end.products
