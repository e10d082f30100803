"""The networks' weights as files that say when they are damaged."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from dcgan_inpainting.common.errors import DamagedError, FaultError
from dcgan_inpainting.common.files import replacing
from dcgan_inpainting.networks.architecture import ARCHITECTURE, Architecture
from dcgan_inpainting.networks.dcgan import Discriminator, Generator
from dcgan_inpainting.networks.devices import Network
from dcgan_inpainting.networks.frozen import plain

# The files in models/ that inpainting uses.
GENERATOR = "generator_average.safetensors"
DISCRIMINATOR = "discriminator.safetensors"

DIGEST = "sha256"  # in the head of a file of weights: of the weights themselves


def save_weights(network: nn.Module, path: Path, *, half: bool = False) -> None:
    """Write a network's parameters and buffers as safetensors: the same weights, the same bytes.

    The file holds plain weights: of a network under spectral normalisation, the divided ones. Their
    digest stands in it, so that load_weights notices when a byte of them has changed.

    Args:
        network: any.
        path: of the file.
        half: kernels are written in float16, half as large. Batch norm's numbers and biases, which
            are few, are not.

    Raises:
        FaultError: a weight is NaN or infinite; nothing is written.
        OSError: the file could not be written.
    """
    state = _state(plain(network))
    weights = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    if half:
        weights = {k: value.half() if value.ndim > 1 else value for k, value in weights.items()}
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
    expected = {name: value.shape for name, value in _state(network).items()}
    known = all(value.dtype in (torch.float32, torch.float16) for value in weights.values())
    if not known or {name: value.shape for name, value in weights.items()} != expected:
        raise DamagedError(
            path,
            f"holds the weights of another architecture than {ARCHITECTURE} beside it describes",
        )
    # Files from before there was a digest have none.
    if written not in ({}, {DIGEST: _digest(weights)}):
        raise DamagedError(path, "is damaged: its weights are not those that were written")
    if name := not_finite(weights):
        raise DamagedError(path, f"is of no use: weights of {name} are not finite")
    return {name: value.float() for name, value in weights.items()}


def not_finite(weights: Mapping[str, Tensor]) -> str | None:
    """Return the first name, in order, of weights that are not all finite."""
    return next((name for name in sorted(weights) if not weights[name].isfinite().all()), None)


def _digest(weights: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(f"{name} {tuple(weights[name].shape)}\n".encode())
        digest.update(weights[name].numpy().tobytes())
    return digest.hexdigest()
