"""What of params.yaml does not go together, and is refused before the first stage."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from dvc.utils.hydra import apply_overrides
from PIL import Image

from dcgan_inpainting.check.consistency import check_settings
from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.masks.kinds import KINDS

ROOT = Path(__file__).parents[3]


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the project's params.yaml, in the working directory."""
    shutil.copytree(ROOT / "data/holes", tmp_path / "data/holes")
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copy(ROOT / "params.yaml", tmp_path))


def refusal(params: Path, *overrides: str, root: Path = Path()) -> str:
    apply_overrides(params, list(overrides))
    with pytest.raises(UserError) as no:
        check_settings(root=root)
    line = str(no.value)
    assert "\n" not in line
    return line.removeprefix("params.yaml: ")


@pytest.mark.parametrize("use", ["inpaint.start=encoder", "inpaint.start=random"])
def test_an_encoder_that_is_used_and_not_trained(params: Path, use: str) -> None:
    share = "inpaint.encoder_share=0" if use.endswith("encoder") else "inpaint.encoder_share=0.1"
    line = refusal(params, use, share, "encoder.images=0")
    assert line.startswith("encoder.images is 0, so there is no encoder; ")
    assert "set inpaint.start to random and inpaint.encoder_share to 0" in line


@pytest.mark.parametrize(
    ("size", "bottom", "blocks"), [(32, 4, 3), (64, 4, 4), (128, 4, 5), (64, 8, 3), (32, 16, 1)]
)
def test_a_depth_beyond_the_generator_s_blocks(
    params: Path, size: int, bottom: int, blocks: int
) -> None:
    sides = f"crop.image_size={size}", f"train.bottom_size={bottom}"
    line = refusal(params, *sides, f"inpaint.depth={blocks + 1}")
    assert line == (
        f"inpaint.depth is {blocks + 1}, and the generator has {blocks} blocks whose features can "
        f"be searched at crop.image_size {size} and train.bottom_size {bottom}: {blocks} is the "
        "most"
    )
    apply_overrides(params, [f"inpaint.depth={blocks}"])
    check_settings()


@pytest.mark.parametrize("section", ["train", "encoder"])
def test_a_batch_larger_than_the_training_set(params: Path, section: str) -> None:
    """Of 100 images 4 are for validation and 4 for the test."""
    line = refusal(params, "download.images=100", f"{section}.batch_size=93")
    assert line.startswith(f"{section}.batch_size is 93, and download.images, less those for")
    assert "leaves 92 to train on" in line
    apply_overrides(params, [f"{section}.batch_size=92"])
    check_settings()


def test_no_image_to_train_on(params: Path) -> None:
    splits = ("download.images=10", "download.val_fraction=0.5", "download.test_fraction=0.45")
    assert "leaves 1 to train on" in refusal(params, *splits)


@pytest.mark.parametrize(("devices", "nodes"), [(3, 1), (1, 3), (32, 1), (5, 2)])
def test_a_batch_that_the_processes_cannot_share(params: Path, devices: int, nodes: int) -> None:
    line = refusal(params, f"train.devices={devices}", f"train.nodes={nodes}")
    assert line.startswith(f"train.batch_size is 16, which {devices * nodes} processes (")
    assert "at least 2 images for each" in line


@pytest.mark.parametrize(
    "overrides",
    [
        ("crop.size=179",),
        ("crop.offset_x=36",),
        ("crop.offset_y=-56",),
        ("crop.size=null", "crop.offset_x=89"),
        ("download.source=celeba", "crop.size=200"),  # the official archive's size is known
    ],
)
def test_a_square_beyond_the_images(params: Path, overrides: tuple[str, ...]) -> None:
    line = refusal(params, *overrides)
    assert line.startswith("crop.size, crop.offset_x and crop.offset_y reach beyond the images: ")
    assert "178×218" in line


@pytest.mark.parametrize("archive", ["faces", "/nowhere/faces.zip", "~nobody-is-called-so/x.zip"])
@pytest.mark.parametrize("source", ["celeba", "folder"])
def test_an_archive_that_is_not_there(params: Path, source: str, archive: str) -> None:
    line = refusal(params, f"download.source={source}", f"download.archive='{archive}'")
    assert "download.archive" in line
    assert Path(archive).name in line


