"""What evaluations cost, in gradients."""

import math


# Gradients that a product with the Hessian counts as. A product takes 0.2 to 1.7 times as long as a
# gradient (networks of 74, 1,320 and 7,960 variables: 0.9, 1.7 and 0.8), and its linearisation must be paid
# for, too.
PRODUCT_COST = 2


def whole_steps(max_gradients: int, cost: float) -> int:
    """Return how many steps of a cost, in gradients, begin before a number of gradients is spent."""
    return max(1, math.ceil(max_gradients / cost))
