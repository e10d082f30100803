"""Muon: gradient descent whose steps move all directions of a weight matrix by the same length.

Source: Jordan, Jin, Boza, You, Cesista, Newhouse and Bernstein, "Muon: An optimizer for hidden
layers in neural networks", 2024 (kellerjordan.github.io/posts/muon). PyTorch's own takes matrices
alone; convolutions count as matrices here, as there: a row for each channel of the first axis.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

MOMENTUM = 0.9  # the source has 0.95, by which holes were filled worse: docs/notebook/parts.md
ITERATIONS = 5
COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # the source's quintic, steep at zero
PIXELS = 8  # channels; a convolution with no more on either side joins pixels to features


def hidden(network: nn.Module) -> list[Tensor]:
    """Return the weights that Muon is for: those of convolutions between features."""
    kernels = (
        layer.weight
        for layer in network.modules()
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    )
    return [kernel for kernel in kernels if min(kernel.shape[:2]) > PIXELS]


class Muon(torch.optim.Optimizer):
    """Updates weights of at least two axes by their gradient's momentum, made orthogonal."""

    def __init__(self, weights: Iterable[Tensor], learning_rate: float) -> None:
        """Take the weights.

        Args:
            weights: of convolutions or matrices.
            learning_rate: of a step, the length by which it moves each direction. In its group a
                tensor may take its place, so that a CUDA graph need not be of one rate.
        """
        super().__init__(weights, {"lr": learning_rate})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take a step along the gradients that are there; it can't work out the loss anew."""
        for group in self.param_groups:
            for weight in group["params"]:
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                momentum = state["momentum"]
                momentum.lerp_(weight.grad, 1 - MOMENTUM)
                ahead = weight.grad.lerp(momentum, MOMENTUM)  # Nesterov's
                # Channels last, as in memory: the order of the columns is nothing to what is made.
                rows = ahead.movedim(1, -1)
                along = orthogonal(rows.flatten(1)).view_as(rows).movedim(-1, 1)
                rate = group["lr"]
                if isinstance(rate, Tensor):  # an alpha can't be one
                    along, rate = along * rate, 1.0
                weight.sub_(along, alpha=rate)


def orthogonal(matrix: Tensor) -> Tensor:
    """Return nearly the orthogonal matrix nearest to one, U·Vᵀ of its U·S·Vᵀ.

    By a Newton–Schulz iteration whose singular values end within about 0.3 of 1, which is near
    enough. Each of its steps is a polynomial of M·Mᵀ times M; the polynomials are multiplied first,
    which for a wide matrix takes a third of the arithmetic.

    Args:
        matrix: any, not all zero.
    """
    tall = len(matrix) > matrix[0].numel()
    wide = matrix.T if tall else matrix
    wide = wide / (wide.norm() + 1e-7)
    squared = wide @ wide.T
    product = factor = _polynomial(squared)
    for _ in range(ITERATIONS - 1):
        squared = factor @ squared @ factor
        factor = _polynomial(squared)
        product = factor @ product
    made = product @ wide
    return made.T if tall else made


def _polynomial(squared: Tensor) -> Tensor:
    """Return a + b·S + c·S² of a square matrix."""
    first, third, fifth = COEFFICIENTS
    made = torch.addmm(squared, squared, squared, beta=third, alpha=fifth)
    made.diagonal().add_(first)
    return made
