"""Zips of images: the same images in the same order give the same bytes; any zip is read safely."""

import importlib.util
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.files import replacing

HEIC_SUFFIXES = frozenset((".heic", ".heif", ".hif"))  # telephones' photographs
_ALWAYS = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif")
)
IMAGE_SUFFIXES = _ALWAYS | HEIC_SUFFIXES if importlib.util.find_spec("pillow_heif") else _ALWAYS

MAX_IMAGE_BYTES = 256 * 2**20  # an image file above it is not read: it may be a bomb

# What zipfile raises for a member that is missing, damaged, encrypted or compressed otherwise, and
# for a damaged table of contents. ValueError is also UnicodeDecodeError, RuntimeError also
# NotImplementedError (a compression or a version that it does not know).
READ_ERRORS = (
    EOFError,
    KeyError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)

_ENCRYPTED = 0x2041  # bits of a member's flags: its content, strongly, or the directory too
_UNPACKED_AT_ONCE = (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_KNOWN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, *_UNPACKED_AT_ONCE)
_LONGEST_NAME = 2**16 - 1  # bytes of UTF-8


class UnreadableMemberError(zipfile.BadZipFile):
    """A zip's member that cannot be read, or should not be; the message is the reason."""


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

    Raises:
        UserError: a name is longer than a zip can hold.
    """
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, content in members:
            if len(name.encode()) > _LONGEST_NAME:
                raise UserError(f"{name[:60]}… is a name of more than {_LONGEST_NAME} bytes")
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3  # Unix, also when written on Windows
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)


@contextmanager
def opened(path: Path, called: Path | None = None) -> Iterator[zipfile.ZipFile]:
    """Open a zip for reading.

    Args:
        path: the zip.
        called: the name that the user knows it by, where that is another.

    Raises:
        UserError: there is no such file, or it is no zip, or a damaged one.
    """
    known = called or path
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise UserError(f"{known} not found") from None
    except MemoryError:
        raise UserError(f"{known} is not a readable zip: its directory fills the memory") from None
    except READ_ERRORS as error:
        raise UserError(f"{known} is not a readable zip: {_reason(error)}") from None
    with archive:
        packed = sum(info.compress_size for info in archive.infolist())
        if packed > path.stat().st_size:
            # Members that overlap are how a small file becomes petabytes.
            raise UserError(
                f"{known} is not a readable zip: its directory lists {packed} bytes, more than "
                "the file has"
            )
        yield archive


def image_names(archive: zipfile.ZipFile) -> list[str]:
    """Return the names of the images in a zip, in the zip's order, each once."""
    names = dict.fromkeys(archive.namelist())
    return [name for name in names if not name.endswith("/") and is_image_name(name)]


def check_member(archive: zipfile.ZipFile, name: str, limit: int = MAX_IMAGE_BYTES) -> None:
    """Refuse a member that the zip's directory already tells not to be readable.

    Raises:
        UnreadableMemberError: it is missing, outside the file, encrypted, compressed in a way that
            Python does not know, or of more than `limit` bytes.
    """
    info = archive.NameToInfo.get(name)
    if info is None:
        raise UnreadableMemberError("there is no such file in the archive")
    if info.flag_bits & _ENCRYPTED:
        raise UnreadableMemberError("it is encrypted; unpack the archive with its password")
    if info.compress_type not in _KNOWN:
        raise UnreadableMemberError(
            f"its compression (method {info.compress_type}) is not read; pack the archive anew, "
            "with deflate"
        )
    if not 0 <= info.header_offset < archive.start_dir:
        raise UnreadableMemberError("it is damaged: it would lie outside the archive")
    if info.file_size > limit:
        raise UnreadableMemberError(
            f"it unpacks to {info.file_size} bytes; more than {limit} are not read"
        )


def read_member(archive: zipfile.ZipFile, name: str, limit: int = MAX_IMAGE_BYTES) -> bytes:
    """Return a member's content, without ever holding much more than `limit` bytes.

    Raises:
        UnreadableMemberError: it is damaged, or what check_member refuses.
    """
    check_member(archive, name, limit)
    info = archive.getinfo(name)
    try:
        with archive.open(info) as member:
            if info.compress_type not in _UNPACKED_AT_ONCE:
                # The size given is a bound for the decompressor, and for what a lie can cost.
                return member.read(info.file_size + 1)
            # zipfile lets these two unpack all that they are fed, and 40 bytes can be 40 MB.
            assert isinstance(member, zipfile.ZipExtFile)
            member.MIN_READ_SIZE = 64
            return b"".join(iter(lambda: member.read(member.MIN_READ_SIZE), b""))
    except MemoryError:
        if info.compress_type != zipfile.ZIP_LZMA:
            raise
        # The size of LZMA's dictionary stands in the file.
        raise UnreadableMemberError("it is damaged: it asks for too much memory") from None
    except READ_ERRORS as error:
        raise UnreadableMemberError(f"it is damaged ({_reason(error)})") from None


def _reason(error: Exception) -> str:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return " ".join(reason.split()) or "it is cut short"
