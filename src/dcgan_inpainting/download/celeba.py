"""CelebA's aligned-and-cropped faces: the official archive, its list of splits, their addresses.

Liu et al., "Deep Learning Face Attributes in the Wild", ICCV 2015. For non-commercial research.
"""

import hashlib
import logging
import zipfile
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from dcgan_inpainting.common import zips
from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.files import replacing
from dcgan_inpainting.common.partition import Entry
from dcgan_inpainting.download import fetching
from dcgan_inpainting.download.celeba_splits import (
    ANOTHER_LIST,
    CSV_NAME,
    LIST_NAME,
    listed_entries,
    official_entries,
    parse_list,
    refuse_unofficial,
)

log = logging.getLogger(__name__)

SITE = "http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
UNCHECKED = "any"

_MAX_LIST_BYTES = 2**26  # the official list has 2.8 MB


class OfficialFile(NamedTuple):
    """A file of CelebA: its name, md5, Google Drive id, and https addresses in order of trial."""

    name: str
    md5: str
    drive_id: str
    addresses: tuple[str, ...]


def _official(name: str, md5: str, drive_id: str, resource_key: str) -> OfficialFile:
    # CelebA's authors keep it on Google Drive, where a daily quota makes downloads fail; the
    # second address is Université Laval's copy.
    drive = "https://drive.usercontent.google.com/download?export=download&confirm=t"
    own = f"{drive}&id={drive_id}&resourcekey={resource_key}"
    copy = f"https://graal.ift.ulaval.ca/public/celeba/{name}"
    return OfficialFile(name, md5, drive_id, (own, copy))


ARCHIVE = _official(
    "img_align_celeba.zip",
    "00d2c5bc6d35e252742224ab0c1e8fcb",
    "0B7EVK8r0v71pZjFTYXZWM3FlRnM",
    "0-dYn9z10tMJOBAkviAcfdyQ",
)
PARTITION = _official(
    LIST_NAME,
    "d32c9cbf5e040fd4025c592c306e6668",
    "0B7EVK8r0v71pY0NSMzRuSXJEVkk",
    "0-i4TGCi_51OtQ5K9FSp4EDg",
)


class Md5s(NamedTuple):
    """The md5 that each file must have; None = any.

    The official list is CelebA's own, a .txt. Kaggle's .csv has no official md5: where the official
    one is expected, its splits are compared instead.
    """

    archive: str | None
    partition: str | None


def expected_md5s(archive: str | None, partition: str | None) -> Md5s:
    """Return the md5s to check from download.archive_md5 and download.partition_md5."""
    given = (archive or ARCHIVE.md5, partition or PARTITION.md5)
    return Md5s(*(None if md5 == UNCHECKED else md5 for md5 in given))


def collect(archive: Path | None, target: Path, downloads: Path, expected: Md5s) -> list[Entry]:
    """Copy CelebA's archive to `target`, and return its images with their splits.

    The splits are those of list_eval_partition.txt, or of Kaggle's list_eval_partition.csv, beside
    the archive or inside it; where there is none, the official ones, if the archive holds the
    official 202,599 images.

    Args:
        archive: the user's own archive; None = download the official one.
        target: where the copy goes.
        downloads: where downloads are kept, so that they are made once, and resumed.
        expected: the md5s of both files.

    Returns:
        the images that have a split, in the zip's order; none if there is no way to know it.

    Raises:
        UserError: an archive that is missing, no zip, encrypted, or has another md5; a list that
            cannot be read or does not fit; a download that fails at every address.
    """
    if archive is None:
        archive = download(downloads, expected)
    if not archive.is_file():
        raise UserError(f"download.archive: {archive} is not a file; it should be {ARCHIVE.name}")
    with replacing(target) as temporary:
        _copy(archive, temporary, expected.archive)
        with zips.opened(temporary, archive) as opened:
            names = zips.image_names(opened)
            _refuse_unreadable(archive, opened, names)
            listed = _listed(archive, opened, expected.partition)
    if not names:
        raise UserError(f"download.archive: {archive} holds no images")
    if listed is None:
        return official_entries(names)
    return listed_entries(names, listed, str(archive))


