"""A user's own images: any folder, or zip, as one zip."""

import itertools
import logging
import zipfile
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from dcgan_inpainting.common import zips
from dcgan_inpainting.common.errors import UserError

log = logging.getLogger(__name__)

_KINDS_TOLD = 12  # kinds of files left out that the line names


def pack_folder(source: Path, target: Path) -> None:
    """Pack the images under a folder, at any depth, or in a zip, into the zip `target`.

    Images are taken by the ending of their names (zips.IMAGE_SUFFIXES), hidden ones left out,
    and ordered by their names; their content is not looked at. Links are followed, but no folder
    and no file is taken twice. How many files of which kind are left out is logged. Names in
    `target` hold no backslash, which other systems take for a slash.

    Raises:
        UserError: there is no such folder or zip, it holds no images, or one cannot be read.
    """
    left_out: Counter[str] = Counter()
    if source.is_dir():
        files = _files(source, left_out)
        readers = {name: partial(_read_file, path) for name, path in files.items()}
        zips.pack(_contents(readers, source, left_out), target)
    elif source.is_file():
        with zips.opened(source) as archive:
            members = _members(archive, left_out)
            of = {name: partial(_read_member, archive, m, source) for name, m in members.items()}
            zips.pack(_contents(of, source, left_out), target)
    else:
        raise UserError(f"download.archive: {source} is neither a folder nor a file")


def _contents(
    readers: Mapping[str, Callable[[], bytes]], source: Path, left_out: Counter[str]
) -> Iterator[tuple[str, bytes]]:
    """Yield each image's name and content, by name, having said what is left out."""
    if left_out:
        log.info("%s: left out: %s", source, _told(left_out))
    if not readers:
        endings = " ".join(sorted(zips.IMAGE_SUFFIXES))
        raise UserError(f"download.archive: {source} holds no images (files ending in {endings})")
    for name in tqdm(sorted(readers), unit="img"):
        yield name, readers[name]()


def _files(folder: Path, left_out: Counter[str]) -> dict[str, Path]:
    """Return {name in the zip: path} of a folder's images; count the other files by kind."""
    files: dict[str, Path] = {}
    links: dict[str, Path] = {}
    for path in _below(folder, left_out):
        name = path.relative_to(folder).as_posix()
        if not path.exists():
            left_out["broken links"] += 1
        elif not zips.is_image_name(name):
            left_out[_kind(name)] += 1
        elif not path.is_file():
            left_out["devices, pipes and the like"] += 1
        else:
            (links if path.is_symlink() else files)[name] = path
    real = {path.resolve() for path in files.values()}
    for name, path in sorted(links.items()):
        if path.resolve() in real:
            # Else the same face might be trained on and tested on.
            left_out["links to images that are there"] += 1
        else:
            real.add(path.resolve())
            files[name] = path
    return {spelt: files[name] for name, spelt in _spelt(files, "_").items()}


def _below(folder: Path, left_out: Counter[str]) -> Iterator[Path]:
    """Yield all below a folder that is no folder, the content of each real folder once."""
    visited = set()
    waiting = deque([folder])  # links last: an image is named by the place where it really lies
    while waiting:
        here = waiting.popleft()
        if here.resolve() in visited:
            continue  # a circle, or a second link
        visited.add(here.resolve())
        try:
            entries = sorted(here.iterdir())
        except OSError as error:
            raise UserError(f"{here} cannot be read: {error.strerror}") from None
        for path in entries:
            if not path.is_dir():
                yield path
            elif zips.is_hidden(path.name):
                left_out["hidden"] += 1
            elif path.is_symlink():
                waiting.append(path)
            else:
                waiting.appendleft(path)


def _members(archive: zipfile.ZipFile, left_out: Counter[str]) -> dict[str, str]:
    """Return {name in the new zip: name} of a zip's images; count its other files by kind."""
    # Zips made on Windows may part folders by backslashes.
    names = {name: name.replace("\\", "/") for name in archive.namelist()}
    names = {name: slashed for name, slashed in names.items() if not slashed.endswith("/")}
    images = [name for name, slashed in names.items() if zips.is_image_name(slashed)]
    left_out.update(_kind(names[name]) for name in names.keys() - set(images))
    return {spelt: name for name, spelt in _spelt(images, "/").items()}


def _spelt(names: Iterable[str], instead: str) -> dict[str, str]:
    """Return {name: name in the zip}: UTF-8, `instead` for a backslash, and no two the same."""
    # Linux allows any bytes in names; Python shows those that are not UTF-8 as surrogates.
    wanted = {
        name: name.encode("utf-8", "surrogateescape")
        .decode("utf-8", "backslashreplace")
        .replace("\\", instead)
        for name in names
    }
    taken = {name for name, spelling in wanted.items() if name == spelling}
    for name in sorted(wanted.keys() - taken):
        path = PurePosixPath(wanted[name])
        others = (str(path.with_stem(f"{path.stem}~{n}")) for n in itertools.count(2))
        wanted[name] = next(s for s in itertools.chain([str(path)], others) if s not in taken)
        taken.add(wanted[name])
    return wanted


def _kind(name: str) -> str:
    if zips.is_hidden(name):
        return "hidden"
    ending = PurePosixPath(name).suffix.lower()
    return ending if ending[1:].isalnum() else "with no known ending"


def _told(left_out: Counter[str]) -> str:
    """Return, for example, "31 .heic (to read them, …), 2 .txt, 3 hidden"."""
    unread = zips.HEIC_SUFFIXES - zips.IMAGE_SUFFIXES
    kinds = [
        f"{count} {kind}" + (" (to read them: pip install pillow-heif)" if kind in unread else "")
        for kind, count in sorted(left_out.items(), key=lambda item: (-item[1], item[0]))
    ]
    more = [f"{len(kinds) - _KINDS_TOLD} more kinds"] if len(kinds) > _KINDS_TOLD else []
    return ", ".join(kinds[:_KINDS_TOLD] + more)


def _read_file(path: Path) -> bytes:
    try:
        size, most = path.stat().st_size, zips.MAX_IMAGE_BYTES
        if size > most:
            raise UserError(f"{path} has {size} bytes; images of more than {most} are not read")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None


def _read_member(archive: zipfile.ZipFile, name: str, source: Path) -> bytes:
    try:
        return zips.read_member(archive, name)
    except zips.UnreadableMemberError as error:
        raise UserError(f"{source}: {name} cannot be read: {error}") from None
