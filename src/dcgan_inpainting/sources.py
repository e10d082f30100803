"""The images of each source, in one layout: a zip and a table of splits."""

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from dcgan_inpainting import celeba, packing
from dcgan_inpainting.drawing import draw_faces
from dcgan_inpainting.errors import UserError
from dcgan_inpainting.folder import pack_folder
from dcgan_inpainting.params import Section
from dcgan_inpainting.partition import SPLITS, Entry, by_name, by_position, count, write_partition


class DataParams(Section):
    """The section `data` of params.yaml."""

    source: Literal["drawn", "celeba", "folder"]
    archive: str | None
    archive_md5: str | None
    partition_md5: str | None
    images: int = Field(ge=10, le=1_000_000)
    val_fraction: float = Field(gt=0, le=0.5)
    test_fraction: float = Field(gt=0, le=0.5)
    seed: int = Field(ge=0, le=2**32 - 1)

    @field_validator("archive_md5", "partition_md5")
    @classmethod
    def _is_md5(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"any|[0-9a-fA-F]{32}", value):
            raise ValueError("should be 32 hexadecimal digits, any (not checked) or null")
        return value if value is None else value.lower()

    @model_validator(mode="after")
    def _fits_together(self) -> "DataParams":
        if self.source == "folder" and not self.archive:
            raise ValueError("archive is null, but source folder needs a folder or zip of images")
        if self.val_fraction + self.test_fraction >= 1:
            raise ValueError("val_fraction and test_fraction leave nothing to train on")
        return self


def make_raw(params: DataParams, folder: Path, root: Path) -> dict[str, int]:
    """Write folder/images.zip and folder/partition.csv from the source that the params name.

    The same layout whatever the source: the zip holds the images; the table has one row for each
    in the zip's order, file (the name inside the zip) and split (train, val or test).

    Args:
        params: the source, and what belongs to it.
        folder: where both go; made where it is missing.
        root: the user's project folder. `archive` is relative to it, and downloads are kept in
            its folder .downloads.

    Returns:
        the number of images in each split.

    Raises:
        UserError: the source is missing, wrong or empty, or a split would have no image.
    """
    target = folder / "images.zip"
    if params.source == "drawn":
        names = draw_faces(target, params.images, params.seed)
        splits = by_position(len(names), params.val_fraction, params.test_fraction)
        entries = [Entry(*pair) for pair in zip(names, splits, strict=True)]
    elif params.source == "celeba":
        expected = celeba.expected_md5s(params.archive_md5, params.partition_md5)
        found = celeba.collect(_archive(params, root), target, root / ".downloads", expected)
        entries = found or _split_by_name(target, params)
    else:
        pack_folder(_archive(params, root) or root, target)
        entries = _split_by_name(target, params)
    counts = count(entries)
    _refuse_empty(counts, params)
    write_partition(entries, folder / "partition.csv")
    return counts


def _archive(params: DataParams, root: Path) -> Path | None:
    # A queued DVC experiment runs in a copy elsewhere: relative to `root`, not to where it runs.
    return root / Path(params.archive).expanduser() if params.archive else None


def _split_by_name(archive: Path, params: DataParams) -> list[Entry]:
    with packing.opened(archive) as opened:
        names = packing.image_names(opened)
    return [Entry(name, by_name(name, params.val_fraction, params.test_fraction)) for name in names]


def _refuse_empty(counts: dict[str, int], params: DataParams) -> None:
    empty = [split for split in SPLITS if not counts[split]]
    if empty:
        raise UserError(
            f"{sum(counts.values())} images leave none for {' and '.join(empty)}: "
            f"data.val_fraction is {params.val_fraction}, data.test_fraction is "
            f"{params.test_fraction}; change them, or use more images"
        )


def check_source(params: DataParams, root: Path) -> None:
    """Refuse an archive that is not there, before anything runs.

    Raises:
        UserError: it is not there.
    """
    archive = _archive(params, root)
    if params.source != "drawn" and archive and not archive.exists():
        raise UserError(f"data.archive: {archive} is not there")
