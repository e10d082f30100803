"""What of params.yaml does not go together, found before the first stage does any work.

Each section's own module says what it may hold. Here is what one section asks of another, and of
the files that they name.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_inpainting.baselines.params import BaselinesParams
from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.partition import by_position
from dcgan_inpainting.common.settings import PARAMS_FILE, Section, check_all, joined, shown
from dcgan_inpainting.crop.square import CropParams, SquareDoesNotFitError, cut_square
from dcgan_inpainting.download.drawn_faces.canvas import HEIGHT, WIDTH
from dcgan_inpainting.download.sources import DownloadParams, check_source
from dcgan_inpainting.encoder.params import EncoderParams
from dcgan_inpainting.inpaint.params import InpaintParams
from dcgan_inpainting.masks.kinds import kind_and_number
from dcgan_inpainting.masks.own import read_masks
from dcgan_inpainting.masks.params import OWN, MasksParams
from dcgan_inpainting.pictures.params import PicturesParams
from dcgan_inpainting.train.params import TrainParams
from dcgan_inpainting.unet.params import UNetParams


@dataclass(frozen=True)
class Settings:
    """All sections of params.yaml."""

    download: DownloadParams
    crop: CropParams
    train: TrainParams
    encoder: EncoderParams
    unet: UNetParams
    masks: MasksParams
    inpaint: InpaintParams
    baselines: BaselinesParams
    pictures: PicturesParams


_TYPES: dict[str, Any] = {field.name: field.type for field in fields(Settings)}
SECTIONS: dict[str, type[Section]] = _TYPES


def check_settings(path: Path = PARAMS_FILE, root: Path = Path()) -> Settings:
    """Return all sections of params.yaml, which are right, and go together.

    Args:
        path: the file.
        root: the user's own checkout, to which download.archive is relative.

    Raises:
        UserError: what is wrong, all of it in one line.
    """
    sections: dict[str, Any] = check_all(SECTIONS, path)
    settings = Settings(**sections)
    complaints = []
    for rule in RULES:
        try:
            rule(settings, root)
        except UserError as error:
            complaints.append(str(error))
        except OSError as error:  # of a path that is in the settings
            complaints.append(f"{shown(error.filename)}: {error.strerror}")
    if complaints:
        raise UserError(f"{path}: {joined(complaints)}")
    return settings


def _source_is_there(settings: Settings, root: Path) -> None:
    check_source(settings.download, root)


def _square_fits(settings: Settings, _root: Path) -> None:
    """Drawn faces have CelebA's size; of other archives it is not known yet."""
    if settings.download.source != "drawn" and settings.download.archive:
        return
    if settings.download.source == "folder":
        return
    crop = settings.crop
    try:
        cut_square(np.empty((HEIGHT, WIDTH, 3), np.uint8), crop.size, crop.offset_x, crop.offset_y)
    except SquareDoesNotFitError as error:
        raise UserError(
            f"crop.size, crop.offset_x and crop.offset_y reach beyond the images: {error}"
            + (f"; there {error.fits} px fit" if error.fits else "")
        ) from None


def _batches_fit(settings: Settings, _root: Path) -> None:
    """Only of drawn faces is it known how many there are to train on."""
    download = settings.download
    if download.source != "drawn":
        return
    splits = by_position(download.images, download.val_fraction, download.test_fraction)
    available = splits.count("train")
    sizes = {"train": settings.train.batch_size, "encoder": settings.encoder.batch_size}
    if settings.encoder.images == 0:
        del sizes["encoder"]
    for section, size in sizes.items():
        if size > available:
            raise UserError(
                f"{section}.batch_size is {size}, and download.images, less those for validation "
                f"and test, leaves {available} to train on: a smaller batch is needed, or more "
                "images"
            )


def _batch_can_be_shared(settings: Settings, _root: Path) -> None:
    """Batch norm wants two images for each process."""
    train = settings.train
    if train.devices == "all":
        return
    processes = train.devices * train.nodes
    share, rest = divmod(train.batch_size, processes)
    if processes > 1 and (rest or share < 2):
        raise UserError(
            f"train.batch_size is {train.batch_size}, which {processes} processes (train.devices "
            "times train.nodes) can't share evenly, with at least 2 images for each"
        )


def _encoder_is_trained(settings: Settings, _root: Path) -> None:
    if settings.inpaint.resolved().uses_encoder and settings.encoder.images == 0:
        raise UserError(
            "encoder.images is 0, so there is no encoder; set inpaint.start to random and "
            "inpaint.encoder_share to 0, or train one"
        )


def _depth_is_there(settings: Settings, _root: Path) -> None:
    """The last block's output is the image itself, which is not searched."""
    size, bottom = settings.crop.image_size, settings.train.bottom_size
    blocks = len(settings.train.architecture(size).channels)
    depth = settings.inpaint.resolved().depth
    if depth > blocks:
        raise UserError(
            f"inpaint.depth is {depth}, and the generator has {blocks} blocks whose features can "
            f"be searched at crop.image_size {size} and train.bottom_size {bottom}: {blocks} is "
            "the most"
        )


def _masks_are_there(settings: Settings, _root: Path) -> None:
    masks = settings.masks
    if not masks.folder.is_dir():
        raise UserError(
            f"masks.folder is {shown(str(masks.folder))}, which is no folder here; DVC needs it "
            "even where masks.kinds holds no 'file'"
        )
    if OWN in masks.kinds:
        read_masks(masks.folder, 1, settings.crop.image_size)


def _kinds_fit(settings: Settings, _root: Path) -> None:
    """A hole with a number in its name may be too large for small images."""
    size = settings.crop.image_size
    for section, kinds in (("masks", settings.masks.kinds), ("encoder", settings.encoder.kinds)):
        for place, kind in enumerate(kinds):
            try:
                if kind != OWN:
                    kind_and_number(kind, size)
            except ValueError as error:
                raise UserError(
                    f"{section}.kinds.{place} is {shown(kind)}, which does not fit crop.image_size "
                    f"{size}: {error}"
                ) from None


RULES: tuple[Callable[[Settings, Path], None], ...] = (
    _source_is_there,
    _square_fits,
    _batches_fit,
    _batch_can_be_shared,
    _encoder_is_trained,
    _depth_is_there,
    _masks_are_there,
    _kinds_fit,
)
