"""Where and in which arithmetic the networks run."""

import pytest
import torch
from torch import nn

from dcgan_inpainting.networks.choices import Precision
from dcgan_inpainting.networks.devices import arithmetic, autocast, device, place


def processor(monkeypatch: pytest.MonkeyPatch, *, gpu: bool, native: bool, avx: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(
        torch.cuda,
        "is_bf16_supported",
        lambda including_emulation=True: native or including_emulation,
    )
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)


@pytest.mark.parametrize(
    ("gpu", "native", "avx", "expected"),
    [
        (False, False, False, torch.float32),
        (False, False, True, torch.bfloat16),
        (True, True, False, torch.bfloat16),
        (True, False, True, torch.float32),  # the GPU's word counts, not the CPU's
    ],
)
def test_auto_is_bf16_where_the_processor_has_it(
    gpu: bool, native: bool, avx: bool, expected: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    processor(monkeypatch, gpu=gpu, native=native, avx=avx)
    assert arithmetic("auto") == expected
    assert arithmetic("bf16") == torch.bfloat16
    assert arithmetic("float32") == torch.float32
    assert device().type == ("cuda" if gpu else "cpu")


@pytest.mark.parametrize(
    ("precision", "expected"), [("float32", torch.float32), ("bf16", torch.bfloat16)]
)
def test_networks_compute_in_the_precision_asked(
    precision: Precision, expected: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    processor(monkeypatch, gpu=False, native=False, avx=False)
    convolution = nn.Conv2d(3, 4, 3)
    with autocast(precision):
        assert convolution(torch.zeros(1, 3, 5, 5)).dtype == expected
    assert convolution.weight.dtype == torch.float32


def test_placed_networks_are_channels_last(monkeypatch: pytest.MonkeyPatch) -> None:
    processor(monkeypatch, gpu=False, native=False, avx=False)
    convolution = nn.Conv2d(3, 4, 3)
    before = convolution.weight.detach().clone()
    assert place(convolution) is convolution
    assert convolution.weight.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(convolution.weight, before)


def test_a_gpu_computes_the_same_bytes_and_no_tf32(monkeypatch: pytest.MonkeyPatch) -> None:
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    for flags, name, value in (
        (cudnn, "deterministic", False),
        (cudnn, "benchmark", True),
        (cudnn, "allow_tf32", True),
        (matmul, "allow_tf32", True),
    ):
        setattr(flags, name, value)
    processor(monkeypatch, gpu=True, native=True, avx=False)
    assert device().type == "cuda"
    assert (cudnn.deterministic, cudnn.benchmark) == (True, False)
    assert (cudnn.allow_tf32, matmul.allow_tf32) == (False, False)
