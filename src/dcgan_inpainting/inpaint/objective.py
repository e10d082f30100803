"""What the search for z makes small: a context loss on the known pixels, and a prior.

Source: Yeh et al., CVPR 2017, equations 4 to 7. Images are −1…1; losses are one number an image.
"""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, softplus

from dcgan_inpainting.inpaint.params import Distance, Prior


def neighbour_weights(known: Tensor, window: int, floor: float, *, inside: bool = False) -> Tensor:
    """Return each known pixel's weight: the share of missing pixels around it, and a floor.

    Yeh et al., equation 4: a pixel near the hole says more about it than one far away. There, every
    known pixel further than half a window from the hole counts nothing, which leaves z too little
    to hold on to; the floor gives it that.

    Args:
        known: boolean, N×H×W, True = known.
        window: side of the window in pixels, odd.
        floor: least weight of a known pixel; 0 is the paper's.
        inside: whether neighbours beyond the image's border are left out of the share, as the paper
            has it, whose neighbours are pixels. Else they count as known, and the share is less
            beside the border. (The authors' code mirrors the mask there.)

    Returns:
        float32, N×1×H×W; 0 in the hole, floor…floor+1 elsewhere.
    """
    missing = (~known)[:, None].float()
    around = avg_pool2d(missing, window, stride=1, padding=window // 2) * window**2
    neighbours: float | Tensor = window**2 - 1
    if inside:
        pixels = torch.ones_like(missing[:1])
        neighbours = avg_pool2d(pixels, window, 1, window // 2) * window**2 - 1
    share = around / neighbours
    return torch.where(known[:, None], floor + share, torch.zeros_like(share))


def uniform_weights(known: Tensor) -> Tensor:
    """Return weight 1 for each known pixel and 0 in the hole, N×1×H×W."""
    return known[:, None].float()


def context_loss(generated: Tensor, target: Tensor, weights: Tensor, distance: Distance) -> Tensor:
    """Return the weighted distance of images, summed over pixels and channels; shape N.

    l1 is Yeh et al., equation 5; l2 is the sum of squares.

    Args:
        generated: N×3×H×W.
        target: the damaged images, N×3×H×W; what stands in the hole counts nothing.
        weights: N×1×H×W.
        distance: "l1" or "l2".
    """
    difference = generated - target
    size = difference.abs() if distance == "l1" else difference.square()
    return (weights * size).sum((1, 2, 3))


def squared_distances(generated: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Return the l2 context loss of every generated image against every target.

    As two matrix products, where one pair at a time would cost a hundred times as much: so many
    starts are ranked by l2, whatever the search itself makes small.

    Args:
        generated: M×3×H×W.
        target: N×3×H×W.
        weights: N×1×H×W.

    Returns:
        N×M, never below 0.
    """
    images = generated.flatten(1)
    weight = weights.expand_as(target).flatten(1)
    weighted = weight * target.flatten(1)
    constant = (weighted * target.flatten(1)).sum(1, keepdim=True)
    return (weight @ images.square().T - 2 * weighted @ images.T + constant).clamp_min(0)


def prior_loss(logits: Tensor, prior: Prior) -> Tensor:
    """Return how unlike a real image D finds each generated one, from its logits; shape N.

    log_one_minus_d: log(1 − D), Yeh et al., equation 6; its gradient vanishes where D is sure.
    minus_log_d: −log D, the generator's own loss, which the authors' published code uses.
    """
    if prior == "log_one_minus_d":
        return -softplus(logits)
    if prior == "minus_log_d":
        return softplus(-logits)
    return torch.zeros_like(logits)


def latent_loss(z: Tensor) -> Tensor:
    """Return half the squared length of each z (N×latent_dim), shape N.

    It is −log of the normal density from which z was drawn in training, less a constant, and holds
    z where G was trained. Source: Bora et al., "Compressed Sensing using Generative Models", ICML
    2017, section 3.
    """
    return z.square().sum(1) / 2
