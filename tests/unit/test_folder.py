import zipfile
from pathlib import Path

import pytest

from dcgan_inpainting.errors import UserError
from dcgan_inpainting.folder import pack_folder

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
