"""A user's own images: any folder, or zip, as one zip."""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from dcgan_inpainting import packing
from dcgan_inpainting.errors import UserError


def pack_folder(source: Path, target: Path) -> None:
    """Pack the images under a folder, at any depth, or in a zip, into the zip `target`.

    Images are taken by the ending of their names (packing.IMAGE_SUFFIXES), hidden ones left out,
    and ordered by their names; their content is not looked at.

    Raises:
        UserError: there is no such folder or zip, it holds no images, or one cannot be read.
    """
    if source.is_dir():
        packing.pack(_files(source), target)
    elif source.is_file():
        with packing.opened(source) as archive:
            packing.pack(_members(archive, source), target)
    else:
        raise UserError(f"data.archive: {source} is neither a folder nor a file")


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    # Names that are not UTF-8 (Linux allows any bytes) are spelt with backslashes in the zip.
    names = {
        os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace"): path
        for path in folder.rglob("*")
        if packing.is_image_name(path.relative_to(folder).as_posix()) and path.is_file()
    }
    _refuse_none(len(names), folder)
    for name in tqdm(sorted(names), unit="img"):
        try:
            yield name, names[name].read_bytes()
        except OSError as error:
            raise UserError(f"{names[name]} cannot be read: {error.strerror}") from None


def _members(archive: zipfile.ZipFile, source: Path) -> Iterator[tuple[str, bytes]]:
    names = sorted(set(packing.image_names(archive)))
    _refuse_none(len(names), source)
    for name in tqdm(names, unit="img"):
        try:
            yield name, packing.read_member(archive, name)
        except packing.UnreadableMemberError as error:
            raise UserError(f"{source}: {name} cannot be read: {error}") from None


def _refuse_none(count: int, source: Path) -> None:
    if not count:
        endings = " ".join(sorted(packing.IMAGE_SUFFIXES))
        raise UserError(f"data.archive: {source} holds no images (files ending in {endings})")
