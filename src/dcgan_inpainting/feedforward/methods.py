"""Networks that fill a hole in one pass: what the search adds to them is what it is worth.

Each is called as the search calls the encoder, from several views, and joined to the image by the
same blending. So two of them differ by the network alone, and the search from the encoder by the
search.
"""

# PyTorch takes seconds to import, and whoever asks for the names alone has no need of it: all that
# needs it is imported where it is used.

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dcgan_inpainting.common.images import Images, Known, Method

if TYPE_CHECKING:
    from dcgan_inpainting.inpaint.params import InpaintParams
    from dcgan_inpainting.networks.tensors import Fill


def unet(models: Path) -> "Fill":
    """Return the U-Net, which has learned nothing but to fill holes."""
    from dcgan_inpainting.networks.unet import UNET

    return _loaded(models, UNET)


def encoder(models: Path) -> "Fill":
    """Return the encoder, which began as the DCGAN."""
    from dcgan_inpainting.networks.unet import ENCODER

    return _loaded(models, ENCODER)


def _loaded(models: Path, name: str) -> "Fill":
    from dcgan_inpainting.networks.devices import place
    from dcgan_inpainting.networks.frozen import freeze
    from dcgan_inpainting.networks.unet import load_unet

    return place(freeze(load_unet(models, name)))


# All of them, each made from a folder of models, in the order of tables and plots.
FEEDFORWARD: Mapping[str, Callable[[Path], "Fill"]] = {
    "unet": unet,
    "encoder": encoder,
}


def as_method(fill: "Fill", params: "InpaintParams") -> Method:
    """Return a network as a method.

    Args:
        fill: the network, on the device.
        params: whose blending, precision and batch size are used.
    """
    import torch

    from dcgan_inpainting.inpaint.augmented import predict
    from dcgan_inpainting.inpaint.blending import composite
    from dcgan_inpainting.networks.devices import device
    from dcgan_inpainting.networks.tensors import to_tensor

    def restore(damaged: Images, known: Known) -> Images:
        parts = []
        for first in range(0, len(known), params.batch_size):
            some = slice(first, first + params.batch_size)
            mask = torch.from_numpy(known[some])[:, None]
            seen = (to_tensor(damaged[some]) * mask).to(device())
            made = predict(fill, seen, mask.to(device()), params.precision)
            parts.append(composite(made, damaged[some], known[some], params.blending))
        return np.concatenate(parts)

    return restore
