"""Random changes of training images that leave them faces; batched, on stored uint8 images."""

import torch
from torch import Tensor


def flip(images: Tensor, rng: torch.Generator) -> Tensor:
    """Return images (N×H×W×3) with each mirrored left to right with probability one half."""
    mirrored = torch.rand(len(images), generator=rng) < 0.5
    return torch.where(mirrored[:, None, None, None].to(images.device), images.flip(2), images)


def shift(images: Tensor, limit: int, rng: torch.Generator) -> Tensor:
    """Return images (N×H×W×3), each moved by up to `limit` whole pixels; the edge is repeated."""
    count, height, width = images.shape[:3]
    moves = torch.randint(-limit, limit + 1, (2, count, 1), generator=rng)
    rows = (torch.arange(height) + moves[0]).clamp(0, height - 1).to(images.device)
    columns = (torch.arange(width) + moves[1]).clamp(0, width - 1).to(images.device)
    which = torch.arange(count, device=images.device)[:, None, None]
    return images[which, rows[:, :, None], columns[:, None, :]]
