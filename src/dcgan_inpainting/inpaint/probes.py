"""Known pixels to hide, so that a guess of the hole can be judged by what is known.

Pixels that lie among known ones are easier to guess than the middle of a hole. So what is hidden is
shaped like the hole: it is the hole itself, moved to where pixels are known.
"""

from itertools import product

import numpy as np

from dcgan_inpainting.common.images import Known

MOVES = 8  # places along each axis that the hole is tried at


def hide(known: Known, share: float, seed: int) -> Known:
    """Return the pixels to hide, N×H×W: a share of those that are known, shaped like the hole.

    Of all places to which the hole is moved (never across the border), the one is taken at which
    it covers the share best. Where it covers more at any of them, as scattered holes do, some of
    what it covers is drawn.

    Args:
        known: N×H×W, True = known.
        share: of the known pixels that is wanted, above 0…0.5.
        seed: of the drawing; the index of an image plays no part.

    Returns:
        Of each image at least one pixel and never all that are known, where two or more are.
    """
    return np.stack([_hidden(mask, share, seed) for mask in known])


def _hidden(known: Known, share: float, seed: int) -> Known:
    wanted = share * known.sum()
    covers = [_moved(~known, *move) & known for move in _moves(known.shape)]
    # A place at which it covers nothing says nothing, however small the share.
    cover = min(
        (cover for cover in covers if cover.any()),
        key=lambda cover: abs(cover.sum() - wanted),
        default=np.zeros_like(known),
    )
    if cover.sum() < 2 * wanted:
        return cover
    rng = np.random.default_rng(seed)
    some = max(0, min(max(1, round(wanted)), known.sum() - 1))
    chosen = np.zeros(known.size, bool)
    chosen[rng.choice(np.flatnonzero(cover), some, replace=False)] = True
    return chosen.reshape(known.shape)


def _moves(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    height, width = shape
    down, right = (
        range(-side // 2, side // 2 + 1, max(1, side // MOVES)) for side in (height, width)
    )
    return [move for move in product(down, right) if move != (0, 0)]


def _moved(hole: Known, down: int, right: int) -> Known:
    height, width = hole.shape
    moved = np.zeros_like(hole)
    moved[max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)] = hole[
        max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)
    ]
    return moved
