"""Stored images to what the networks see, and back."""

import numpy as np
import pytest
import torch

from dcgan_inpainting.networks.tensors import scale, to_tensor, to_uint8


def every_level() -> np.ndarray:
    """All 256 levels, each channel in an order of its own: 2×8×16×3."""
    levels = np.arange(256, dtype=np.uint8).reshape(2, 8, 16)
    return np.stack([levels, levels[:, ::-1], 255 - levels], axis=-1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_level_comes_back(dtype: torch.dtype) -> None:
    images = every_level()
    back = to_uint8(to_tensor(images).to(dtype))
    assert back.dtype == np.uint8
    assert back.flags.c_contiguous
    assert np.array_equal(back, images)


def test_the_range_is_minus_one_to_one_with_channels_first() -> None:
    images = every_level()
    tensor = to_tensor(images)
    assert tensor.dtype == torch.float32
    assert tensor.shape == (2, 3, 8, 16)
    assert tensor.min() == -1
    assert tensor.max() == 1
    expected = images.transpose(0, 3, 1, 2).astype(float) * 2 / 255 - 1
    np.testing.assert_allclose(tensor, expected, atol=1e-6)
    assert torch.equal(scale(torch.from_numpy(images.copy())), tensor)


def test_scaled_batches_are_channels_last() -> None:
    tensor = scale(torch.from_numpy(every_level().copy()))
    assert tensor.is_contiguous(memory_format=torch.channels_last)


def test_levels_are_rounded_and_clipped() -> None:
    values = torch.tensor([-9.0, -1.0, 9.4 / 127.5 - 1, 9.6 / 127.5 - 1, 1.0, 9.0])
    levels = to_uint8(values.requires_grad_(True)[None, None, :, None].expand(1, 3, 6, 1))
    assert levels[0, :, 0, 0].tolist() == [0, 0, 9, 10, 255, 255]


def test_arrays_that_are_not_contiguous() -> None:
    images = every_level()
    assert np.array_equal(to_uint8(to_tensor(images[:, ::-1, ::2])), images[:, ::-1, ::2])
