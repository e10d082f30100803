"""The DCGAN's two networks, and the frozen generator that inpainting differentiates through.

Source: Radford, Metz and Chintala, "Unsupervised Representation Learning with Deep Convolutional
Generative Adversarial Networks", ICLR 2016. Strided and transposed convolutions instead of pooling,
no dense layers, batch normalisation before each activation but at G's output and D's input. D may
have another normalisation instead, or none.
"""

import copy
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torch.nn.utils.parametrizations import spectral_norm
from torch.nn.utils.parametrize import is_parametrized, type_before_parametrizations

from dcgan_inpainting.atomic import replacing, write_text
from dcgan_inpainting.devices import Network
from dcgan_inpainting.errors import DamagedError, FaultError

# The files in models/ that inpainting uses.
GENERATOR = "generator_average.safetensors"
DISCRIMINATOR = "discriminator.safetensors"
ARCHITECTURE = "architecture.json"

DIGEST = "sha256"  # in the head of a file of weights: of the weights themselves

Activation = Literal["relu", "leaky_relu"]
Normalisation = Literal["batch", "spectral", "none"]


class Architecture(BaseModel):
    """All that is needed to build both networks; stored as JSON beside their weights.

    discriminator_norm: batch is Radford et al.'s. With spectral, normalise_spectrally bounds D's
    weights while it is trained, and D has no batch norm, which would scale the bounded layers up
    again: Miyato et al. 2018 put the one in place of the other, and the comparison of Kurach et
    al., "A Large-Scale Study on Regularization and Normalization in GANs", ICML 2019, does so too.
    none is for a discriminator that R1 alone holds (losses.r1_penalty).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    image_size: int = Field(ge=8, le=1024)
    latent_dim: int = Field(ge=1, le=1024)
    width: int = Field(ge=1, le=1024)
    kernel_size: int = Field(ge=3, le=7)
    generator_activation: Activation
    discriminator_activation: Activation
    leaky_slope: float = Field(ge=0, le=1)
    discriminator_norm: Normalisation = "batch"  # files from before there was a choice lack it

    @field_validator("image_size")
    @classmethod
    def _halved_down_to_4(cls, side: int) -> int:
        if side.bit_count() != 1:
            raise ValueError("must be a power of two")
        return side

    @property
    def channels(self) -> list[int]:
        """Channels of the feature maps from full resolution / 2 down to 4×4: w, 2w, 4w …"""
        halvings = int(math.log2(self.image_size)) - 2
        return [self.width * 2**level for level in range(halvings)]

    def save(self, path: Path) -> None:
        """Write this as JSON."""
        write_text(path, json.dumps(self.model_dump(), indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Architecture":
        """Read what save wrote.

        Raises:
            DamagedError: the file is missing, or holds something else.
        """
        if not path.is_file():
            raise DamagedError(path, "is missing")
        try:
            return cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            what = f"{key}: {first['msg']}" if key else first["msg"]
            raise DamagedError(path, f"does not describe networks ({what})") from None


class Generator(nn.Module):
    """z (N×latent_dim) → images (N×3×H×W, −1…1).

    `blocks` are the stages of the ladder: the first makes a 4×4 map of z, each further one doubles
    the side, and the last one ends in tanh at full resolution.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        kernel = architecture.kernel_size
        widths = architecture.channels[::-1]
        self.architecture = architecture
        self.latent_dim = architecture.latent_dim

        def activation() -> nn.Module:
            return _activation(architecture.generator_activation, architecture.leaky_slope)

        first = nn.ConvTranspose2d(architecture.latent_dim, widths[0], 4, bias=False)
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
    """Images (N×3×H×W, −1…1) → logits (N), whose sigmoid is the probability of a real image."""

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
        layers.append(nn.Conv2d(widths[-1], 1, 4))
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        """Return one logit for each image, shape N."""
        return self.layers(images).flatten()

    def features(self, images: Tensor) -> Iterator[Tensor]:
        """Yield what stands behind each activation, from S/2×S/2 down to 4×4."""
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


def plain(network: Network) -> Network:
    """Return a copy in evaluation mode, with spectral normalisation worked into its weights."""
    copied = copy.deepcopy(network).eval()
    for module in list(copied.modules()):
        if isinstance(module, nn.Conv2d) and is_parametrized(module, "weight"):
            trained = module.get_parameter("parametrizations.weight.original")
            weight = nn.Parameter(module.weight.detach(), trained.requires_grad)
            # Not by remove_parametrizations: it takes `weight` from the class that torch made for
            # the original, which the copy shares.
            module.__class__ = type_before_parametrizations(module)
            del module.parametrizations
            module.weight = weight
    return copied


