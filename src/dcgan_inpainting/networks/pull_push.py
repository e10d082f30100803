"""A hole filled smoothly at once, as a first guess for the encoder to begin with."""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

_TINY = 1e-6  # below any share of known pixels


def pull_push(damaged: Tensor, known: Tensor) -> Tensor:
    """Return images whose holes are filled with the average of what is known around them.

    On the way down each level of a pyramid averages what is known of the one before; on the way
    up, what is not known is taken from the level above. Source: Gortler, Grzeszczuk, Szeliski and
    Cohen, "The Lumigraph", SIGGRAPH 1996, section 3.4.

    Args:
        damaged: N×3×S×S, S a power of two; what stands in the holes is never looked at.
        known: N×1×S×S, 1 = known, 0 = hole.

    Returns:
        N×3×S×S; known pixels are as they were, an image without one is zero.
    """
    levels = [(damaged * known, known)]
    while levels[-1][0].shape[-1] > 1:
        values, weights = (4 * avg_pool2d(level, 2) for level in levels[-1])
        # A level's pixel counts as known, once as much as one pixel of the level before was.
        trust = weights.clamp_max(1)
        levels.append((values / weights.clamp_min(_TINY) * trust, trust))
    values, weights = levels.pop()
    filled = values / weights.clamp_min(_TINY)
    for values, weights in reversed(levels):
        filled = torch.addcmul(values, 1 - weights, _doubled(filled))
    return filled


def _doubled(images: Tensor) -> Tensor:
    """Return images (N×C×S×S) twice as large, interpolated bilinearly."""
    if images.device.type == "cuda":
        return by_weights(images)
    return interpolate(images, scale_factor=2, mode="bilinear", align_corners=False)


def by_weights(images: Tensor) -> Tensor:
    """Return what `interpolate` does, but for the last digit, of additions and products alone.

    The gradient of `interpolate` has other last digits each time on a GPU.
    """
    for axis in (2, 3):
        inner = images.shape[axis] - 1
        first, last = images.narrow(axis, 0, 1), images.narrow(axis, inner, 1)
        before = torch.cat([first, images.narrow(axis, 0, inner)], axis)
        behind = torch.cat([images.narrow(axis, 1, inner), last], axis)
        pair = [0.25 * before + 0.75 * images, 0.75 * images + 0.25 * behind]
        images = torch.stack(pair, axis + 1).flatten(axis, axis + 1)
    return images
