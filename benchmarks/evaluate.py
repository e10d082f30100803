"""What the baselines and the evaluation cost, and so for all of CelebA's test images.

`python -m benchmarks.evaluate`, beside the plain ways: scikit-image and piq, image by image, and
for `nearest` all distances, by matrix products. It needs what the stage crop leaves.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.measuring import measured, now
from dcgan_inpainting.baselines.methods import BASELINES
from dcgan_inpainting.common.images import Images, Known, Method, load_images
from dcgan_inpainting.evaluate.comparison import measure
from dcgan_inpainting.evaluate.trials import Trial
from dcgan_inpainting.masks.kinds import make_masks
from dcgan_inpainting.process.command_line import reporting

TRAIN = Path("data/cropped/train.npy")
KINDS = ("center", "pattern", "random", "half")
CELEBA, CELEBA_TRAIN = 19_962, 162_770  # images of the test, and those that `nearest` looks through
METHODS = 5  # that are measured: three baselines, a network and the search
MORE = 16  # times as many damaged images for `nearest`, which takes thousands at once


def images_and_masks(kind: str, count: int) -> tuple[Images, Known]:
    """Return the last training images, so many, and holes in them."""
    images = np.array(load_images(TRAIN)[-count:])
    return images, make_masks(kind, count, images.shape[1], seed=0)


def plain_biharmonic(damaged: Images, known: Known, _train: Images) -> Images:
    """Fill each image with scikit-image."""
    from skimage.restoration import inpaint_biharmonic

    filled = [
        inpaint_biharmonic(image, ~mask, channel_axis=-1)
        for image, mask in zip(damaged, known, strict=True)
    ]
    return np.rint(np.stack(filled) * 255).astype(np.uint8)


def plain_nearest(damaged: Images, known: Known, train: Images) -> Images:
    """Take the training image at the least of all distances."""
    masks = np.repeat(known.reshape(len(known), -1), 3, axis=1).astype(np.float32)
    seen = masks * damaged.reshape(len(damaged), -1)
    best = np.full(len(damaged), np.inf, np.float32)
    found = np.zeros(len(damaged), np.int64)
    for first in range(0, len(train), 1024):
        some = train[first : first + 1024].reshape(-1, masks.shape[1]).astype(np.float32)
        distances = masks @ (some**2).T - 2 * (seen @ some.T)
        least = distances.argmin(axis=1)
        values = distances[np.arange(len(least)), least]
        found = np.where(values < best, first + least, found)
        best = np.minimum(values, best)
    return np.where(known[..., None], damaged, train[found])


PLAIN: dict[str, Callable[[Images, Known, Images], Images]] = {
    "nearest": plain_nearest,
    "biharmonic": plain_biharmonic,
}


def filling(name: str, kind: str, count: int, plain: bool) -> tuple[int, float]:
    """Fill holes by a baseline."""
    images, known = images_and_masks(kind, count)
    train = load_images(TRAIN)[:-count]
    damaged = np.where(known[..., None], images, np.uint8(0))
    start = now()
    method: Method = BASELINES[name](train)
    if plain:
        PLAIN[name](damaged, known, train)
    else:
        method(damaged, known)
    return count, now() - start


def measuring(kind: str, count: int, plain: bool) -> tuple[int, float]:
    """Measure what METHODS methods might have restored, here noise; count all their images."""
    images, known = images_and_masks(kind, count)
    rng = np.random.default_rng(0)
    grain = [rng.integers(-20, 21, images.shape) for _ in range(METHODS)]
    restored = {str(n): (images + g).clip(0, 255).astype(np.uint8) for n, g in enumerate(grain)}
    start = now()
    if plain:
        for made in restored.values():
            plain_figures(images, made, known)
    else:
        measure(Trial(images, known, restored))
    return METHODS * count, now() - start


def plain_figures(images: Images, restored: Images, known: Known) -> None:
    """Work out PSNR, SSIM, L1 and HaarPSI of whole images, and the first three of holes."""
    import torch
    from piq import haarpsi
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    scaled = images / 255, restored / 255
    for truth, made, hole in zip(*scaled, ~known, strict=True):
        peak_signal_noise_ratio(truth, made, data_range=1)
        peak_signal_noise_ratio(truth[hole], made[hole], data_range=1)
        _, full = structural_similarity(
            truth,
            made,
            gaussian_weights=True,
            use_sample_covariance=False,
            data_range=1,
            channel_axis=-1,
            full=True,
        )
        full[hole].mean()
        np.abs(truth - made).mean(), np.abs(truth - made)[hole].mean()
        tensors = (torch.from_numpy(image).permute(2, 0, 1)[None] for image in (truth, made))
        haarpsi(*tensors, reduction="none", data_range=1)


def show(name: str, images: int, work: Callable[..., tuple[int, float]], *args: object) -> None:
    """Print what an image costs in the plain way and in ours, and the minutes of so many images."""
    plain, ours = (measured(work, *args, way) for way in (True, False))
    print(
        f"{name:24}{1000 / plain.rate:9.2f}{1000 / ours.rate:9.2f}{ours.rate / plain.rate:8.1f} ×"
        f"{images / ours.rate / 60:12.1f}{ours.memory:10.0f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=64, help="damaged ones, of each kind")
    count = parser.parse_args().images
    train = len(load_images(TRAIN)) - MORE * count
    print(f"{count} images of each kind; for nearest {MORE * count}, and {train} to look through")
    print(f"{'ms an image':24}{'plain':>9}{'ours':>9}{'':10}{'CelebA, min':>12}", end="")
    print(f"{'MiB more':>10}")
    for kind in KINDS:
        more = CELEBA * CELEBA_TRAIN // train
        show(f"nearest {kind}", more, filling, "nearest", kind, MORE * count)
        show(f"biharmonic {kind}", CELEBA, filling, "biharmonic", kind, count)
    show("all figures", len(KINDS) * METHODS * CELEBA, measuring, "random", count)


if __name__ == "__main__":
    with reporting("evaluate"):
        main()
