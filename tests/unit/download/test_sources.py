import io
import logging
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.partition import by_name, read_partition
from dcgan_inpainting.common.settings import read_section, validate
from dcgan_inpainting.download.sources import DownloadParams, check_source, make_raw

DEFAULTS = {
    "source": "drawn",
    "archive": None,
    "archive_md5": None,
    "partition_md5": None,
    "images": 10,
    "val_fraction": 0.2,
    "test_fraction": 0.1,
    "seed": 1,
}


def download_params(**changes: object) -> DownloadParams:
    return validate("download", DEFAULTS | changes, DownloadParams, Path("params.yaml"))


def make_folder(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(folder / f"{number}.png")


def check_layout(raw: Path, count: int) -> list[str]:
    """Both files are there, alone, and name the same images in the same order."""
    assert sorted(path.name for path in raw.iterdir()) == ["images.zip", "partition.csv"]
    entries = read_partition(raw / "partition.csv")
    with zipfile.ZipFile(raw / "images.zip") as archive:
        assert [entry.file for entry in entries] == archive.namelist()
        Image.open(io.BytesIO(archive.read(entries[0].file))).verify()
    assert len(entries) == count
    return [entry.split for entry in entries]


def test_drawn(tmp_path: Path) -> None:
    counts = make_raw(download_params(), tmp_path / "raw", tmp_path)
    assert counts == {"train": 7, "val": 2, "test": 1}
    splits = check_layout(tmp_path / "raw", 10)
    assert splits == ["train"] * 7 + ["val"] * 2 + ["test"]


def test_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_folder(tmp_path / "project" / "mine", 60)
    elsewhere = tmp_path / "queued experiment"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    params = download_params(source="folder", archive="mine")
    check_source(params, tmp_path / "project")
    make_raw(params, Path("raw"), tmp_path / "project")
    splits = check_layout(elsewhere / "raw", 60)
    names = sorted(f"{number}.png" for number in range(60))
    assert splits == by_name(names, 0.2, 0.1)[0]


def test_a_path_under_the_users_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    make_folder(tmp_path / "faces", 60)
    params = download_params(source="folder", archive="~/faces")
    assert sum(make_raw(params, tmp_path / "raw", tmp_path / "project").values()) == 60


def test_celeba_with_its_list(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "celeba.zip", "w") as archive:
        for number in range(1, 5):
            file = io.BytesIO()
            Image.new("RGB", (8, 8)).save(file, "JPEG")
            archive.writestr(f"img_align_celeba/{number:06d}.jpg", file.getvalue())
    lines = "000001.jpg 2\n000002.jpg 0\n000003.jpg 1\n000004.jpg 0\n"
    (tmp_path / "list_eval_partition.txt").write_text(lines)
    values = {"archive": "celeba.zip", "archive_md5": "any", "partition_md5": "any"}
    params = download_params(source="celeba", **values)
    assert make_raw(params, tmp_path / "raw", tmp_path) == {"train": 2, "val": 1, "test": 1}
    assert check_layout(tmp_path / "raw", 4) == ["test", "train", "val", "train"]


def test_celeba_without_a_list_is_split_by_name(tmp_path: Path) -> None:
    names = [f"{number:06d}.jpg" for number in range(1, 101)]
    with zipfile.ZipFile(tmp_path / "celeba.zip", "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    params = download_params(source="celeba", archive="celeba.zip", archive_md5="any")
    make_raw(params, tmp_path / "raw", tmp_path)
    entries = read_partition(tmp_path / "raw" / "partition.csv")
    assert [entry.split for entry in entries] == by_name(names, 0.2, 0.1)[0]


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_for_each_person_is_split_by_person(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, packed: bool
) -> None:
    for person in range(12):
        make_folder(tmp_path / "mine" / f"{person:03d}", 4)
    if packed:
        shutil.make_archive(str(tmp_path / "mine"), "zip", tmp_path, "mine")
    caplog.set_level(logging.INFO)
    params = download_params(source="folder", archive="mine.zip" if packed else "mine")
    counts = make_raw(params, tmp_path / "raw", tmp_path)
    assert min(counts.values()) > 0
    assert "split by 12 folders, the images of each in one split" in caplog.text
    splits = check_layout(tmp_path / "raw", 48)
    assert all(len(set(splits[first : first + 4])) == 1 for first in range(0, 48, 4))


def test_three_images_are_enough_and_two_are_not(tmp_path: Path) -> None:
    make_folder(tmp_path / "three", 3)
    make_folder(tmp_path / "two", 2)
    fractions = {"val_fraction": 0.01, "test_fraction": 0.01}
    params = download_params(source="folder", archive="three", **fractions)
    assert make_raw(params, tmp_path / "raw", tmp_path) == {"train": 1, "val": 1, "test": 1}
    params = download_params(source="folder", archive="two", **fractions)
    with pytest.raises(UserError, match="two gives 2 images; training, validation and test need"):
        make_raw(params, tmp_path / "other", tmp_path)
    assert not (tmp_path / "other" / "partition.csv").exists()


def make_odd_sources(folder: Path) -> None:
    (folder / "empty").mkdir()
    (folder / "no.zip").write_bytes(b"PK this is no zip")
    (folder / "nothing.zip").touch()
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to("loop")
    make_folder(folder / "images", 3)
    shutil.make_archive(str(folder / "good"), "zip", folder / "images")
    with (folder / "cut.zip").open("wb") as file:
        file.write((folder / "good.zip").read_bytes()[:-30])


@pytest.mark.parametrize("source", ["folder", "celeba"])
@pytest.mark.parametrize(
    ("archive", "problem"),
    [
        ("absent", "absent is not there"),
        ("good.zip/inside", "good.zip/inside is not there"),
        ("empty", "empty is an empty folder"),
        ("no.zip", "no.zip is not a readable zip"),
        ("nothing.zip", "nothing.zip is not a readable zip"),
        ("cut.zip", "cut.zip is not a readable zip"),
        ("pipe", "pipe is no folder or zip of images"),
        ("loop", "loop is not there"),
        ("a" * 300, "cannot be read: File name too long"),
        ("~nobody-of-this-name/faces", "there is no user for the ~"),
    ],
)
def test_a_source_that_is_none_is_known_at_once(
    tmp_path: Path, source: str, archive: str, problem: str
) -> None:
    make_odd_sources(tmp_path)
    if source == "celeba":
        problem = problem.replace("folder or zip", "zip").replace("an empty folder", "no zip")
    params = download_params(source=source, archive=archive)
    for use in (check_source, lambda *given: make_raw(given[0], tmp_path / "raw", given[1])):
        with pytest.raises(UserError) as caught:
            use(params, tmp_path)
        assert str(caught.value).startswith("download.archive: ")
        assert problem in str(caught.value)
    assert not (tmp_path / "raw").exists()


def test_a_source_that_is_one_is_let_through(tmp_path: Path) -> None:
    make_odd_sources(tmp_path)
    for changes in (
        {"source": "drawn", "archive": "absent"},
        {"source": "celeba"},
        {"source": "celeba", "archive": "good.zip"},
        {"source": "folder", "archive": "good.zip"},
        {"source": "folder", "archive": "images"},
    ):
        check_source(download_params(**changes), tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "imagenet"}, "download.source is 'imagenet'"),
        ({"images": 9}, "download.images is 9: should be greater than or equal to 10"),
        ({"val_fraction": 0}, "download.val_fraction is 0: should be greater than 0"),
        (
            {"test_fraction": 0.6},
            "download.test_fraction is 0.6: should be less than or equal to 0.5",
        ),
        ({"seed": -1}, "download.seed is -1"),
        ({"archive_md5": "abc"}, "download.archive_md5 is 'abc': should be 32 hexadecimal digits"),
        ({"source": "folder"}, "source folder needs a folder or zip"),
        ({"val_fraction": 0.5, "test_fraction": 0.5}, "leave nothing to train on"),
        ({"image": 1}, "did you mean 'images'?"),
    ],
)
def test_bad_parameters_are_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as caught:
        download_params(**changes)
    assert message in str(caught.value)


def test_the_projects_own_parameters_are_good() -> None:
    params = read_section("download", DownloadParams, Path(__file__).parents[3] / "params.yaml")
    assert params.source == "drawn"
