"""The training of the U-Net: the encoder's, less what a generator or a discriminator tells."""

from collections.abc import Callable

import torch
from torch import Tensor

from dcgan_inpainting.common.frame import Memory
from dcgan_inpainting.common.images import Images
from dcgan_inpainting.common.seeds import Purpose, generator_for
from dcgan_inpainting.encoder.params import EncoderParams
from dcgan_inpainting.encoder.training import train_to_fill
from dcgan_inpainting.encoder.validation import Validator
from dcgan_inpainting.networks.architecture import Architecture
from dcgan_inpainting.networks.devices import place
from dcgan_inpainting.networks.unet import UNet, initialise_unet
from dcgan_inpainting.training.history import History
from dcgan_inpainting.training.loop import Observer


def train_unet(
    images: Images,
    validator: Validator,
    architecture: Architecture,
    params: EncoderParams,
    *,
    observer: Observer | None = None,
    memory: Memory | None = None,
    interrupted: Callable[[], bool] = lambda: False,
) -> tuple[UNet, History]:
    """Train a U-Net, from where an earlier process left off.

    Its loss is the mean PSNR of the holes alone (encoder.training.psnr_of).

    Args:
        images: the training set, uint8, N×S×S×3; may be memory-mapped, is never changed.
        validator: tries it on other images.
        architecture: whose widths it has.
        params: the encoder's settings with the U-Net's own number of images.
        observer, memory, interrupted: as for train_encoder.

    Returns:
        The U-Net, in evaluation mode, and what its training told.

    Raises:
        KeyboardInterrupt, UserError: as train_encoder.
    """
    unet = UNet(architecture)
    initialise_unet(unet, generator_for(Purpose.UNET, params.seed))
    history = train_to_fill(
        _Alone(place(unet)),
        images,
        validator,
        params,
        observer=observer,
        memory=memory,
        interrupted=interrupted,
    )
    return unet.eval(), history


class _Alone:
    """A U-Net that nothing but its error teaches."""

    def __init__(self, network: UNet) -> None:
        self.network = network

    def attempt(self, faces: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        return self.network(faces, known), torch.zeros((), device=faces.device)
