"""The moving average of a generator's weights, and batch norm's statistics that go with it."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


@torch.no_grad()
def average_into(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move an exponential moving average of weights one step: a ← decay·a + (1 − decay)·w.

    Source: Yazici et al., "The Unusual Effectiveness of Averaging in GAN Training", ICLR 2019.
    Buffers (batch norm's statistics) are not averaged: see recalibrate.
    """
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)


@torch.no_grad()
def recalibrate(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Set batch norm's statistics to those that the network's present weights give.

    Averaged weights need statistics of their own; running averages from the training lag behind
    and belong to other weights. Source: Izmailov et al., "Averaging Weights Leads to Wider Optima
    and Better Generalization", UAI 2018, section 3.2.

    Args:
        network: changed in place; left in evaluation mode.
        batches: its inputs; the statistics are the means over them.
    """
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    momenta = [layer.momentum for layer in norms]
    for layer in norms:
        layer.reset_running_stats()
        layer.momentum = None
    network.train()
    for batch in batches:
        network(batch)
    for layer, momentum in zip(norms, momenta, strict=True):
        layer.momentum = momentum
    network.eval()
