"""The restored square put back into the photograph at full size: only the hole changes.

The square is stretched over the hole by cubic splines. What it misses on the photograph's known
pixels around the hole goes on smoothly into it and is added, so that no step is left at the edge.
Last comes grain, as the known pixels around have it beyond what so few pixels can hold.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt, gaussian_filter
from torch.nn import functional

from dcgan_inpainting.common.distance import distance_to_known
from dcgan_inpainting.inpaint.blending import poisson, tension
from dcgan_inpainting.networks.pull_push import pull_push
from dcgan_inpainting.restore.frame import Floats, Frame, stretch
from dcgan_inpainting.restore.hole import Hole
from dcgan_inpainting.restore.photograph import Levels

RING = 2.0  # how far from the hole a known pixel counts, in pixels of the square
FADE = 4.0  # over so many of the square's pixels from its border it gives way to a smooth surface
KEPT = 1.0  # over so many of the square's pixels a slope at the hole's edge is kept
MOST = 20_000  # pixels of a hole that are solved at once
WIDEST = 700  # side of what lies around it, the same
LARGEST = 2048  # side of what is spread at once
ENOUGH = 100  # pixels of the ring, for its grain to be told
CALM = 0.3  # share of the ring by which it is
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
    window = window_of(hole, margin=int(np.ceil(RING * scale)) + 2)
    here, missing = pixels[window].astype(np.float64), hole[window]
    near = distance_transform_edt(~missing) <= max(3.0, RING * scale)
    ring = near & ~missing
    corner = window[1].start, window[0].start
    made, alone = _made(here, missing, near, squares, corner, scale)
    missed = np.where(ring[..., None], here - made, 0)
    # Further away it counts nothing, but must be no step for a coarser grid.
    filled = made + _continued(spread(missed, ring), missing, scale)
    if grain and scale > 1:
        filled += _grain(missed, ring & alone, scale, np.random.default_rng(seed))
    top = np.iinfo(pixels.dtype).max
    result = pixels.copy()
    result[window][missing] = np.rint(filled[missing]).clip(0, top).astype(pixels.dtype)
    return result


def window_of(hole: Hole, margin: int = 0) -> tuple[slice, slice]:
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
    scale: float,
) -> tuple[Floats, Hole]:
    """Return what the squares have in the hole and around it, and a smooth surface elsewhere.

    Also returned is where it is a square's alone, H×W.
    """
    row, column = np.nonzero(near)
    x, y = (column + corner[0]).astype(float), (row + corner[1]).astype(float)
    depth = [frame.to_border(x, y) for frame, _ in squares]
    made, alone = np.zeros_like(here), near.copy()
    if len(squares) == 1 and bool((depth[0][missing[near]] >= 0).all()):
        made[near] = stretch(squares[0][1], squares[0][0], x, y)
        return made, alone
    made[near] = _continued(here, missing, scale)[near]
    for (frame, square), deep in zip(squares, depth, strict=True):
        share = (deep / FADE).clip(0, 1)[:, None]
        made[near] += share * (stretch(square, frame, x, y) - made[near])
    alone[near] = np.max(depth, 0) >= FADE
    return made, alone


def _continued(values: Floats, missing: Hole, scale: float) -> Floats:
    """Return values of known pixels (H×W×C) as they are, and as they go on into the hole.

    Beside known pixels it keeps its slope (inpaint.blending.tension), which narrow holes gain by;
    further in it is the surface that is stretched least (poisson), since noise has slopes too. In a
    large hole that is reckoned on a coarser grid, and what this misses at the edge is spread.
    """
    step = max(math.ceil(math.sqrt(missing.sum() / MOST)), math.ceil(max(missing.shape) / WIDEST))
    coarse, share = _coarser(values, ~missing, step)
    known = share > 0
    deep = distance_to_known(known[None])[0] * step / scale
    slopes = np.exp(-deep / KEPT)[..., None]
    problem = np.zeros_like(coarse)[None], coarse[None], known[None]
    found = slopes * tension(*problem)[0] + (1 - slopes) * poisson(*problem)[0]
    if step == 1:
        return found
    rough = _finer(found, step, missing.shape)
    return rough + spread(np.where(missing[..., None], 0, values - rough), ~missing)


def spread(values: Floats, known: Hole) -> Floats:
    """Return values (H×W×C) of known pixels (H×W) as they are, and smoothly from there on."""
    step = math.ceil(max(known.shape) / LARGEST)
    coarse, share = _coarser(values, known, step)
    side = 1 << (max(share.shape) - 1).bit_length()
    beyond = (0, side - share.shape[1], 0, side - share.shape[0])
    image = torch.from_numpy(coarse.astype(np.float32)).permute(2, 0, 1)[None]
    mask = torch.from_numpy(share.astype(np.float32))[None, None]
    filled = pull_push(functional.pad(image, beyond), functional.pad(mask, beyond))
    smooth = filled[0].permute(1, 2, 0)[: share.shape[0], : share.shape[1]].double().numpy()
    return np.where(known[..., None], values, _finer(smooth, step, known.shape))


def _coarser(values: Floats, known: Hole, step: int) -> tuple[Floats, Floats]:
    """Return the means of what is known in squares of step×step pixels, and its share of them."""
    if step == 1:
        return np.where(known[..., None], values, 0), known.astype(float)
    height, width = known.shape
    beyond = (0, -width % step, 0, -height % step)
    image = torch.from_numpy(np.where(known[..., None], values, 0)).permute(2, 0, 1)[None]
    mask = torch.from_numpy(known.astype(float))[None, None]
    sums, shares = (
        functional.avg_pool2d(functional.pad(one, beyond), step) for one in (image, mask)
    )
    means = sums / shares.clamp_min(_TINY)
    return means[0].permute(1, 2, 0).numpy(), shares[0, 0].numpy()


def _finer(values: Floats, step: int, shape: tuple[int, int]) -> Floats:
    """Return such means at every pixel, interpolated bilinearly."""
    if step == 1:
        return values
    image = torch.from_numpy(values).permute(2, 0, 1)[None]
    large = functional.interpolate(image, scale_factor=step, mode="bilinear")
    return large[0].permute(1, 2, 0)[: shape[0], : shape[1]].numpy()


def _grain(missed: Floats, ring: Hole, scale: float, rng: np.random.Generator) -> Floats:
    """Return noise like what the square can't hold of the ring, H×W×C.

    It is normal, with the covariance of the planes there, and as coarse as their neighbours are
    alike. That is told where the ring is calmest: hair and edges are no grain.
    """
    if ring.sum() < ENOUGH:
        return np.zeros_like(missed)
    wide = (scale, scale, 0.0)
    share = gaussian_filter(ring.astype(float), wide[:2])[..., None]
    fine = np.where(ring[..., None], missed - gaussian_filter(missed, wide) / (share + _TINY), 0)
    energy = (gaussian_filter(fine**2, wide) / (share + _TINY)).sum(2)
    calm = ring & (energy <= np.quantile(energy[ring], CALM))
    usual = 3 * 1.4826 * np.median(np.abs(fine[calm]), axis=0)
    good = calm & (np.abs(fine) <= usual).all(2)
    found = fine[good]
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
