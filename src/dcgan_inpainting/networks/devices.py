"""Where and in which arithmetic the networks run."""

import platform
from typing import TypeVar

import torch
from torch import nn

from dcgan_inpainting.networks.choices import Precision

Network = TypeVar("Network", bound=nn.Module)

CPU = torch.device("cpu")


def device() -> torch.device:
    """Return the GPU if there is one, else the CPU.

    From then on a GPU's convolutions give the same bytes each time, and float32 is float32.
    """
    if not torch.cuda.is_available():
        return CPU
    # Otherwise a convolution's gradient has other last digits each time, and a training that was
    # interrupted could not end with the bytes of one that was not.
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    # Otherwise convolutions round to the 10 bits of TF32.
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    return torch.device("cuda")


def processor(device: torch.device) -> str:
    """Return what of a device decides how sums are rounded: another one gives other last digits."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"


def place(network: Network) -> Network:
    """Move a network to the device, in the layout in which its convolutions are fastest."""
    return network.to(device()).to(memory_format=torch.channels_last)


def arithmetic(precision: Precision) -> torch.dtype:
    """Return the type in which convolutions are computed.

    auto is bfloat16 where the processor multiplies it natively, and float32 elsewhere: emulated
    bfloat16 is slower than float32.
    """
    if precision == "auto":
        native = (
            torch.cuda.is_bf16_supported(including_emulation=False)
            if torch.cuda.is_available()
            else torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        )
        return torch.bfloat16 if native else torch.float32
    return torch.bfloat16 if precision == "bf16" else torch.float32


def autocast(precision: Precision) -> torch.autocast:
    """Return the context in which the networks are called with this precision."""
    dtype = arithmetic(precision)
    return torch.autocast(device().type, dtype, enabled=dtype is torch.bfloat16)
