import os
import time
import zipfile
from pathlib import Path

import pytest

from dcgan_inpainting import packing
from dcgan_inpainting.errors import UserError

MEMBERS = [("b.jpg", b"\xff" * 100), ("é/a.png", b""), ("c.webp", b"x")]


def test_the_same_members_give_the_same_bytes(tmp_path: Path) -> None:
    packing.pack(MEMBERS, tmp_path / "1.zip")
    time.sleep(2.1)  # zip times have steps of two seconds
    umask = os.umask(0o077)
    try:
        packing.pack(iter(MEMBERS), tmp_path / "2.zip")
    finally:
        os.umask(umask)
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()


def test_members_keep_order_and_content_uncompressed(tmp_path: Path) -> None:
    packing.pack(MEMBERS, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert [(name, archive.read(name)) for name in archive.namelist()] == MEMBERS
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_an_error_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    def members():  # type: ignore[no-untyped-def]
        yield MEMBERS[0]
        raise UserError("gone")

    with pytest.raises(UserError):
        packing.pack(members(), tmp_path / "a.zip")
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
    assert packing.is_image_name(name) is expected


def test_no_zip_is_a_users_error(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK this is no zip")
    with pytest.raises(UserError, match="not a readable zip"), packing.opened(tmp_path / "a.zip"):
        pass
    with pytest.raises(UserError, match="not found"), packing.opened(tmp_path / "b.zip"):
        pass
