"""How a learning rate falls."""

import math


def half_cosine(step: int, steps: int) -> float:
    """Return the share of the full rate at a step, from 1 at step 0 to 0 at `steps`.

    Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR
    2017, equation 5, without a restart.
    """
    return 0.5 * (1 + math.cos(math.pi * step / steps))
