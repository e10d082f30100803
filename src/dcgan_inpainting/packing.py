"""Zips of images: the same images in the same order give the same bytes."""

import importlib.util
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from dcgan_inpainting.atomic import replacing
from dcgan_inpainting.errors import UserError

HEIC_SUFFIXES = frozenset((".heic", ".heif", ".hif"))  # telephones' photographs
_ALWAYS = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif")
)
IMAGE_SUFFIXES = _ALWAYS | HEIC_SUFFIXES if importlib.util.find_spec("pillow_heif") else _ALWAYS

# What zipfile raises for a member that is missing, damaged, encrypted or compressed otherwise.
READ_ERRORS = (KeyError, OSError, RuntimeError, zipfile.BadZipFile, zlib.error)


def is_image_name(name: str) -> bool:
    """Tell whether a file name is an image's, by its ending; hidden files are not.

    A zip made on macOS holds a hidden `__MACOSX/._name.jpg` for each image.
    """
    return PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES and not is_hidden(name)


def is_hidden(name: str) -> bool:
    """Tell whether a file, or a folder above it, is hidden."""
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(name).parts)


def pack(members: Iterable[tuple[str, bytes]], path: Path) -> None:
    """Write (name, content) pairs into a zip, uncompressed, in order, one at a time.

    Images are compressed already. Times, permissions and system are fixed, so the bytes depend
    on nothing but the members.
    """
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3  # Unix, also when written on Windows
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip for reading.

    Raises:
        UserError: there is no such file, or it is no zip.
    """
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise UserError(f"{path} not found") from None
    except (zipfile.BadZipFile, OSError) as error:
        raise UserError(f"{path} is not a readable zip: {error}") from None
    with archive:
        yield archive


def image_names(archive: zipfile.ZipFile) -> list[str]:
    """Return the names of the images in a zip, in the zip's order."""
    return [
        info.filename
        for info in archive.infolist()
        if not info.is_dir() and is_image_name(info.filename)
    ]
