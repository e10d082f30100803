"""What the machine's own convolutions and matrix products allow: the limit of a training step.

Two limits. *Convolutions alone*: each convolution of a step, forward and backward, timed by itself
on inputs that lie ready in the arithmetic and layout that the training uses. A step that took no
time for anything else (activations, batch norm, losses, Adam, data, Python) would take their sum.
*Matrix product*: the step's floating-point operations at the rate of one large matrix product, the
fastest thing that the processor can do; small layers cannot reach it, however they are computed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.measuring import now
from dcgan_inpainting.networks.dcgan import Discriminator, Generator
from dcgan_inpainting.networks.devices import arithmetic, device
from dcgan_inpainting.train.params import TrainParams

REPEATS = 7  # of each convolution; the quickest counts, since others work on the machine too
MATRIX = 2048  # side of the matrices

Conv = nn.Conv2d | nn.ConvTranspose2d


@dataclass(frozen=True)
class Limit:
    """Of one training step."""

    convolutions: float  # seconds of all its convolutions, each alone
    operations: float  # floating-point operations in them
    peak: float  # operations a second in a matrix product

    @property
    def matrix(self) -> float:
        """Seconds that the step's operations would take at the peak."""
        return self.operations / self.peak


@torch.no_grad()
def limit(params: TrainParams, image_size: int = 64) -> Limit:
    """Measure the limit of a step with these settings."""
    dtype = arithmetic(params.precision)
    architecture = params.architecture(image_size)
    g_steps, batch = params.generator_steps, params.batch_size
    images = torch.zeros(batch, 3, image_size, image_size)
    seconds = operations = 0.0
    # D sees real images and made ones, and learns from both; then each step of G goes forward
    # through both networks and back through both, D's weights being held.
    for conv, shape, first in _convolutions(Discriminator(architecture), images):
        learning, judging = 2, g_steps
        forward, data, weight = _pieces(conv, shape, dtype)
        seconds += (learning + judging) * _quickest(forward) + learning * _quickest(weight)
        seconds += (judging if first else learning + judging) * _quickest(data)
        passes = 2 * learning + 2 * judging + (0 if first else learning)
        operations += passes * _operations(forward)
    z = torch.zeros(batch, params.latent_dim)
    for conv, shape, first in _convolutions(Generator(architecture), z):
        forward, data, weight = _pieces(conv, shape, dtype)
        pieces = [forward, weight] if first else [forward, data, weight]
        seconds += g_steps * sum(map(_quickest, pieces))
        operations += g_steps * len(pieces) * _operations(forward)
    return Limit(seconds, operations, _peak(dtype))


def _convolutions(network: nn.Module, inputs: Tensor) -> Iterator[tuple[Conv, torch.Size, bool]]:
    """Yield the convolutions, the shapes of their inputs, and whether each is the first."""
    found: list[tuple[Conv, torch.Size]] = []

    def note(module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        assert isinstance(module, Conv)
        found.append((module, arguments[0].shape))

    for module in network.modules():
        if isinstance(module, Conv):
            module.register_forward_pre_hook(note)
    network(inputs)
    yield from ((conv, shape, place == 0) for place, (conv, shape) in enumerate(found))


def _pieces(
    conv: Conv, shape: torch.Size, dtype: torch.dtype
) -> tuple[Callable[[], object], Callable[[], object], Callable[[], object]]:
    """Return the convolution, its gradient in its input and that in its weights, as functions."""
    weight, inputs = (
        torch.randn(size, device=device(), dtype=dtype).to(memory_format=torch.channels_last)
        for size in (conv.weight.shape, shape)
    )
    transposed = isinstance(conv, nn.ConvTranspose2d)
    settings = (conv.stride, conv.padding, conv.dilation, transposed, conv.output_padding, 1)

    def forward() -> Tensor:
        return torch.ops.aten.convolution(inputs, weight, None, *settings)

    above = torch.randn_like(forward())

    def backward(*wanted: bool) -> object:
        mask = [*wanted, False]
        return torch.ops.aten.convolution_backward(above, inputs, weight, None, *settings, mask)

    return forward, lambda: backward(True, False), lambda: backward(False, True)


def _quickest(work: Callable[[], object]) -> float:
    work()
    seconds = []
    for _ in range(REPEATS):
        began = now()
        work()
        seconds.append(now() - began)
    return min(seconds)


def _operations(work: Callable[[], object]) -> int:
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def _peak(dtype: torch.dtype) -> float:
    left, right = (torch.randn(MATRIX, MATRIX, device=device()).to(dtype) for _ in range(2))
    return 2 * MATRIX**3 / _quickest(lambda: left @ right)
