"""The U-Net that fills holes in one pass: the encoder is one, and what it is compared with.

A discriminator's ladder of strided convolutions goes down to the bottom map and gives z. On the way
back up, through a decoder that is built as the generator, the features of the same side meet the
decoder's own, and a correction of these is made of both; at full resolution, of the image itself.
Source of the shape: Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical
Image Segmentation", MICCAI 2015.

The encoder begins as a trained DCGAN: its decoder as the generator, so its z is a start of the
search that was learned (Lahiri et al., "Prior Guided GAN Based Semantic Inpainting", CVPR 2020),
and its way down as the discriminator. The other U-Net begins at random.

Last, by how much the image misses the known pixels is spread smoothly over the hole and added to
it. So what it makes joins them, and all that is left to learn is what no smooth surface through
them tells.
"""

from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

from dcgan_inpainting.networks.architecture import Architecture
from dcgan_inpainting.networks.dcgan import Discriminator, Generator, downsample, initialise
from dcgan_inpainting.networks.pull_push import pull_push
from dcgan_inpainting.networks.weights import load_network

ENCODER, UNET = "encoder.safetensors", "unet.safetensors"  # in models/, beside their architecture
LEAK = 0.2
SEEN = 4  # channels: the smoothly filled image and its mask


class UNet(nn.Module):
    """Damaged images and their masks → whole images, by way of z."""

    def __init__(self, architecture: Architecture) -> None:
        """Build the U-Net whose decoder is a generator of this architecture."""
        super().__init__()
        widths = architecture.channels
        self.down = nn.ModuleList(
            nn.Sequential(
                downsample(fan_in, fan_out, 4, bias=False), nn.BatchNorm2d(fan_out), _activation()
            )
            for fan_in, fan_out in pairwise([SEEN, *widths])
        )
        self.z = nn.Conv2d(widths[-1], architecture.latent_dim, architecture.bottom_size)
        self.corrections = nn.ModuleList(
            _correction(2 * width, width, width) for width in widths[::-1]
        )
        self.corrections.append(_correction(SEEN + 3, widths[0] // 2, 3))
        self.decoder = Generator(architecture)

    def forward(self, damaged: Tensor, known: Tensor) -> Tensor:
        """Return whole images: known pixels as they were, and holes that are mostly in −1…1.

        Args:
            damaged: N×3×S×S, −1…1; what stands in the holes is never looked at.
            known: N×1×S×S, 1 = known, 0 = hole.
        """
        return self.z_and_images(damaged, known)[1]

    def z_and_images(self, damaged: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Return z (N×latent_dim), and what `forward` does."""
        seen = torch.cat([pull_push(damaged, known), known], 1)
        # As convolutions are fastest, on the way back too.
        features = [seen.contiguous(memory_format=torch.channels_last)]
        for layer in self.down:
            features.append(layer(features[-1]))
        z = self.z(features[-1])
        made = z
        steps = zip(self.decoder.blocks, self.corrections, reversed(features), strict=True)
        for block, correct, beside in steps:
            made = block(made)
            made = made + correct(torch.cat([beside, made], 1))
        return z.flatten(1), made + pull_push(damaged - made, known)


def initialise_unet(unet: UNet, rng: torch.Generator) -> None:
    """Draw the weights as the GAN's are drawn; at first no feature of the decoder is corrected."""
    initialise(unet, rng)
    for correct in unet.corrections:
        assert isinstance(correct, nn.Sequential)
        nn.init.zeros_(correct[-1].get_parameter("weight"))


@torch.no_grad()
def begin_as_dcgan(unet: UNet, generator: Generator, discriminator: Discriminator) -> None:
    """Let a U-Net go on from a trained DCGAN: up as the generator, and down as the discriminator.

    What the discriminator has no weights for stays as it was drawn: the mask, and z; and all of the
    way down, where its kernels are not 4×4.

    Args:
        unet: drawn (initialise_unet), of the generator's architecture.
        generator, discriminator: trained together.
    """
    unet.decoder.load_state_dict(generator.state_dict())
    # A convolution, and what follows it: batch norm, if there is any. The last one, which makes the
    # logit, is followed by nothing.
    its = [(at, after) for at, after in pairwise(discriminator.layers) if isinstance(at, nn.Conv2d)]
    for own, (convolution, after) in zip(unet.down, its, strict=True):
        assert isinstance(own, nn.Sequential)
        kernel = own[0].get_parameter("weight")
        if kernel.shape[2:] != convolution.weight.shape[2:]:
            return
        kernel[:, : convolution.in_channels] = convolution.weight
        if isinstance(after, nn.BatchNorm2d):
            own[1].get_parameter("weight").copy_(after.weight)
            own[1].get_parameter("bias").copy_(after.bias)


def load_unet(folder: Path, name: str) -> UNet:
    """Return the U-Net that a stage left in a folder, in evaluation mode.

    Args:
        folder: with architecture.json.
        name: ENCODER or UNET.

    Raises:
        DamagedError: one of the files is missing or damaged, or they don't belong together.
    """
    return load_network(UNet, folder, name)


def _correction(fan_in: int, width: int, fan_out: int) -> nn.Sequential:
    # Channels are mixed first, pixel by pixel: two 3×3 convolutions filled holes no better, and
    # took two thirds of a step.
    return nn.Sequential(
        nn.Conv2d(fan_in, width, 1, bias=False),
        nn.BatchNorm2d(width),
        _activation(),
        nn.Conv2d(width, fan_out, 3, padding=1),
    )


def _activation() -> nn.Module:
    return nn.LeakyReLU(LEAK, inplace=True)
