import hashlib
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from file_server import FileServer, running

from dcgan_inpainting import celeba, fetching
from dcgan_inpainting.celeba import OfficialFile, collect, download, expected_md5s
from dcgan_inpainting.errors import UserError
from dcgan_inpainting.partition import Entry

LIST = b"000001.jpg 0\n000002.jpg 1\n000003.jpg 2\n"
ENTRIES = [
    Entry("img_align_celeba/000001.jpg", "train"),
    Entry("img_align_celeba/000002.jpg", "val"),
    Entry("img_align_celeba/000003.jpg", "test"),
]
ANY = expected_md5s("any", "any")


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def make_archive(path: Path, names: tuple[str, ...] = (), extra: bytes = b"") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("img_align_celeba/", "")
        for name in names or [entry.file for entry in ENTRIES]:
            archive.writestr(name, name.encode())
        if extra:
            archive.writestr("Eval/list_eval_partition.txt", extra)
    return path


def collected(archive: Path | None, expected: celeba.Md5s = ANY) -> list[Entry]:
    folder = archive.parent if archive else Path()
    return collect(archive, folder / "out" / "images.zip", folder / "downloads", expected)


def test_a_local_archive_with_its_list(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "mine.zip")
    (tmp_path / "list_eval_partition.txt").write_bytes(LIST)
    expected = expected_md5s(md5(archive.read_bytes()), md5(LIST))
    assert collected(archive, expected) == ENTRIES
    copy = tmp_path / "out" / "images.zip"
    assert copy.read_bytes() == archive.read_bytes()
    assert not copy.samefile(archive)


def test_a_list_inside_the_archive(tmp_path: Path) -> None:
    assert collected(make_archive(tmp_path / "a.zip", extra=LIST)) == ENTRIES


def test_the_official_md5s_are_checked_by_default(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.zip")
    (tmp_path / "list_eval_partition.txt").write_bytes(LIST)
    with pytest.raises(UserError, match=r"00d2c5bc6d35e252742224ab0c1e8fcb.*data\.archive_md5"):
        collected(archive, expected_md5s(None, None))
    assert not list((tmp_path / "out").iterdir())
    with pytest.raises(UserError, match=r"d32c9cbf5e040fd4025c592c306e6668.*data\.partition_md5"):
        collected(archive, expected_md5s("any", None))
    assert not list((tmp_path / "out").iterdir())


def test_images_and_list_that_differ(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    names = ("x/000001.jpg", "x/000003.jpg", "x/000009.jpg")
    archive = make_archive(tmp_path / "a.zip", names, LIST)
    assert collected(archive) == [Entry(names[0], "train"), Entry(names[1], "test")]
    assert "1 images are not in the list" in caplog.text
    assert "1 listed images are not in the archive" in caplog.text
    with pytest.raises(UserError, match="names none of the archive's images"):
        collected(make_archive(tmp_path / "b.zip", ("000009.jpg",), LIST))


def test_other_images_without_a_list_have_no_split(tmp_path: Path) -> None:
    assert collected(make_archive(tmp_path / "a.zip")) == []


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("absent.zip", None, "is not a file"),
        ("a.zip", b"no zip", "not a readable zip"),
        ("empty.zip", b"PK\x05\x06" + bytes(18), "holds no images"),
    ],
)
def test_an_archive_that_is_none(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=reason):
        collected(tmp_path / name)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setattr(fetching.importlib.util, "find_spec", lambda name: None)
    with running() as server:
        yield server


def official(name: str, content: bytes, *addresses: str) -> OfficialFile:
    return OfficialFile(name, md5(content), "drive-id", addresses)


def test_the_download_tries_each_address(server: FileServer, tmp_path: Path) -> None:
    content = make_archive(tmp_path / "a.zip").read_bytes()
    page = server.add("/quota", b"<html>", content_type="text/html")
    good = server.add("/good", content)
    archive = official("img_align_celeba.zip", content, page, page + "/none", good)
    partition = official("list_eval_partition.txt", LIST, server.add("/list", LIST))
    expected = celeba.Md5s(archive.md5, partition.md5)
    folder = tmp_path / ".downloads"
    path = download(folder, expected, archive=archive, partition=partition)
    assert path.read_bytes() == content
    assert collect(path, tmp_path / "out.zip", folder, expected) == ENTRIES
    assert len(server.requests) == 4
    download(folder, expected, archive=archive, partition=partition)
    assert len(server.requests) == 4


def test_a_list_that_cannot_be_had_is_a_warning(
    server: FileServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    archive = official("img_align_celeba.zip", b"images", server.add("/a", b"images"))
    partition = official("list_eval_partition.txt", LIST, server.add("/b", b"", statuses=[403]))
    path = download(tmp_path, ANY, archive=archive, partition=partition)
    assert path.read_bytes() == b"images"
    assert "list_eval_partition.txt could not be downloaded" in caplog.text


def test_when_all_fail_the_last_word_says_what_to_do(server: FileServer, tmp_path: Path) -> None:
    quota = server.add("/quota", b"<html>", content_type="text/html")
    other = server.add("/other", b"another file")
    archive = official("img_align_celeba.zip", b"the real one", quota, other)
    with pytest.raises(UserError) as caught:
        download(tmp_path / ".downloads", celeba.Md5s(archive.md5, None), archive=archive)
    message = str(caught.value)
    for part in (
        f"{quota}: the answer is a web page",
        f"{other}: the content has md5 {md5(b'another file')}, expected {archive.md5}",
        "Google Drive drive-id: gdown is not installed",
        "http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
        f"img_align_celeba.zip (folder Img, md5 {archive.md5})",
        "list_eval_partition.txt (folder Eval, md5 d32c9cbf5e040fd4025c592c306e6668)",
        str(tmp_path / ".downloads"),
        "data.archive",
    ):
        assert part in message, message
