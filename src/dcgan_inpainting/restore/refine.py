"""A face's frame moved until the networks tell hidden parts of it best.

What is to be restored is unknown, but what is known can be hidden: of the known pixels, every other
block is, in the manner of a chessboard, and the encoder fills it; then the others are. The better
it does, the more the frame is what it was trained on. So nothing but the networks themselves has to
know what a face looks like, and networks to which a shift is nothing leave the frame as it is.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from dcgan_inpainting.networks.tensors import Fill, to_tensor
from dcgan_inpainting.restore.colours import Colours
from dcgan_inpainting.restore.face import MOST_TURNED
from dcgan_inpainting.restore.frame import Frame, reduce
from dcgan_inpainting.restore.hole import Hole
from dcgan_inpainting.restore.photograph import Levels

# The first steps: shares of the frame's side, of its scale, and radians. Where none of them helps,
# they are halved.
SHIFT, SCALE, TURN = 1 / 16, 0.12, math.radians(8)
LEAST = 0.2  # of the first steps
ROUNDS = 12
BLOCKS = 8  # across the frame
BORDER = 0.1  # of the first frame's side: what lies further in is looked at, whatever the frame
ENOUGH = 0.1  # share of that which must be known
KEPT = 0.8  # share of what was looked at that a step must not leave


@torch.no_grad()
def refined(frame: Frame, pixels: Levels, hole: Hole, colours: Colours, fill: Fill) -> Frame:
    """Return the frame near this one in which the networks know best what the face is like.

    A step is taken in the direction that helps most: right, left, down, up, larger, smaller, or
    turned to either side.

    Args:
        frame: to begin with, some pixels and degrees off.
        pixels: of the photograph, H×W×1 or 3.
        hole: H×W.
        colours: of the photograph.
        fill: the encoder, on the CPU.
    """
    side = frame.side
    wide = Frame(frame.turn, frame.origin - frame.turn * (0.5 + 0.5j) * side, 2 * side)
    square, whole = reduce(pixels, ~hole, wide)
    image = to_tensor(colours.to_srgb(square)[None])
    known = torch.from_numpy(whole)[None, None].float()
    rows = torch.arange(2 * side) - side / 2
    middle = ((rows >= BORDER * side) & (rows < (1 - BORDER) * side)).float()
    looked_at = known * middle[:, None] * middle
    if looked_at.sum() < ENOUGH * middle.sum() ** 2:
        return frame
    step = 1.0
    for _ in range(ROUNDS):
        upright = (one for one in _beside(frame, step) if abs(one.angle) <= MOST_TURNED)
        tried = [frame, *upright]
        best = int(np.argmin(_wrong(tried, wide, image, known, looked_at, fill)))
        frame = tried[best]
        if best == 0:
            step /= 2
            if step < LEAST:
                break
    return frame


def _beside(frame: Frame, step: float) -> list[Frame]:
    shifts = [frame.moved(shift=step * SHIFT * frame.side * way) for way in (1, -1, 1j, -1j)]
    scales = [frame.moved(scale=(1 + step * SCALE) ** way) for way in (1, -1)]
    return [*shifts, *scales, *(frame.moved(angle=step * TURN * way) for way in (1, -1))]


def _wrong(
    frames: Sequence[Frame],
    wide: Frame,
    image: Tensor,
    known: Tensor,
    looked_at: Tensor,
    fill: Fill,
) -> list[float]:
    """Return the mean squared error of what is filled in where it was hidden, for each frame.

    Args:
        frames: some frames.
        wide: the one that the others hold.
        image, known, looked_at: in that frame, 1×3×2S×2S and 1×1×2S×2S.
        fill: the encoder.
    """
    there = torch.arange(wide.side) * 2 * BLOCKS // wide.side
    board = ((there[:, None] + there) % 2).float()[None, None]
    planes = torch.cat([image * known, known, looked_at, known * board, known * (1 - board)], 1)
    seen = functional.grid_sample(
        planes.expand(len(frames), -1, -1, -1), _grid(frames, wide), align_corners=False
    )
    colour, whole = seen[:, :3], _all(seen[:, 3:4])
    total = count = torch.zeros(len(frames))
    for shown in (_all(seen[:, 5:6]), _all(seen[:, 6:7])):
        made = fill(colour * shown, shown)
        weight = whole * (1 - shown) * seen[:, 4:5]
        total = total + ((made - colour).square() * weight).sum((1, 2, 3))
        count = count + weight.sum((1, 2, 3))
    # One that loses sight of much of the face is none.
    area = count * torch.tensor([frame.scale**2 for frame in frames])
    lost = area < KEPT * area[0]
    wrong = torch.where(lost, torch.inf, total / count.clamp_min(1))
    return wrong.tolist()


def _all(share: Tensor) -> Tensor:
    """Return 1 where a pixel is known as a whole, and 0 elsewhere."""
    return (share > 0.99).float()


def _grid(frames: Sequence[Frame], wide: Frame) -> Tensor:
    """Return where the frames' pixels lie in the wide one, as grid_sample counts: −1…1."""
    side = frames[0].side
    along = np.arange(side)
    own = along[None, :] + 1j * along[:, None]
    photo = np.stack([frame.turn * own + frame.origin for frame in frames])
    places = (photo - wide.origin) / wide.turn
    from_corner = (np.stack([places.real, places.imag], -1) + 0.5) / wide.side
    return torch.from_numpy(2 * from_corner - 1).float()
