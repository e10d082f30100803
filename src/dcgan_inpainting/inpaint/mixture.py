"""What is generated of what was found: mixed by the distance to the nearest known pixel.

Freed features fit the known pixels, and what lies beside them, better than z does alone; far from
them they have nothing to go by, and z, which knows faces only, is the safer guess. The encoder's
image is the blurred mean of the faces that there may be, the search's a sharp one that may be
another's: beside known pixels there is little to guess, and deep in the hole the mean of the two
errs less than either. So the deeper, the more of z and of the encoder. Both ways were chosen by the
PSNR in the holes of 32 validation faces, for all seven kinds of mask together.
"""

import torch
from torch import Tensor

Z_REACH = 16.0  # pixels over which z takes over from the freed features
ENCODER_REACH = 10.0  # pixels over which the encoder comes to its share


def search_image(fitted: Tensor, by_z: Tensor, distance: Tensor) -> Tensor:
    """Return the search's image: fitted beside known pixels, and z's deep in the hole.

    z has the share 1 − exp(−d / Z_REACH) at a distance of d pixels.

    Args:
        fitted: by features and z, N×3×H×W.
        by_z: by z alone, N×3×H×W.
        distance: to the nearest known pixel, N×1×H×W.
    """
    share = 1 - torch.exp(-distance / Z_REACH)
    return (1 - share) * fitted + share * by_z


def with_encoder(found: Tensor, predicted: Tensor, distance: Tensor, share: float) -> Tensor:
    """Return the search's image and the encoder's, mixed.

    Deep in the hole the encoder's has the share s that is asked for, on known pixels s³, and at a
    distance of d pixels s to the power 1 + 2·exp(−d / ENCODER_REACH); so 0 is the search alone and
    1 the encoder.

    Args:
        found: by the search, N×3×H×W.
        predicted: by the encoder, N×3×H×W.
        distance: to the nearest known pixel, N×1×H×W.
        share: 0…1.
    """
    here = share ** (1 + 2 * torch.exp(-distance / ENCODER_REACH))
    return (1 - here) * found + here * predicted
