"""The DCGAN's two networks, and how their training starts.

Source: Radford, Metz and Chintala, "Unsupervised Representation Learning with Deep Convolutional
Generative Adversarial Networks", ICLR 2016. Strided and transposed convolutions instead of pooling,
no dense layers, batch normalisation before each activation but at G's output and D's input. D may
have another normalisation instead, or none.
"""

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from dcgan_inpainting.networks.architecture import Activation, Architecture


class Generator(nn.Module):
    """z (N×latent_dim) → images (N×3×H×W, −1…1).

    `blocks` are the stages of the ladder: the first makes the bottom map of z, each further one
    doubles the side, and the last one ends in tanh at full resolution. The first is a linear
    projection of z, written as a transposed convolution of 1×1 by a kernel as large as the map.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        kernel = architecture.kernel_size
        widths = architecture.channels[::-1]
        self.architecture = architecture
        self.latent_dim = architecture.latent_dim

        def activation() -> nn.Module:
            return _activation(architecture.generator_activation, architecture.leaky_slope)

        bottom = architecture.bottom_size
        first = nn.ConvTranspose2d(architecture.latent_dim, widths[0], bottom, bias=False)
        blocks = [nn.Sequential(first, nn.BatchNorm2d(widths[0]), activation())]
        for fan_in, fan_out in pairwise(widths):
            up = _upsample(fan_in, fan_out, kernel, bias=False)
            blocks.append(nn.Sequential(up, nn.BatchNorm2d(fan_out), activation()))
        blocks.append(nn.Sequential(_upsample(widths[-1], 3, kernel, bias=True), nn.Tanh()))
        self.blocks = nn.ModuleList(blocks)

    def forward(self, z: Tensor) -> Tensor:
        """Return G(z), N×3×H×W in −1…1, for z of shape N×latent_dim."""
        features = z[:, :, None, None]
        for block in self.blocks:
            features = block(features)
        return features


class Discriminator(nn.Module):
    """Images (N×3×H×W, −1…1) → logits (N), whose sigmoid is the probability of a real image.

    The generator mirrored: each layer halves the side down to the bottom map, of which the last one
    makes the logit, by a kernel as large as the map.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        widths = architecture.channels
        kernel = architecture.kernel_size
        batch_norm = architecture.discriminator_norm == "batch"

        def activation() -> nn.Module:
            return _activation(architecture.discriminator_activation, architecture.leaky_slope)

        layers = [downsample(3, widths[0], kernel, bias=True), activation()]
        for fan_in, fan_out in pairwise(widths):
            layers.append(downsample(fan_in, fan_out, kernel, bias=not batch_norm))
            layers += [nn.BatchNorm2d(fan_out)] if batch_norm else []
            layers.append(activation())
        layers.append(nn.Conv2d(widths[-1], 1, architecture.bottom_size))
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        """Return one logit for each image, shape N."""
        return self.layers(images).flatten()

    def features(self, images: Tensor) -> Iterator[Tensor]:
        """Yield what stands behind each activation, from S/2×S/2 down to the bottom map."""
        for layer in self.layers:
            images = layer(images)
            if isinstance(layer, nn.LeakyReLU | nn.ReLU):
                yield images


def _activation(name: Activation, slope: float) -> nn.Module:
    return nn.LeakyReLU(slope, inplace=True) if name == "leaky_relu" else nn.ReLU(inplace=True)


def _upsample(fan_in: int, fan_out: int, kernel: int, *, bias: bool) -> nn.ConvTranspose2d:
    # Stride 2 doubles the side exactly: (n−1)·2 − 2·padding + kernel + output_padding = 2n.
    return nn.ConvTranspose2d(
        fan_in, fan_out, kernel, 2, (kernel - 1) // 2, output_padding=kernel % 2, bias=bias
    )


def downsample(fan_in: int, fan_out: int, kernel: int, *, bias: bool) -> nn.Conv2d:
    """Return a convolution that halves the side."""
    return nn.Conv2d(fan_in, fan_out, kernel, 2, (kernel - 1) // 2, bias=bias)


def initialise(network: nn.Module, rng: torch.Generator) -> None:
    """Draw the weights as Radford et al. 2016, section 4: normal with standard deviation 0.02."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02, generator=rng)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02, generator=rng)
            nn.init.zeros_(module.bias)


def normalise_spectrally(network: nn.Module, rng: torch.Generator) -> None:
    """Make a network divide each convolution's weights by their largest singular value, in place.

    To be called once, after initialise, for a discriminator whose architecture says `spectral`. The
    kernel counts as a matrix, fan_out × (fan_in·height·width). Each forward pass in training mode
    betters the estimate of its singular vectors by one power iteration; one in evaluation mode
    takes it as it is. The vectors are buffers, so they are part of a training's checkpoint; what
    save_weights writes holds the divided weights and nothing else.

    Source: Miyato, Kataoka, Koyama and Yoshida, "Spectral Normalization for Generative Adversarial
    Networks", ICLR 2018, algorithm 1.

    Args:
        network: on the CPU. What is trained stays the same tensors, so an optimiser may have them.
        rng: decides the start vectors, which 15 power iterations then turn towards the weights.
    """
    for module in list(network.modules()):
        if isinstance(module, nn.Conv2d):
            seed = int(torch.randint(2**63 - 1, (), generator=rng))
            # torch draws the vectors from the global generator, which is put back as it was.
            with torch.random.fork_rng(devices=[]):
                torch.default_generator.manual_seed(seed)
                spectral_norm(module)
