"""The images of each source, in one layout: a zip and a table of splits."""

import logging
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from dcgan_inpainting.common import zips
from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.partition import Entry, by_name, by_position, count, write_partition
from dcgan_inpainting.common.settings import Section, one_of
from dcgan_inpainting.download import celeba
from dcgan_inpainting.download.drawn_faces.write import draw_faces
from dcgan_inpainting.download.folder import pack_folder

log = logging.getLogger(__name__)


def _drawn(params: "DownloadParams", target: Path, _root: Path) -> list[Entry]:
    names = draw_faces(target, params.images, params.seed)
    splits = by_position(len(names), params.val_fraction, params.test_fraction)
    return [Entry(*pair) for pair in zip(names, splits, strict=True)]


def _celeba(params: "DownloadParams", target: Path, root: Path) -> list[Entry]:
    archive = _archive(params.archive, root) if params.archive else None
    expected = celeba.expected_md5s(params.archive_md5, params.partition_md5)
    found = celeba.collect(archive, target, root / ".downloads", expected)
    return found or _split_by_name(target, params)


def _folder(params: "DownloadParams", target: Path, root: Path) -> list[Entry]:
    pack_folder(_archive(params.archive or "", root), target)
    return _split_by_name(target, params)


def _split_by_name(archive: Path, params: "DownloadParams") -> list[Entry]:
    with zips.opened(archive) as opened:
        names = zips.image_names(opened)
    splits, how = by_name(names, params.val_fraction, params.test_fraction)
    log.info("split %s", how)
    return [Entry(*pair) for pair in zip(names, splits, strict=True)]


def _archive(archive: str, root: Path) -> Path:
    # A queued DVC experiment runs in a copy elsewhere: relative to `root`, not to where it runs.
    try:
        return root / Path(archive).expanduser()
    except RuntimeError:
        raise UserError(f"download.archive: there is no user for the ~ of {archive}") from None


# Each writes the images of a source to a zip, and returns the split of each, in the zip's order. A
# new one is a function and a line here.
Source = Callable[["DownloadParams", Path, Path], list[Entry]]  # settings, target, project folder
SOURCES: Mapping[str, Source] = {
    "drawn": _drawn,
    "celeba": _celeba,
    "folder": _folder,
}


class DownloadParams(Section):
    """Section `download` of params.yaml, where each key is described."""

    source: Annotated[str, one_of(SOURCES)]
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
    def _fits_together(self) -> "DownloadParams":
        if self.source == "folder" and not self.archive:
            raise ValueError("archive is null, but source folder needs a folder or zip of images")
        if self.val_fraction + self.test_fraction >= 1:
            raise ValueError("val_fraction and test_fraction leave nothing to train on")
        return self


def check_source(params: DownloadParams, root: Path) -> None:
    """Refuse a download.archive that is missing, empty, unreadable or no zip.

    It takes milliseconds, so it can go before everything else; whether there are images in it, and
    of which kind, is for make_raw to find out.

    Args:
        params: the source, and its archive.
        root: the user's project folder, which `archive` is relative to.

    Raises:
        UserError: there is no such archive, or it is none.
    """
    if params.source == "drawn" or not params.archive:
        return
    archive = _archive(params.archive, root)
    try:
        problem = _problem(archive, params.source)
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except zipfile.BadZipFile as error:
        problem = f"is not a readable zip: {error}"
    if problem:
        raise UserError(f"download.archive: {archive} {problem}")


def _problem(archive: Path, source: str) -> str:
    if source == "folder" and archive.is_dir():
        return "" if any(archive.iterdir()) else "is an empty folder"
    if not archive.exists():
        return "is not there"
    if not archive.is_file():
        return f"is no {'zip' if source == 'celeba' else 'folder or zip'} of images"
    with archive.open("rb") as file:
        whole = zipfile.is_zipfile(file)
    return (
        "" if whole else "is not a readable zip, or only a part of one: copy or download it again"
    )


def make_raw(params: DownloadParams, folder: Path, root: Path) -> dict[str, int]:
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
        UserError: the source is missing, damaged or empty, or has fewer than three images.
    """
    check_source(params, root)
    entries = SOURCES[params.source](params, folder / "images.zip", root)
    counts = count(entries)
    if not all(counts.values()):
        raise UserError(
            f"download.archive: {params.archive} gives {len(entries)} images; training, validation "
            f"and test need at least one each"
        )
    write_partition(entries, folder / "partition.csv")
    return counts
