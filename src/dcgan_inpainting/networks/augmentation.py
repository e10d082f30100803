"""Random changes of images in training; batched, with random numbers drawn on the CPU.

`flip` and `shift` make other faces of the stored training images: G learns to draw what they leave.
`diff_augment` changes what D sees of real and of generated images alike, so G does not learn it.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from dcgan_inpainting.networks.choices import Augmentation, Fill


def flip(images: Tensor, rng: torch.Generator) -> Tensor:
    """Return images (N×H×W×3) with each mirrored left to right with probability one half."""
    mirrored = torch.rand(len(images), generator=rng) < 0.5
    return torch.where(mirrored[:, None, None, None].to(images.device), images.flip(2), images)


def shift(images: Tensor, limit: int, rng: torch.Generator, fill: Fill = "edge") -> Tensor:
    """Return images (N×H×W×3), each moved by up to `limit` whole pixels along both axes.

    Args:
        images: stored images, uint8.
        limit: the farthest move in pixels.
        rng: draws the moves.
        fill: what comes in at the border. edge: the outermost pixel again, which makes streaks of
            a photograph's texture, and G learns to draw them. reflect: the image mirrored at its
            outermost pixel, so texture goes on; as in Karras et al., "Training Generative
            Adversarial Networks with Limited Data", NeurIPS 2020, appendix B.

    Raises:
        ValueError: fill is reflect, and a side is not longer than `limit`.
    """
    count, height, width = images.shape[:3]
    if fill == "reflect" and limit >= min(height, width):
        raise ValueError(f"{height}×{width} images cannot be reflected {limit} pixels beyond")
    moves = torch.randint(-limit, limit + 1, (2, count, 1), generator=rng)
    rows = _inside(torch.arange(height) + moves[0], height - 1, fill).to(images.device)
    columns = _inside(torch.arange(width) + moves[1], width - 1, fill).to(images.device)
    which = torch.arange(count, device=images.device)[:, None, None]
    return images[which, rows[:, :, None], columns[:, None, :]]


def _inside(places: Tensor, last: int, fill: Fill) -> Tensor:
    """Return for each place along an axis, also beyond 0…last, the one whose pixel stands there."""
    if fill == "reflect":
        return last - (last - places.abs()).abs()
    return places.clamp(0, last)


def diff_augment(images: Tensor, policy: Sequence[Augmentation], rng: torch.Generator) -> Tensor:
    """Return images as D is to see them, changed at random; differentiable, so that G learns too.

    Both of D's batches, real and generated, go through this, and the generated ones again when G is
    updated. Each image gets changes of its own; results may leave −1…1.

    color: brightness (plus −0.5…0.5), then saturation (0 to 2 times a pixel's distance from its
    grey), then contrast (0.5 to 1.5 times the distance from the image's mean).
    translation: by up to 1/8 of each side in whole pixels, with zeros (mid-grey) coming in.
    cutout: a square of half the side, its middle anywhere in the image, is zero.

    Source: Zhao, Liu, Lin, Zhu and Han, "Differentiable Augmentation for Data-Efficient GAN
    Training", NeurIPS 2020. It gains most where images are few; with 70,000 it no longer does.

    Args:
        images: N×3×H×W, −1…1, any float, on any device and in either memory format.
        policy: which changes, in the order in which they are made; none leaves images as they are.
        rng: a generator on the CPU, so that every device sees the same changes.
    """
    changes = {"color": _color, "translation": _translation, "cutout": _cutout}
    for name in policy:
        images = changes[name](images, rng)
    return images


def _color(images: Tensor, rng: torch.Generator) -> Tensor:
    shifts, saturations, contrasts = torch.rand(3, len(images), 1, 1, 1, generator=rng).to(images)
    images = images + (shifts - 0.5)
    grey = images.mean(1, keepdim=True)
    images = grey + 2 * saturations * (images - grey)
    level = images.mean((1, 2, 3), keepdim=True)
    return level + (contrasts + 0.5) * (images - level)


def _translation(images: Tensor, rng: torch.Generator) -> Tensor:
    count, _, height, width = images.shape
    rows = torch.arange(height) + _integers(-(height // 8), height // 8, count, rng)
    columns = torch.arange(width) + _integers(-(width // 8), width // 8, count, rng)
    shown = _crossed((rows >= 0) & (rows < height), (columns >= 0) & (columns < width))
    rows = rows.clamp(0, height - 1).to(images.device)
    columns = columns.clamp(0, width - 1).to(images.device)
    which = torch.arange(count, device=images.device)[:, None, None]
    moved = images.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None, :]]
    # Not masked_fill, which gives up channels-last.
    return torch.where(shown.to(images.device), moved.permute(0, 3, 1, 2), 0)


def _cutout(images: Tensor, rng: torch.Generator) -> Tensor:
    count, _, height, width = images.shape
    hidden = _crossed(_stretch(height, count, rng), _stretch(width, count, rng))
    return torch.where(hidden.to(images.device), 0, images)


def _stretch(length: int, count: int, rng: torch.Generator) -> Tensor:
    """Return `count` stretches of half a length, cut where they leave it: bool, count×length."""
    size = length // 2
    # An even stretch has its middle between two pixels, and there is one more place for it.
    starts = _integers(0, length - size % 2, count, rng) - size // 2
    places = torch.arange(length)
    return (places >= starts) & (places < starts + size)


def _integers(lowest: int, highest: int, count: int, rng: torch.Generator) -> Tensor:
    """Return uniform integers of lowest…highest, count×1."""
    return torch.randint(lowest, highest + 1, (count, 1), generator=rng)


def _crossed(rows: Tensor, columns: Tensor) -> Tensor:
    """Return where both a row and a column are True: N×H and N×W to N×1×H×W."""
    return (rows[:, :, None] & columns[:, None, :])[:, None]
