"""How well a network fills holes in one pass, in faces that it was not trained on."""

from collections.abc import Sequence
from statistics import fmean

import numpy as np
import torch

from dcgan_inpainting.common.images import Images, Known, grid
from dcgan_inpainting.encoder.holes import VALIDATION_SEED
from dcgan_inpainting.masks.kinds import make_masks
from dcgan_inpainting.networks.choices import Precision
from dcgan_inpainting.networks.devices import autocast, device
from dcgan_inpainting.networks.tensors import Fill, to_tensor, to_uint8
from dcgan_inpainting.training.history import Row, figures_of

FACES = 100  # the mean PSNR of a kind is then known to about ±0.4 dB
SHOWN = 4  # faces of each kind in the picture


def headline(name: str, validation: Row) -> dict[str, dict[str, float]]:
    """Return a validation's PSNR by kind of mask, and the mean over kinds, rounded.

    Args:
        name: of the network.
        validation: its row: its step, the images seen so far, and the PSNR by kind.
    """
    psnr = {kind: round(value, 3) for kind, value in figures_of(validation).items()}
    return {f"{name}_psnr": {**psnr, "mean": round(fmean(psnr.values()), 3)}}


class Validator:
    """Tries networks on the same faces with the same holes."""

    def __init__(
        self, faces: Images, kinds: Sequence[str], precision: Precision, seed: int
    ) -> None:
        """Choose the faces and draw their holes.

        Args:
            faces: validation images, uint8, N×S×S×3; the first ones are taken.
            kinds: of the holes.
            precision: arithmetic of the networks.
            seed: of the holes, which are no test's, and none that a network learns to fill.
        """
        self._faces = np.array(faces[:FACES])
        self._precision: Precision = precision
        size = self._faces.shape[1]
        count, seed = len(self._faces), VALIDATION_SEED + seed
        self._known = {kind: make_masks(kind, count, size, seed) for kind in kinds}

    def __call__(self, fill: Fill) -> tuple[dict[str, float], Images]:
        """Return how good a network is, which is in evaluation mode.

        Returns:
            By kind of mask the mean PSNR of the holes, unblended, in dB; and a picture with a row
            for each kind, SHOWN times whole, damaged, and what it made: uint8, H×W×3.
        """
        psnr, shown = {}, []
        for kind, known in self._known.items():
            made = self._made(known, fill)
            psnr[kind] = self._psnr(made, known)
            shown.append(self._shown(made, known))
        return psnr, grid(np.concatenate(shown), columns=3 * SHOWN)

    def _made(self, known: Known, fill: Fill) -> Images:
        holes = torch.from_numpy(known)[:, None].float().to(device())
        faces = to_tensor(self._faces).to(device())
        with torch.no_grad(), autocast(self._precision):
            return to_uint8(fill(faces, holes))

    def _psnr(self, made: Images, known: Known) -> float:
        errors = ((made.astype(np.float64) - self._faces) / 255) ** 2
        hole = ~known
        mean = (errors.mean(-1) * hole).sum((1, 2)) / hole.sum((1, 2))
        return float(-10 * np.log10(mean.clip(1e-10)).mean())

    def _shown(self, made: Images, known: Known) -> Images:
        some = slice(SHOWN)
        damaged = np.where(known[some, ..., None], self._faces[some], np.uint8(128))
        sets = [self._faces[some], damaged, made[some]]
        return np.stack(sets, axis=1).reshape(-1, *made.shape[1:])
