import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from dcgan_inpainting.errors import UserError
from dcgan_inpainting.params import read_section, validate
from dcgan_inpainting.partition import by_name, read_partition
from dcgan_inpainting.sources import DataParams, make_raw

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


def data_params(**changes: object) -> DataParams:
    return validate("data", DEFAULTS | changes, DataParams, Path("params.yaml"))


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
    counts = make_raw(data_params(), tmp_path / "raw", tmp_path)
    assert counts == {"train": 7, "val": 2, "test": 1}
    splits = check_layout(tmp_path / "raw", 10)
    assert splits == ["train"] * 7 + ["val"] * 2 + ["test"]


def test_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_folder(tmp_path / "project" / "mine", 60)
    elsewhere = tmp_path / "queued experiment"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    params = data_params(source="folder", archive="mine")
    make_raw(params, Path("raw"), tmp_path / "project")
    splits = check_layout(elsewhere / "raw", 60)
    names = sorted(f"{number}.png" for number in range(60))
    assert splits == [by_name(name, 0.2, 0.1) for name in names]


def test_a_path_under_the_users_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    make_folder(tmp_path / "faces", 60)
    params = data_params(source="folder", archive="~/faces")
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
    params = data_params(source="celeba", **values)
    assert make_raw(params, tmp_path / "raw", tmp_path) == {"train": 2, "val": 1, "test": 1}
    assert check_layout(tmp_path / "raw", 4) == ["test", "train", "val", "train"]


def test_celeba_without_a_list_is_split_by_name(tmp_path: Path) -> None:
    names = [f"{number:06d}.jpg" for number in range(1, 101)]
    with zipfile.ZipFile(tmp_path / "celeba.zip", "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    params = data_params(source="celeba", archive="celeba.zip", archive_md5="any")
    make_raw(params, tmp_path / "raw", tmp_path)
    entries = read_partition(tmp_path / "raw" / "partition.csv")
    assert [entry.split for entry in entries] == [by_name(name, 0.2, 0.1) for name in names]


def test_a_split_without_images_names_the_fractions(tmp_path: Path) -> None:
    make_folder(tmp_path / "mine", 2)
    params = data_params(source="folder", archive="mine", val_fraction=0.01, test_fraction=0.01)
    with pytest.raises(UserError, match=r"2 images leave none for val and test.*val_fraction is"):
        make_raw(params, tmp_path / "raw", tmp_path)
    assert not (tmp_path / "raw" / "partition.csv").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "imagenet"}, "data.source is 'imagenet'"),
        ({"images": 9}, "data.images is 9: should be greater than or equal to 10"),
        ({"val_fraction": 0}, "data.val_fraction is 0: should be greater than 0"),
        ({"test_fraction": 0.6}, "data.test_fraction is 0.6: should be less than or equal to 0.5"),
        ({"seed": -1}, "data.seed is -1"),
        ({"archive_md5": "abc"}, "data.archive_md5 is 'abc': should be 32 hexadecimal digits"),
        ({"source": "folder"}, "source folder needs a folder or zip"),
        ({"val_fraction": 0.5, "test_fraction": 0.5}, "leave nothing to train on"),
        ({"image": 1}, "did you mean 'images'?"),
    ],
)
def test_bad_parameters_are_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as caught:
        data_params(**changes)
    assert message in str(caught.value)


def test_the_projects_own_parameters_are_good() -> None:
    params = read_section("data", DataParams, Path(__file__).parents[2] / "params.yaml")
    assert params.source == "drawn"
