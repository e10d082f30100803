"""The trained networks of a folder, ready to fill holes of their small squares."""

from dataclasses import dataclass
from pathlib import Path

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.images import Images, Known
from dcgan_inpainting.common.settings import PARAMS_FILE, load_params, validate
from dcgan_inpainting.feedforward import methods as feedforward
from dcgan_inpainting.inpaint.params import METHODS, InpaintParams
from dcgan_inpainting.inpaint.restoration import restore
from dcgan_inpainting.networks.architecture import ARCHITECTURE, Architecture
from dcgan_inpainting.networks.dcgan import Discriminator, Generator
from dcgan_inpainting.networks.devices import place
from dcgan_inpainting.networks.frozen import freeze
from dcgan_inpainting.networks.unet import ENCODER, UNet, load_unet
from dcgan_inpainting.networks.weights import load_trained

MODELS = Path("models")
SETTINGS = "inpaint.json"  # beside the weights, as a registered model has it
BY_ENCODER = "encoder"
WAYS = (*METHODS, BY_ENCODER)


@dataclass(frozen=True)
class Model:
    """What the stages train and encoder left in a folder, and the settings of the search."""

    generator: Generator
    discriminator: Discriminator
    encoder: UNet
    params: InpaintParams
    side: int  # of the square that they know, in pixels

    @classmethod
    def load(cls, folder: Path | str = MODELS) -> "Model":
        """Read a folder; its settings are those of inpaint.json in it, or of params.yaml beside it.

        Raises:
            UserError: there is no model, or one of its files is missing or damaged.
        """
        folder = Path(folder)
        if not (folder / ARCHITECTURE).is_file():
            raise UserError(
                f"there are no trained networks in {folder}: run `make repro`, or name a folder "
                "that has some with --model"
            )
        side = Architecture.load(folder / ARCHITECTURE).image_size
        encoder = freeze(load_unet(folder, ENCODER))
        return cls(*load_trained(folder), encoder, _settings(folder), side)

    def fill(
        self,
        images: Images,
        known: Known,
        *,
        method: str | None = None,
        candidates: int = 1,
        seed: int | None = None,
    ) -> Images:
        """Return several answers to each image, the likeliest first: uint8, N×K×S×S×3.

        Args:
            images: uint8, N×S×S×3.
            known: N×S×S; known pixels are unchanged.
            method: of WAYS; None = that of the settings.
            candidates: K. Several are found by the search alone, since the encoder knows but one.
            seed: of the search; None = that of the settings.

        Raises:
            UserError: the encoder or Yeh's method is asked for several answers.
        """
        if candidates > 1 and method not in (None, "latent"):
            raise UserError(f"the method {method} has one answer, not {candidates}")
        if method == BY_ENCODER:
            fill = feedforward.as_method(place(self.encoder), self.params)
            return fill(images, known)[:, None]
        changes: dict[str, object] = {} if seed is None else {"seed": seed}
        if method is not None:
            changes["method"] = method
        if candidates > 1:
            starts = max(self.params.starts, candidates)
            changes |= {"candidates": candidates, "starts": starts, "encoder_share": 0.0}
        params = self.params.model_copy(update=changes)
        networks = self.generator, self.discriminator
        return restore(images, known, *networks, params, encoder=self.encoder).candidates


def _settings(folder: Path) -> InpaintParams:
    for path, section in ((folder / SETTINGS, None), (folder.parent / PARAMS_FILE, "inpaint")):
        if path.is_file():
            document = load_params(path)
            values = document if section is None else document.get(section)
            return validate("inpaint", dict(values or {}), InpaintParams, path)
    raise UserError(
        f"{folder} has neither {SETTINGS} nor a {PARAMS_FILE} beside it: the settings of the search"
    )
