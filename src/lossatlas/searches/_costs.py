"""The cost of Hessian-vector products and of steps, counted in gradients."""

import math


# One product with the Hessian counts as this many gradients. A product takes 0.2 to 1.7 times as long as a
# gradient (networks of 74, 1,320 and 7,960 variables: 0.9, 1.7 and 0.8), and the linearisation takes time,
# too.
PRODUCT_COST = 2


def whole_steps(max_gradients: int, cost: float) -> int:
    """Return how many steps begin before `max_gradients` are spent if each costs `cost` gradients."""
    return max(1, math.ceil(max_gradients / cost))
