"""The restored square put back into the photograph at full size: only the hole changes.

The square is stretched over the hole by cubic splines. What it misses on the photograph's known
pixels around the hole is spread smoothly over it, so that no step is left at the edge: the nearer
to it, the finer. Last comes grain, as the known pixels around have it beyond what so few pixels can
hold.
"""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt, gaussian_filter
from torch.nn import functional

from dcgan_inpainting.networks.pull_push import pull_push
from dcgan_inpainting.restore.frame import Floats, Frame, stretch
from dcgan_inpainting.restore.hole import Hole
from dcgan_inpainting.restore.photograph import Levels

RING = 2.0  # how far from the hole a known pixel counts, in pixels of the square
FADE = 4.0  # over so many of the square's pixels from its border it gives way to a smooth surface
LARGEST = 2048  # side of what is spread at once; beyond it, it is spread on a coarser grid
ENOUGH = 100  # pixels of the ring, for its grain to be told
_TINY = 1e-6


def paste(
    pixels: Levels,
    hole: Hole,
    squares: Sequence[tuple[Frame, Floats]],
    *,
    seed: int,
    grain: bool = True,
) -> Levels:
    """Return a photograph with its hole filled; every other pixel is as it was.

    Args:
        pixels: H×W×C, of whole levels.
        hole: H×W.
        squares: of each face its frame, and the restored square in the photograph's levels, S×S×C.
            Where none of them reaches, the hole is filled by a smooth surface.
        seed: of the grain.
        grain: whether it is added.
    """
    scale = max(1.0, *(frame.scale for frame, _ in squares))
    window = _window(hole, margin=int(np.ceil(RING * scale)) + 2)
    here, missing = pixels[window].astype(np.float64), hole[window]
    near = distance_transform_edt(~missing) <= max(3.0, RING * scale)
    ring = near & ~missing
    made = _made(here, missing, near, squares, (window[1].start, window[0].start))
    missed = np.where(ring[..., None], here - made, 0)
    filled = made + spread(missed, ring)
    if grain and scale > 1:
        filled += _grain(missed, ring, scale, np.random.default_rng(seed))
    top = np.iinfo(pixels.dtype).max
    result = pixels.copy()
    result[window][missing] = np.rint(filled[missing]).clip(0, top).astype(pixels.dtype)
    return result


def _window(hole: Hole, margin: int) -> tuple[slice, slice]:
    """Return the rows and columns that hold the hole, and what lies around it."""
    spans = (np.flatnonzero(hole.any(axis)) for axis in (1, 0))
    rows, columns = (
        slice(max(0, int(span[0]) - margin), min(length, int(span[-1]) + 1 + margin))
        for span, length in zip(spans, hole.shape, strict=True)
    )
    return rows, columns


def _made(
    here: Floats,
    missing: Hole,
    near: Hole,
    squares: Sequence[tuple[Frame, Floats]],
    corner: tuple[int, int],
) -> Floats:
    """Return what the squares have in the hole and around it, and a smooth surface elsewhere."""
    row, column = np.nonzero(near)
    x, y = (column + corner[0]).astype(float), (row + corner[1]).astype(float)
    depth = [frame.to_border(x, y) for frame, _ in squares]
    made = np.zeros_like(here)
    alone = len(squares) == 1 and bool((depth[0][missing[near]] >= 0).all())
    if alone:
        made[near] = stretch(squares[0][1], squares[0][0], x, y)
        return made
    made[near] = spread(here, ~missing)[near]
    for (frame, square), deep in zip(squares, depth, strict=True):
        share = (deep / FADE).clip(0, 1)[:, None]
        made[near] += share * (stretch(square, frame, x, y) - made[near])
    return made


def spread(values: Floats, known: Hole) -> Floats:
    """Return values (H×W×C) of known pixels (H×W) as they are, and smoothly from there on."""
    height, width = known.shape
    step = -(-max(height, width) // LARGEST)
    side = (1 << (-(-max(height, width) // step) - 1).bit_length()) * step
    beyond = (0, side - width, 0, side - height)
    mask = functional.pad(torch.from_numpy(known)[None, None].float(), beyond)
    image = torch.from_numpy(values.astype(np.float32)).permute(2, 0, 1)[None]
    image = functional.pad(image, beyond) * mask
    if step > 1:
        coarse = functional.avg_pool2d(mask, step)
        image = functional.avg_pool2d(image, step) / coarse.clamp_min(_TINY)
        filled = functional.interpolate(
            pull_push(image, coarse), scale_factor=step, mode="bilinear"
        )
    else:
        filled = pull_push(image, mask)
    smooth = filled[0].permute(1, 2, 0)[:height, :width].double().numpy()
    return np.where(known[..., None], values, smooth)


def _grain(missed: Floats, ring: Hole, scale: float, rng: np.random.Generator) -> Floats:
    """Return noise like what the square can't hold of the ring, H×W×C.

    It is normal, with the covariance of the planes there, and as coarse as their neighbours are
    alike. Hairs, edges and whatever else stands out in the ring is left out of that.
    """
    wide = (scale, scale, 0.0)
    share = gaussian_filter(ring.astype(float), wide[:2])[..., None]
    fine = np.where(ring[..., None], missed - gaussian_filter(missed, wide) / (share + _TINY), 0)
    usual = 3 * 1.4826 * np.median(np.abs(fine[ring]), axis=0)
    good = ring & (np.abs(fine) <= usual).all(2)
    found = fine[good]
    if len(found) < ENOUGH:
        return np.zeros_like(missed)
    pairs = good[:, 1:] & good[:, :-1]
    alike = (fine[:, 1:][pairs] * fine[:, :-1][pairs]).sum() / max(pairs.sum(), 1)
    alike /= max(float((found**2).sum()) / len(found), _TINY)
    # Noise under a Gaussian of deviation s is alike by exp(−1 / 4s²) from pixel to pixel.
    blur = min(0.5 / np.sqrt(-np.log(np.clip(alike, 1e-3, 0.999))), scale / 2)
    noise = gaussian_filter(rng.standard_normal(missed.shape), (blur, blur, 0))
    noise -= gaussian_filter(noise, wide)  # what the square itself can hold
    noise /= max(float(noise.std()), _TINY)
    # Less what rounding to whole levels alone makes, which rounding will make again.
    covariance = found.T @ found / len(found) - np.eye(found.shape[1]) / 12
    strengths, directions = np.linalg.eigh(covariance)
    return noise @ (directions * np.sqrt(strengths.clip(0))).T