def test_an_archive_is_looked_for_in_the_user_s_own_checkout(params: Path) -> None:
    (params.parent / "elsewhere/faces").mkdir(parents=True)
    (params.parent / "elsewhere/faces/a.png").touch()
    assert refusal(params, "download.source=folder", "download.archive=faces")
    check_settings(root=Path("elsewhere"))


def test_a_name_that_is_too_long_for_a_file(params: Path) -> None:
    line = refusal(params, f"masks.folder={'x' * 1000}")
    assert "File name too long" in line or "is no folder here" in line
    assert len(line) < 400


def test_own_masks_that_are_not_there_or_cannot_serve(params: Path) -> None:
    kinds = "masks.kinds=[center,file]"
    assert refusal(params, kinds).startswith("masks.kinds holds 'file', but there is no PNG in")
    Image.new("L", (8, 8), 0).save("data/holes/black.png")
    assert "black.png has no hole" in refusal(params, kinds)
    Image.fromarray(np.eye(8, dtype=np.uint8) * 255).save("data/holes/black.png")
    check_settings()


@pytest.mark.parametrize("section", ["masks", "encoder"])
@pytest.mark.parametrize(
    "kind",
    ["center_0", "center_019", "center_", "center_128", "pattern_3", "random_0", "random_100"],
)
def test_a_kind_with_a_number_that_it_cannot_have(params: Path, section: str, kind: str) -> None:
    line = refusal(params, f"{section}.kinds=[half,{kind}]")
    allowed = f"{', '.join(KINDS)}, center_1…center_127, random_1…random_99"
    own = " or file" if section == "masks" else ""
    assert line == f"{section}.kinds.1 is '{kind}': should be one of {allowed}{own}"


@pytest.mark.parametrize("section", ["masks", "encoder"])
@pytest.mark.parametrize("size", [32, 64])
def test_a_square_that_leaves_nothing_of_small_images(
    params: Path, section: str, size: int
) -> None:
    kinds = f"{section}.kinds=[half,center_{size}]"
    line = refusal(params, f"crop.image_size={size}", kinds)
    assert line.startswith(
        f"{section}.kinds.1 is 'center_{size}', which does not fit crop.image_size {size}: should "
    )
    assert line.endswith(f", center_1…center_{size - 1}, random_1…random_99")
    apply_overrides(params, [f"crop.image_size={2 * size}"])
    check_settings()


def test_a_folder_of_masks_that_is_not_there(params: Path) -> None:
    """DVC depends on it whatever the kinds, and would find out after the trainings."""
    assert refusal(params, "masks.folder=holes").startswith("masks.folder is 'holes', which is no")


def test_all_that_is_wrong_stands_in_one_line(params: Path) -> None:
    line = refusal(params, "inpaint.depth=6", "encoder.images=0", "train.devices=3")
    for words in ("inpaint.depth is 6", "encoder.images is 0", "which 3 processes"):
        assert words in line


@pytest.mark.parametrize(
    "overrides",
    [
        ["inpaint.start=encoder", "encoder.images=1"],
        ["inpaint.start=random", "inpaint.encoder_share=0", "encoder.images=0"],
        ["inpaint.start=encoder", "inpaint.method=yeh", "encoder.images=0"],
        ["inpaint.depth=6", "inpaint.method=yeh"],
        ["train.devices=all", "train.nodes=3"],
        ["train.devices=8"],
        ["crop.size=178", "crop.offset_y=-20"],
        ["crop.size=null", "crop.offset_x=88"],
        ["download.archive=faces"],  # of which drawn faces have no need
        ["download.source=celeba", "train.batch_size=65536"],
        ["crop.image_size=128", "masks.kinds=[center_127,random_99]", "encoder.kinds=[random_95]"],
        ["encoder.batch_size=60000", "encoder.images=0", "inpaint.encoder_share=0"],
    ],
)
def test_other_settings_are_fine(params: Path, overrides: list[str]) -> None:
    apply_overrides(params, overrides)
    check_settings()
