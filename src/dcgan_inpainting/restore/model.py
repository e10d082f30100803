"""The trained networks of a folder, ready to fill holes of their small squares."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dcgan_inpainting.common.errors import DamagedError, UserError
from dcgan_inpainting.common.images import Images, Known
from dcgan_inpainting.common.settings import PARAMS_FILE, load_params, validate
from dcgan_inpainting.feedforward import methods as feedforward
from dcgan_inpainting.inpaint.params import InpaintParams
from dcgan_inpainting.inpaint.restoration import restore
from dcgan_inpainting.inpaint.search import Iterate, length
from dcgan_inpainting.networks.architecture import ARCHITECTURE
from dcgan_inpainting.networks.dcgan import Discriminator, Generator
from dcgan_inpainting.networks.devices import place
from dcgan_inpainting.networks.frozen import freeze
from dcgan_inpainting.networks.tensors import to_uint8
from dcgan_inpainting.networks.unet import ENCODER, UNet, load_unet
from dcgan_inpainting.networks.weights import load_trained
from dcgan_inpainting.restore.choices import BY_ENCODER, CELEBA, MODELS, SETTINGS, folder_of

OnStep = Callable[[float, Images], object]

# The encoder's share in each of several answers, at most: it has but one. docs/restore.md has what
# other shares give.
MOST_SHARE = 0.7


@dataclass(frozen=True)
class Model:
    """What the stages train and encoder left in a folder, and the settings of the search."""

    generator: Generator
    discriminator: Discriminator
    encoder: UNet
    params: InpaintParams

    @property
    def side(self) -> int:
        """Of the square that they know, in pixels."""
        return self.generator.architecture.image_size

    @classmethod
    def load(cls, model: Path | str = CELEBA) -> "Model":
        """Read networks; the settings are those of inpaint.json there, or of params.yaml beside.

        Args:
            model: `celeba`, the one that comes with the project, or a folder.

        Raises:
            UserError: there is no model, or one of its files is missing or damaged.
        """
        folder = folder_of(model)
        if not (folder / ARCHITECTURE).is_file():
            raise UserError(
                f"there are no trained networks in {folder}: name {CELEBA}, {MODELS} after `make "
                "repro`, or a folder that has some with --model"
            )
        try:
            encoder = freeze(load_unet(folder, ENCODER))
            return cls(*load_trained(folder), encoder, _settings(folder))
        except DamagedError:
            if str(model) != CELEBA:
                raise
            raise UserError(
                f"the networks in {folder} are not as they came: `git checkout HEAD {folder}`"
            ) from None

    def fill(
        self,
        images: Images,
        known: Known,
        *,
        method: str | None = None,
        candidates: int = 1,
        seed: int | None = None,
        on_step: OnStep | None = None,
    ) -> Images:
        """Return several answers to each image, the likeliest first: uint8, N×K×S×S×3.

        Args:
            images: uint8, N×S×S×3.
            known: N×S×S; known pixels are unchanged.
            method: of WAYS; None = that of the settings.
            candidates: K. In several the encoder, which knows but one, has a share of 0.7 at most.
            seed: of the search; None = that of the settings.
            on_step: called at each step of the search with the share that is done, 0…1, and with
                what the generator makes of the holes by then: uint8, N×K×S×S×3.

        Raises:
            UserError: the encoder or Yeh's method is asked for several answers.
        """
        method = method or self.params.method
        if candidates > 1 and method != "latent":
            raise UserError(f"the method {method} has one answer, not {candidates}")
        if method == BY_ENCODER:
            # A copy: the encoder itself stays on the CPU, where frames are refined by it.
            fill = feedforward.as_method(place(freeze(self.encoder)), self.params)
            return fill(images, known)[:, None]
        changes: dict[str, object] = {"method": method}
        if seed is not None:
            changes["seed"] = seed
        if candidates > 1:
            starts = max(self.params.starts, candidates)
            share = min(self.params.encoder_share, MOST_SHARE)
            changes |= {"candidates": candidates, "starts": starts, "encoder_share": share}
        params = self.params.model_copy(update=changes)
        networks = self.generator, self.discriminator
        watch = _Watch(images, known, params, on_step) if on_step else None
        return restore(
            images,
            known,
            *networks,
            params,
            encoder=self.encoder,
            on_images=watch.next if watch else lambda count: None,
            on_iterate=watch.look if watch else lambda iterate: None,
        ).candidates


class _Watch:
    """Tells of each step what all images are by then, though they are searched in batches."""

    def __init__(
        self, images: Images, known: Known, params: InpaintParams, on_step: OnStep
    ) -> None:
        self._known, self._on_step = known[:, None, ..., None], on_step
        self._squares = np.repeat(images[:, None], params.resolved().candidates, 1)
        self._length, self._done = length(params.resolved()), 0

    def next(self, count: int) -> None:
        """Go on to the next batch."""
        self._done += count

    def look(self, iterate: Iterate) -> None:
        points, candidates = len(iterate.generated), self._squares.shape[1]
        batch = slice(self._done, self._done + points // candidates)
        made = to_uint8(iterate.generated).reshape(self._squares[batch].shape)
        self._squares[batch] = np.where(self._known[batch], self._squares[batch], made)
        part = iterate.number / max(1, self._length) * (points // candidates)
        self._on_step((self._done + part) / len(self._squares), self._squares.copy())


def _settings(folder: Path) -> InpaintParams:
    for path, section in ((folder / SETTINGS, None), (folder.parent / PARAMS_FILE, "inpaint")):
        if path.is_file():
            document = load_params(path)
            values = document if section is None else document.get(section)
            return validate("inpaint", dict(values or {}), InpaintParams, path)
    raise UserError(
        f"{folder} has neither {SETTINGS} nor a {PARAMS_FILE} beside it: the settings of the search"
    )
