import os
import random
import time
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import pytest

from dcgan_inpainting.common import zips
from dcgan_inpainting.common.errors import UserError

MEMBERS = [("b.jpg", b"\xff" * 100), ("é/a.png", b""), ("c.webp", b"x")]


def test_the_same_members_give_the_same_bytes(tmp_path: Path) -> None:
    zips.pack(MEMBERS, tmp_path / "1.zip")
    time.sleep(2.1)  # zip times have steps of two seconds
    umask = os.umask(0o077)
    try:
        zips.pack(iter(MEMBERS), tmp_path / "2.zip")
    finally:
        os.umask(umask)
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()


def test_members_keep_order_and_content_uncompressed(tmp_path: Path) -> None:
    zips.pack(MEMBERS, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert [(name, archive.read(name)) for name in archive.namelist()] == MEMBERS
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_an_error_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    def members():  # type: ignore[no-untyped-def]
        yield MEMBERS[0]
        raise UserError("gone")

    with pytest.raises(UserError):
        zips.pack(members(), tmp_path / "a.zip")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/b.JPG", True),
        ("a.jpeg", True),
        ("x.png", True),
        ("x.WebP", True),
        ("x.txt", False),
        ("jpg", False),
        (".x.jpg", False),
        ("a/.cache/x.jpg", False),
        ("__MACOSX/x.jpg", False),
    ],
)
def test_image_names(name: str, expected: bool) -> None:
    assert zips.is_image_name(name) is expected


def test_no_zip_is_a_users_error(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK this is no zip")
    with pytest.raises(UserError, match="not a readable zip"), zips.opened(tmp_path / "a.zip"):
        pass
    with pytest.raises(UserError, match="not found"), zips.opened(tmp_path / "b.zip"):
        pass
    mine = tmp_path / "mine.zip"
    with (
        pytest.raises(UserError, match=r"/mine\.zip is not a readable zip"),
        zips.opened(tmp_path / "a.zip", mine),
    ):
        pass


def test_a_name_longer_than_a_zip_allows(tmp_path: Path) -> None:
    zips.pack([("a" * 65_535, b"")], tmp_path / "a.zip")
    with pytest.raises(UserError, match="a name of more than 65535 bytes"):
        zips.pack([("é" * 32_768, b"")], tmp_path / "a.zip")


def test_an_image_named_twice_is_one(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("b.jpg", "a.jpg", "b.jpg", "c.txt", "d.jpg/"):
            archive.writestr(name, b"")
    with zips.opened(tmp_path / "a.zip") as archive:
        assert zips.image_names(archive) == ["b.jpg", "a.jpg"]


COMPRESSIONS = {
    "stored": zipfile.ZIP_STORED,
    "deflate": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}


@pytest.mark.parametrize("compression", COMPRESSIONS.values(), ids=COMPRESSIONS)
def test_a_member_is_read_whole_up_to_the_limit(tmp_path: Path, compression: int) -> None:
    contents = [b"", b"x", random.Random(0).randbytes(100_000), bytes(1_000_000)]
    with zipfile.ZipFile(tmp_path / "a.zip", "w", compression) as archive:
        for number, content in enumerate(contents):
            archive.writestr(str(number), content)
    with zips.opened(tmp_path / "a.zip") as archive:
        for number, content in enumerate(contents):
            assert zips.read_member(archive, str(number), 1_000_000) == content
        with pytest.raises(zips.UnreadableMemberError, match="unpacks to 1000000 bytes; more"):
            zips.read_member(archive, "3", 999_999)
        with pytest.raises(zips.UnreadableMemberError, match="no such file in the archive"):
            zips.read_member(archive, "4")


@pytest.mark.parametrize("compression", ["deflate", "bzip2", "lzma"])
def test_a_member_that_is_larger_than_it_says_is_refused(tmp_path: Path, compression: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", COMPRESSIONS[compression]) as archive:
        archive.writestr("a", bytes(150_000_000))
    archive = zipfile.ZipFile(tmp_path / "a.zip")
    archive.getinfo("a").file_size = 1000
    tracemalloc.start()
    with archive, pytest.raises(zips.UnreadableMemberError, match=r"it is damaged \(Bad CRC-32"):
        zips.read_member(archive, "a")
    # bzip2 unpacks each of its blocks, of up to 46 MB of zeros, at once.
    assert tracemalloc.get_traced_memory()[1] < 120_000_000
    tracemalloc.stop()
