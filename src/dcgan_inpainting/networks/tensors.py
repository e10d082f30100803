"""The one pair of conversions between stored images and what the networks see.

Stored images are uint8, N×H×W×3, 0…255; the networks see floats, N×3×H×W, −1…1.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from dcgan_inpainting.common.images import Images

# What predicts whole images at one glance: of damaged ones (N×3×S×S, −1…1; what stands in the holes
# counts nothing) and of what is known of them (N×1×S×S, 1 = known, 0 = hole).
Fill = Callable[[Tensor, Tensor], Tensor]


def scale(images: Tensor) -> Tensor:
    """Return stored images (uint8 tensor, N×H×W×3) as the networks see them (float32).

    The memory stays in the order of the stored images, which is torch's channels-last.
    """
    return images.permute(0, 3, 1, 2) / 127.5 - 1


def to_tensor(images: Images) -> Tensor:
    """Return stored images (uint8 array, N×H×W×3) as a float32 tensor (N×3×H×W, −1…1)."""
    return scale(torch.from_numpy(np.ascontiguousarray(images)))


def to_uint8(tensor: Tensor) -> Images:
    """Return a tensor (N×3×H×W, −1…1, any float) as stored images (uint8, N×H×W×3).

    Values are rounded to the nearest level and clipped; the inverse of to_tensor on stored images.
    """
    levels = ((tensor.detach().float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(levels.permute(0, 2, 3, 1).cpu().numpy())
