"""The lowest eigenpairs of the Hessian from Hessian-vector products."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Float

from lossatlas._types import Array, Flag, Integer, Modes, Pairs, PairVectors, Point, Scalar
from lossatlas.landscapes import AbstractLandscape


BASIS = 48  # vectors kept at most; more converge in fewer products, but orthogonalising costs more
KEPT = 16  # lowest Ritz vectors that are kept when the basis is full
CHECK = 8  # products between two checks of the residuals
FLOOR = 1e-8  # residual, relative to the largest eigenvalue, that is always small enough

Basis = Float[Array, "basis dim"]
Projected = Float[Array, "basis basis"]


class Eigenpairs(NamedTuple):
    """The result of the Lanczos method.

    - `values`: the lowest eigenvalues, ascending, shape (pairs,).
    - `vectors`: their unit eigenvectors, shape (pairs, dim).
    - `largest`: the largest eigenvalue, to a few digits.
    - `products`: Hessian-vector products spent.
    - `converged`: whether all residuals are small enough.
    """

    values: Pairs
    vectors: PairVectors
    largest: Scalar
    products: Integer
    converged: Flag


class _State(eqx.Module):
    basis: Basis
    images: Basis
    projected: Projected
    filled: Integer
    waiting: PairVectors
    products: Integer
    values: Pairs
    vectors: PairVectors
    largest: Scalar
    converged: Flag


def lowest_eigenpair(
    landscape: AbstractLandscape, x: Point, guess: Point, *, products: int = 30
) -> tuple[Scalar, Point]:
    """Return an approximation of the lowest eigenvalue and its unit eigenvector.

    **Arguments:**

    - `landscape`: the landscape.
    - `x`: the point, shape (dim,).
    - `guess`: start vector, shape (dim,), such as the last eigenvector; zeros for none.
    - `products`: Hessian-vector products at most.
    """
    found = lowest_eigenpairs(landscape, x, guess, pairs=1, products=products, tolerance=1e-6)
    return found.values[0], found.vectors[0]


def lowest_eigenpairs(
    landscape: AbstractLandscape,
    x: Point,
    guess: Point,
    *,
    pairs: int = 2,
    products: int = 1000,
    tolerance: float = 1e-2,
) -> Eigenpairs:
    """Return the lowest eigenpairs by the block Lanczos method, restarted with the lowest Ritz vectors.

    The block has one vector per eigenpair, so that it finds a repeated eigenvalue repeatedly; a single
    vector finds it once, and a saddle whose two negative eigenvalues are equal by symmetry would pass for a
    transition state. The basis is orthogonalised in full, twice, and the Hessian is projected on it
    explicitly (Rayleigh-Ritz). Where the Krylov space is exhausted early, because the Hessian has few
    different eigenvalues or the start lies in an invariant subspace, a random direction continues it.

    **Arguments:**

    - `landscape`: the landscape.
    - `x`: the point, shape (dim,).
    - `guess`: start vector, shape (dim,); zeros for none. Random directions are mixed in.
    - `pairs`: 1 or 2 eigenpairs.
    - `products`: Hessian-vector products at most.
    - `tolerance`: ||H v - mu v|| relative to |mu| at which an eigenpair is good enough. The error of
        the eigenvalue is quadratic in it.

    **Returns:** `Eigenpairs`.

    Source: Golub & Van Loan, Matrix Computations (2013), sections 10.1 and 10.3; the restart: Wu &
    Simon, SIAM J. Matrix Anal. Appl. 22, 602 (2000), doi:10.1137/S0895479898334605.
    """
    modes = landscape.zero_modes(x)
    inside = x.shape[0] - modes.shape[0]
    pairs, size = min(pairs, inside), min(BASIS, inside)
    fresh = jax.random.normal(jax.random.key(0), (size + pairs, x.shape[0]))
    product = landscape.hessian_product(x)

    def extend(_, s: _State) -> _State:
        """Add a vector to the basis, and its image under the Hessian."""
        candidate = s.waiting[0]
        vector, length = _orthogonal(candidate, s.basis, modes)
        ended = ~(length > 1e-8 * jnp.linalg.norm(candidate))  # also where the guess is zero
        vector, length = jax.lax.cond(
            ended, lambda: _orthogonal(fresh[s.filled], s.basis, modes), lambda: (vector, length)
        )
        unit = vector / length
        image = product(unit)
        basis = s.basis.at[s.filled].set(unit)
        row = basis @ image
        return eqx.tree_at(
            lambda s: (s.basis, s.images, s.projected, s.filled, s.waiting, s.products),
            s,
            (
                basis,
                s.images.at[s.filled].set(image),
                s.projected.at[s.filled].set(row).at[:, s.filled].set(row),
                s.filled + 1,
                jnp.concatenate([s.waiting[1:], image[None]]),
                s.products + 1,
            ),
        )

    def cycle(s: _State) -> _State:
        more = jnp.minimum(jnp.minimum(CHECK, size - s.filled), products - s.products)
        s = jax.lax.fori_loop(0, more, extend, s)
        # Rows that are not filled yet get an eigenvalue above the spectrum.
        above = 2.0 * jnp.linalg.norm(s.projected) + 1.0
        number = jnp.arange(size)
        ritz, turn = jnp.linalg.eigh(s.projected + jnp.diag(jnp.where(number < s.filled, 0.0, above)))
        vectors = turn[:, :pairs].T @ s.basis
        residuals = turn[:, :pairs].T @ s.images - ritz[:pairs, None] * vectors
        residuals = jnp.linalg.norm(residuals - (residuals @ modes.T) @ modes, axis=1)
        largest = jnp.maximum(s.largest, jnp.max(jnp.where(number < s.filled, jnp.abs(ritz), 0.0)))
        enough = jnp.maximum(tolerance * jnp.abs(ritz[:pairs]), FLOOR * largest)
        full = s.filled == size
        s = eqx.tree_at(
            lambda s: (s.values, s.vectors, s.largest, s.converged),
            s,
            (
                ritz[:pairs],
                vectors,
                largest,
                ((s.filled >= 2 * pairs) & jnp.all(residuals <= enough)) | (full & (size == inside)),
            ),
        )
        return jax.lax.cond(full & ~s.converged, lambda s: restarted(s, ritz, turn), lambda s: s, s)

    def restarted(s: _State, ritz: Float[Array, " basis"], turn: Projected) -> _State:
        """Keep the lowest Ritz vectors as the basis; the vectors that wait continue the Krylov space."""
        kept = jnp.arange(size) < KEPT
        turn = jnp.where(kept[None, :], turn, 0.0).T
        waiting = jax.vmap(lambda vector: _orthogonal(vector, s.basis, modes)[0])(s.waiting)
        return eqx.tree_at(
            lambda s: (s.basis, s.images, s.projected, s.filled, s.waiting),
            s,
            (
                turn @ s.basis,
                turn @ s.images,
                jnp.diag(jnp.where(kept, ritz, 0.0)),
                jnp.asarray(min(KEPT, size)),
                waiting,
            ),
        )

    scale = 1e-3 * jnp.linalg.norm(guess) / jnp.sqrt(1.0 * x.shape[0])
    empty = jnp.zeros((size, x.shape[0]))
    state = _State(
        basis=empty,
        images=empty,
        projected=jnp.zeros((size, size)),
        filled=jnp.asarray(0),
        # A Krylov space stays in the invariant subspace of its start: mix in a random direction.
        waiting=fresh[size:].at[0].set(guess + scale * fresh[size]),
        products=jnp.asarray(0),
        values=jnp.zeros(pairs),
        vectors=jnp.zeros((pairs, x.shape[0])),
        largest=jnp.asarray(0.0),
        converged=jnp.asarray(False),
    )
    s = jax.lax.while_loop(lambda s: ~s.converged & (s.products < products), cycle, state)
    return Eigenpairs(s.values, s.vectors, s.largest, s.products, s.converged)


def _orthogonal(vector: Point, basis: Basis, modes: Modes) -> tuple[Point, Scalar]:
    """Return the part of a vector across the basis and the zero modes, and its length."""
    for _ in range(2):
        vector = vector - modes.T @ (modes @ vector)
        vector = vector - basis.T @ (basis @ vector)
    return vector, jnp.linalg.norm(vector)
