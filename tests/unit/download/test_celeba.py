import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.partition import Entry
from dcgan_inpainting.download import celeba, fetching
from dcgan_inpainting.download.celeba import OfficialFile, collect, download, expected_md5s
from tests.unit.download.file_server import FileServer, running

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
    with pytest.raises(UserError, match=r"00d2c5bc6d35e252742224ab0c1e8fcb.*download\.archive_md5"):
        collected(archive, expected_md5s(None, None))
    assert not list((tmp_path / "out").iterdir())
    with pytest.raises(
        UserError, match=r"d32c9cbf5e040fd4025c592c306e6668.*download\.partition_md5"
    ):
        collected(archive, expected_md5s("any", None))
    assert not list((tmp_path / "out").iterdir())


def test_images_and_list_that_differ(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    names = tuple(f"x/00000{number}.jpg" for number in (1, 2, 3, 9))
    archive = make_archive(tmp_path / "a.zip", names, LIST + b"000004.jpg 0\n")
    assert collected(archive) == [
        Entry(name, split) for name, split in zip(names, ("train", "val", "test"), strict=False)
    ]
    assert "1 images are not in the list" in caplog.text
    assert "1 listed images are not in the archive" in caplog.text
    with pytest.raises(UserError, match="names no image of"):
        collected(make_archive(tmp_path / "b.zip", ("000009.jpg",), LIST))
    with pytest.raises(UserError, match=r"none of the 2 images of .*c\.zip into test; put a"):
        collected(make_archive(tmp_path / "c.zip", names[:2], LIST))


@pytest.mark.parametrize("beside", [False, True])
def test_the_archive_and_list_that_kaggle_has(tmp_path: Path, beside: bool) -> None:
    names = [f"img_align_celeba/{entry.file}" for entry in ENTRIES]
    csv = b"image_id,partition\r\n000001.jpg,0\r\n000002.jpg,1\r\n000003.jpg,2\r\n"
    with zipfile.ZipFile(tmp_path / "archive.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, name.encode())
        if not beside:
            archive.writestr("list_eval_partition.csv", csv)
    if beside:
        (tmp_path / "list_eval_partition.csv").write_bytes(csv)
    entries = [Entry(name, split) for name, (_, split) in zip(names, ENTRIES, strict=True)]
    # Its md5 is not CelebA's; the one that the user gives is checked.
    assert collected(tmp_path / "archive.zip", expected_md5s("any", None)) == entries
    assert collected(tmp_path / "archive.zip", expected_md5s("any", md5(csv))) == entries
    with pytest.raises(
        UserError, match=r"\.csv has md5 .*, expected 0{32}.*download\.partition_md5"
    ):
        collected(tmp_path / "archive.zip", expected_md5s("any", "0" * 32))


def test_the_list_of_celeba_goes_before_that_of_kaggle(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.zip", extra=b"not looked at")
    (tmp_path / "list_eval_partition.csv").write_bytes(b"not looked at either")
    (tmp_path / "list_eval_partition.txt").write_bytes(LIST)
    assert collected(archive) == ENTRIES
    (tmp_path / "list_eval_partition.txt").unlink()
    with pytest.raises(UserError, match=r"list_eval_partition\.csv, line 1"):
        collected(archive)


def test_a_list_that_cannot_be_read(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.zip", extra=LIST)
    content = archive.read_bytes()
    (tmp_path / "damaged.zip").write_bytes(content.replace(LIST, LIST.swapcase()))
    with pytest.raises(UserError, match=r"damaged\.zip: Eval/list.*cannot be read: it is damaged"):
        collected(tmp_path / "damaged.zip")
    with (tmp_path / "list_eval_partition.txt").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(UserError, match=r"partition\.txt is no list of splits: more than"):
        collected(archive)


def test_an_archive_that_is_encrypted_is_known_before_the_crop(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.zip", extra=LIST)
    content = bytearray(archive.read_bytes())
    content[content.rindex(b"PK\1\2", 0, content.rindex(b"000003.jpg")) + 8] |= 1
    archive.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.zip: img_align_celeba/000003\.jpg.*is encrypted"):
        collected(archive)
    assert not list((tmp_path / "out").iterdir())


def test_other_images_without_a_list_have_no_split(tmp_path: Path) -> None:
    assert collected(make_archive(tmp_path / "a.zip")) == []


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("absent.zip", None, "is not a file"),
        ("a.zip", b"no zip", r"/a\.zip is not a readable zip"),
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
    assert "\n" not in message
    for part in (
        f"{quota}: the answer is a web page",
        f"{other}: the content has md5 {md5(b'another file')}, expected {archive.md5}",
        "Google Drive drive-id: gdown is not installed",
        "http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
        f"img_align_celeba.zip (folder Img, md5 {archive.md5})",
        "list_eval_partition.txt (folder Eval, md5 d32c9cbf5e040fd4025c592c306e6668)",
        str(tmp_path / ".downloads"),
        "download.archive",
    ):
        assert part in message, message
