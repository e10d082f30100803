"""Test-time augmentation: what a network predicts of an image, from several views of it.

Source: the geometric self-ensemble of Lim et al., "Enhanced Deep Residual Networks for Single Image
Super-Resolution", CVPR Workshops 2017: the mean of what a network makes of an image turned and
mirrored, each turned back, errs less than any one of them. A face has one way up, so the views here
are mirrored and shifted by a pixel, which also moves it against the grid of the strides.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from dcgan_inpainting.networks.choices import Precision
from dcgan_inpainting.networks.devices import autocast
from dcgan_inpainting.networks.tensors import Fill


@dataclass(frozen=True)
class View:
    """An image as seen shifted by whole pixels, and then perhaps mirrored."""

    down: int = 0
    right: int = 0
    mirrored: bool = False
    weight: float = 1.0

    def of(self, images: Tensor) -> Tensor:
        """Return images (N×C×H×W) as this view shows them; what enters at the border is zero."""
        shown = _shifted(images, self.down, self.right)
        return shown.flip(-1) if self.mirrored else shown

    def back(self, images: Tensor) -> Tensor:
        """Return images of this view as they were before, zero where the shift has lost them."""
        return _shifted(images.flip(-1) if self.mirrored else images, -self.down, -self.right)


# By a pixel up and down, and mirrored by one left and right. Both ways in both would be ten views,
# which err hardly less (docs/notebook/parts.md).
VIEWS = (
    View(weight=2.0),
    View(down=-1),
    View(down=1),
    View(mirrored=True, weight=2.0),
    View(right=-1, mirrored=True),
    View(right=1, mirrored=True),
)


@torch.no_grad()
def predict(fill: Fill, damaged: Tensor, known: Tensor, precision: Precision) -> Tensor:
    """Return what a network predicts of each whole image, N×3×H×W in about −1…1.

    It is the weighted mean over the views. What enters a view at the border is a hole to the
    network, and what a shift has lost has no weight.

    Args:
        fill: the network.
        damaged: N×3×H×W, −1…1, zero in the holes.
        known: N×1×H×W, boolean.
        precision: its arithmetic.
    """
    known = known.float()
    total, weights = torch.zeros_like(damaged), torch.zeros_like(known)
    for view in VIEWS:
        with autocast(precision):
            made = fill(view.of(damaged), view.of(known))
        total += view.weight * view.back(made.float())
        weights += view.weight * view.back(view.of(torch.ones_like(known)))
    return total / weights


def _shifted(images: Tensor, down: int, right: int) -> Tensor:
    """Return images moved by so many pixels, with zeros behind them."""
    return functional.pad(images, (right, -right, down, -down))
