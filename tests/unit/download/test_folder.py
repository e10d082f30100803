import logging
import os
import zipfile
from pathlib import Path

import pytest

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.download.folder import pack_folder

FILES = {"b.jpg": b"1", "a/é.PNG": b"2", "a/b/c.webp": b"3"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "notes.txt").write_text("no image")
    (folder / ".hidden.jpg").write_text("hidden")
    (folder / "folder.jpg").mkdir()
    return folder


def content(path: Path) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def test_a_folder_at_any_depth(folder: Path, tmp_path: Path) -> None:
    pack_folder(folder, tmp_path / "out.zip")
    assert content(tmp_path / "out.zip") == sorted(FILES.items())


def test_a_zip_gives_the_same_as_its_folder(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in reversed(FILES):
            archive.write(folder / name, name)
        archive.writestr("__MACOSX/._b.jpg", "not an image")
    pack_folder(tmp_path / "in.zip", tmp_path / "1.zip")
    pack_folder(folder, tmp_path / "2.zip")
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="absent is neither a folder nor a file"):
        pack_folder(tmp_path / "absent", tmp_path / "out.zip")


def test_no_images(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "a.txt").touch()
    zipfile.ZipFile(tmp_path / "empty.zip", "w").close()
    for source in ("empty", "empty.zip"):
        with pytest.raises(UserError, match=r"holds no images .*\.jpg"):
            pack_folder(tmp_path / source, tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()


def test_a_damaged_zip_names_the_member(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("a.jpg", b"the content")
    data = (tmp_path / "in.zip").read_bytes()
    (tmp_path / "in.zip").write_bytes(data.replace(b"the content", b"THE content"))
    with pytest.raises(UserError, match=r"a\.jpg cannot be read"):
        pack_folder(tmp_path / "in.zip", tmp_path / "out.zip")


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_what_is_left_out_is_counted(
    kind: str, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for name in ("1.TXT", "README", "x.cr2", "y.a b", "a/1.cr2", "a/2.cr2"):
        (folder / name).touch()
    source = folder
    if kind == "zip":
        source = tmp_path / "in.zip"
        with zipfile.ZipFile(source, "w") as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, path.relative_to(folder))
    pack_folder(source, tmp_path / "out.zip")
    [line] = [record.getMessage() for record in caplog.records]
    assert line == f"{source}: left out: 3 .cr2, 2 .txt, 2 with no known ending, 1 hidden"


def test_many_kinds_left_out_are_one_short_line(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for number in range(20):
        (folder / f"a.{number:02}").touch()
    pack_folder(folder, tmp_path / "out.zip")
    assert caplog.records[0].getMessage().endswith("1 .11, 10 more kinds")


def test_nothing_is_said_where_nothing_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.jpg").touch()
    pack_folder(tmp_path / "mine", tmp_path / "out.zip")
    assert not caplog.records


def test_each_real_folder_and_file_is_taken_once_by_its_real_place(tmp_path: Path) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other"
    (mine / "z").mkdir(parents=True)
    other.mkdir()
    (mine / "z" / "1.jpg").write_bytes(b"1")
    (other / "2.jpg").write_bytes(b"2")
    (other / "3.jpg").write_bytes(b"3")
    for name in ("a", "b", "z/c"):
        (mine / name).symlink_to(other)
    (mine / "a2.jpg").symlink_to(other / "2.jpg")
    (mine / "up").symlink_to(tmp_path)
    (mine / "a.png").symlink_to(mine / "z")  # a folder for all its ending
    pack_folder(mine, tmp_path / "out.zip")
    assert content(tmp_path / "out.zip") == [
        ("a/2.jpg", b"2"),
        ("a/3.jpg", b"3"),
        ("z/1.jpg", b"1"),
    ]


def test_a_zips_backslashes_part_folders(tmp_path: Path) -> None:
    names = ["a/b.jpg", "a\\b.jpg", "a/b~2.jpg", "c\\d\\e.jpg", "__MACOSX\\._b.jpg", "f\\"]
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for name in names:
            archive.writestr(name, name)
    pack_folder(tmp_path / "in.zip", tmp_path / "out.zip")
    assert content(tmp_path / "out.zip") == [
        ("a/b.jpg", b"a/b.jpg"),
        ("a/b~2.jpg", b"a/b~2.jpg"),
        ("a/b~3.jpg", b"a\\b.jpg"),
        ("c/d/e.jpg", b"c\\d\\e.jpg"),
    ]


def test_a_file_too_large_to_be_an_image_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with (tmp_path / "mine" / "sparse.jpg").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UserError, match=r"sparse\.jpg has 1099511627776 bytes"):
        pack_folder(tmp_path / "mine", tmp_path / "out.zip")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_left_out(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(folder / "pipe.jpg")
    pack_folder(folder, tmp_path / "out.zip")
    assert len(content(tmp_path / "out.zip")) == len(FILES)