def save_weights(network: nn.Module, path: Path) -> None:
    """Write a network's parameters and buffers as safetensors: the same weights, the same bytes.

    The file holds plain weights: of a network under spectral normalisation, the divided ones. Their
    digest stands in it, so that load_weights notices when a byte of them has changed.

    Raises:
        FaultError: a weight is NaN or infinite; nothing is written.
        OSError: the file could not be written.
    """
    state = _state(plain(network))
    weights = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    if name := not_finite(weights):
        raise FaultError(f"{path} is not written: weights of {name} are not finite")
    content = save(weights, {DIGEST: _digest(weights)})
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _state(network: nn.Module) -> dict[str, Tensor]:
    # num_batches_tracked only serves the cumulative average of batch norm, which is over by then.
    state = network.state_dict()
    return {name: v for name, v in state.items() if not name.endswith("num_batches_tracked")}


def load_weights(network: nn.Module, path: Path) -> None:
    """Fill a network with the weights that save_weights wrote.

    Raises:
        DamagedError: the file is missing, damaged, or holds another architecture's weights.
    """
    network.load_state_dict(_read_weights(path, network), strict=False)


def load_network(kind: Callable[[Architecture], Network], folder: Path, file: str) -> Network:
    """Return a network of a folder's architecture with the weights of a file in it, to be used.

    Raises:
        DamagedError: one of the files is missing or damaged, or they don't belong together.
    """
    architecture = Architecture.load(folder / ARCHITECTURE)
    with torch.device("meta"):
        # It takes no memory, however large a damaged description makes it.
        outline = kind(architecture)
    weights = _read_weights(folder / file, outline)
    network = kind(architecture)
    network.load_state_dict(weights, strict=False)
    return network.eval()


def load_trained(folder: Path) -> tuple[Generator, Discriminator]:
    """Return the averaged generator and the discriminator that the stage train left in a folder.

    Raises:
        DamagedError: one of the files is missing or damaged, or they don't belong together.
    """
    return (
        load_network(Generator, folder, GENERATOR),
        load_network(Discriminator, folder, DISCRIMINATOR),
    )


def _read_weights(path: Path, network: nn.Module) -> dict[str, Tensor]:
    """Return the weights in a file, which must be all that a network has."""
    if not path.is_file():
        raise DamagedError(path, "is missing")
    try:
        with safe_open(path, "pt") as file:
            written = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError, RuntimeError) as error:
        raise DamagedError(path, f"does not hold weights ({error})") from None
    expected = {name: (value.shape, value.dtype) for name, value in _state(network).items()}
    if {name: (value.shape, value.dtype) for name, value in weights.items()} != expected:
        raise DamagedError(
            path,
            f"holds the weights of another architecture than {ARCHITECTURE} beside it describes",
        )
    # Files from before there was a digest have none.
    if written not in ({}, {DIGEST: _digest(weights)}):
        raise DamagedError(path, "is damaged: its weights are not those that were written")
    if name := not_finite(weights):
        raise DamagedError(path, f"is of no use: weights of {name} are not finite")
    return weights


def not_finite(weights: Mapping[str, Tensor]) -> str | None:
    """Return the first name, in order, of weights that are not all finite."""
    return next((name for name in sorted(weights) if not weights[name].isfinite().all()), None)


def _digest(weights: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(f"{name} {tuple(weights[name].shape)}\n".encode())
        digest.update(weights[name].numpy().tobytes())
    return digest.hexdigest()


def freeze(network: Network) -> Network:
    """Return a copy for inference: normalisation worked into the convolutions, weights constant.

    In evaluation mode batch norm is an affine map for each channel, so the folded network computes
    the same function with a third fewer layers; only the gradient to the input remains.
    """
    frozen = plain(network).requires_grad_(False)
    _fold(frozen)
    return frozen


def _fold(module: nn.Module) -> None:
    for child in module.children():
        _fold(child)
    if isinstance(module, nn.Sequential):
        for index, layer in enumerate(module):
            if isinstance(layer, nn.BatchNorm2d):
                _fold_into(module[index - 1], layer)
                module[index] = nn.Identity()


def _fold_into(conv: nn.Module, norm: nn.BatchNorm2d) -> None:
    assert isinstance(conv, nn.Conv2d | nn.ConvTranspose2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    conv.weight, conv.bias = fuse_conv_bn_weights(
        conv.weight,
        conv.bias,
        norm.running_mean,
        norm.running_var,
        norm.eps,
        norm.weight,
        norm.bias,
        transpose=isinstance(conv, nn.ConvTranspose2d),
    )
    conv.requires_grad_(False)


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