def download(
    folder: Path,
    expected: Md5s,
    *,
    archive: OfficialFile = ARCHIVE,
    partition: OfficialFile = PARTITION,
) -> Path:
    """Download the official archive and its list of splits into `folder`; return the archive.

    What is there already, with the right md5, is not downloaded again, and what was interrupted
    goes on where it stopped. A list that cannot be had is only a warning.

    Raises:
        UserError: no address gave the archive; the message says what to do by hand.
    """
    try:
        _obtain(archive, folder, expected.archive)
    except fetching.FetchError as error:
        raise UserError(_by_hand(error, folder, archive, partition)) from None
    try:
        _obtain(partition, folder, expected.partition)
    except fetching.FetchError as error:
        log.warning("%s could not be downloaded: %s", partition.name, error)
    return folder / archive.name


def _obtain(file: OfficialFile, folder: Path, md5: str | None) -> None:
    target = folder / file.name
    failures = []
    for address in file.addresses:
        try:
            return fetching.fetch(address, target, md5)
        except fetching.FetchError as error:
            log.info("%s: %s", address, error)
            failures.append(f"{address}: {error}")
    try:
        return fetching.fetch_from_drive(file.drive_id, target, md5)
    except fetching.FetchError as error:
        failures.append(f"Google Drive {file.drive_id}: {error}")
    raise fetching.FetchError("; ".join(failures))


def _by_hand(
    error: fetching.FetchError, folder: Path, archive: OfficialFile, partition: OfficialFile
) -> str:
    return (
        f"CelebA could not be downloaded ({error}). Download it by hand from {SITE} (Google Drive, "
        f"aligned and cropped images): {archive.name} (folder Img, md5 {archive.md5}) and "
        f"{partition.name} (folder Eval, md5 {partition.md5}); put both into {folder}, or both "
        f"elsewhere with download.archive set to the path of {archive.name}, and run again"
    )


def _copy(source: Path, target: Path, md5: str | None) -> None:
    # A copy, not a hard link: DVC makes what it tracks read-only, and the original is the user's.
    digest = hashlib.md5(usedforsecurity=False)
    size = source.stat().st_size
    with (
        source.open("rb") as reader,
        target.open("wb") as writer,
        tqdm(total=size, unit="B", unit_scale=True, desc=source.name) as bar,
    ):
        while block := reader.read(1 << 20):
            digest.update(block)
            writer.write(block)
            bar.update(len(block))
    if md5 and digest.hexdigest() != md5:
        raise UserError(
            f"download.archive: {source} has md5 {digest.hexdigest()}, expected {md5}; it is "
            "broken or another file. If it is the one you want (Kaggle's, say), set "
            "download.archive_md5 to its md5 or to any"
        )


def _refuse_unreadable(archive: Path, opened: zipfile.ZipFile, names: list[str]) -> None:
    # Only what the zip's directory tells: to unpack all images takes a minute.
    for name in names:
        try:
            zips.check_member(opened, name)
        except zips.UnreadableMemberError as error:
            raise UserError(
                f"download.archive: {archive}: {name} cannot be read: {error}"
            ) from None


def _listed(archive: Path, opened: zipfile.ZipFile, md5: str | None) -> dict[str, str] | None:
    """Return {image: split} from the list beside the archive or inside it; None without one."""
    found = _find_list(archive, opened)
    if found is None:
        return None
    where, content = found
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    unknown_md5 = where.endswith(CSV_NAME) and md5 == PARTITION.md5
    if md5 and not unknown_md5 and digest != md5:
        raise UserError(f"{where} has md5 {digest}, expected {md5}; {ANOTHER_LIST}")
    splits = parse_list(content, where)
    if unknown_md5:
        refuse_unofficial(splits, where)
    return splits


def _find_list(archive: Path, opened: zipfile.ZipFile) -> tuple[str, bytes] | None:
    """Return a list's name for errors and its content; beside goes before inside, .txt first."""
    for path in (archive.with_name(LIST_NAME), archive.with_name(CSV_NAME)):
        if path.is_file():
            return str(path), _read_list(path)
    for name in (LIST_NAME, CSV_NAME):
        for member in opened.namelist():
            if member.rpartition("/")[2] == name:
                where = f"{archive}: {member}"
                try:
                    return where, zips.read_member(opened, member, _MAX_LIST_BYTES)
                except zips.UnreadableMemberError as error:
                    raise UserError(f"{where} cannot be read: {error}") from None
    return None


def _read_list(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_LIST_BYTES + 1)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > _MAX_LIST_BYTES:
        raise UserError(f"{path} is no list of splits: more than {_MAX_LIST_BYTES} bytes")
    return content
