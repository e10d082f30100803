"""Which files are read and written."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.restore.files import Job, as_named, jobs, write
from dcgan_inpainting.restore.frame import Frame
from dcgan_inpainting.restore.photo import Restored
from dcgan_inpainting.restore.photograph import Photograph, read_photograph
from tests.photographs import SHAPE, exif, levels, profile

SRC = Path(__file__).parents[3] / "src"
HOLE = np.zeros(SHAPE, bool)
HOLE[20:30, 20:30] = True


def touch(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def asked(image: Path, mask: Path | str, output: Path, **options: bool) -> list[Job]:
    return jobs(image, str(mask), output, **{"png": False, "compare": False, **options})


def restored(count: int = 1, **changes: object) -> Restored:
    photograph = Photograph(levels(np.uint8), profile=profile(), exif=exif(), **changes)  # type: ignore[arg-type]
    answers = [replace(photograph, pixels=photograph.pixels // (n + 1)) for n in range(count)]
    return Restored(tuple(answers), HOLE, (Frame.about(40 + 30j, 40, 64),), 0.0, ())


def test_a_folder_s_photographs_keep_their_names_and_formats(tmp_path: Path) -> None:
    folder = touch(tmp_path / "in", "a.jpg", "a.png", "B.TIFF", "c.webp", "notes.txt", ".d.png")
    output = tmp_path / "out"
    found = asked(folder, "alpha", output)
    assert [job.photograph.name for job in found] == ["B.TIFF", "a.jpg", "a.png", "c.webp"]
    assert [job.output for job in found] == [output / job.photograph.name for job in found]


def test_as_png_a_jpg_and_a_png_are_kept_apart(tmp_path: Path) -> None:
    folder = touch(tmp_path / "in", "a.jpg", "a.png")
    found = asked(folder, "alpha", tmp_path / "out", png=True, compare=True)
    assert [job.output.name for job in found] == ["a.jpg.png", "a.png"]
    compared = [job.compared.name for job in found if job.compared]
    assert compared == ["a.jpg.compare.png", "a.png.compare.png"]


def test_nothing_is_written_over_a_mask_or_another_result(tmp_path: Path) -> None:
    folder = touch(tmp_path / "in", "a.jpg", "a.jpg.png")
    masks = touch(tmp_path / "masks", "a.png", "a.jpg.png", "hole.png")
    with pytest.raises(UserError, match=r"a\.jpg and .*a\.jpg\.png would both become"):
        asked(folder, "alpha", tmp_path / "out", png=True)
    with pytest.raises(UserError, match=r"masks/a\.jpg\.png is a mask: name another folder"):
        asked(folder / "a.jpg.png", masks, masks)
    asked(folder / "a.jpg", masks / "hole.png", masks)  # its name is another one


@pytest.mark.parametrize("of_folder", [False, True])
def test_a_photograph_is_not_its_own_mask(tmp_path: Path, of_folder: bool) -> None:
    folder = touch(tmp_path / "in", "a.png")
    with pytest.raises(UserError, match=r"a\.png is the photograph itself: name its mask"):
        asked(folder, folder if of_folder else folder / "a.png", tmp_path / "out")


def test_the_format_is_the_photograph_s_own_but_for_png() -> None:
    photograph = Photograph(levels(np.uint8), format="JPEG")
    assert as_named(photograph, Path("a.tif")).format == "JPEG"
    assert as_named(photograph, Path("A.PNG")).format == "PNG"


def test_one_row_or_column_of_pixels_is_compared(tmp_path: Path) -> None:
    for shape in ((40, 1), (1, 40)):
        photograph = Photograph(np.zeros((*shape, 3), np.uint8))
        hole = np.zeros(shape, bool)
        hole[0, 0] = True
        job = Job(Path("a.png"), "alpha", tmp_path / "a.png", tmp_path / "compared.png")
        write(job, Restored((photograph,), hole, (Frame.about(0j, 40, 64),), 0.0, ()))
        with Image.open(tmp_path / "compared.png") as compared:
            assert compared.size == (2 * shape[1], shape[0])


def test_a_mask_of_the_same_name_one_for_all_or_a_word(tmp_path: Path) -> None:
    folder = touch(tmp_path / "in", "a.jpg", "a.png", "b.jpg", "c.jpg")
    masks = touch(tmp_path / "masks", "a.jpg", "a.png", "b.png", "b.tif")
    found = asked(folder, masks, tmp_path / "out")
    # The one that c lacks is named as it should be called.
    assert [Path(job.mask).name for job in found] == ["a.jpg", "a.png", "b.png", "c.png"]
    for mask in ("alpha", "#ff00ff", str(masks / "b.png")):
        assert {str(job.mask) for job in asked(folder, mask, tmp_path / "out")} == {mask}


def test_what_is_not_there_and_an_output_that_is_no_new_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no photograph \(\.jpg"):
        asked(touch(tmp_path / "empty", "notes.txt"), "alpha", tmp_path / "out")
    folder = touch(tmp_path / "in", "a.png")
    for image in (folder, folder / "a.png"):
        with pytest.raises(UserError, match="is where the photographs are"):
            asked(image, "alpha", folder)
    with pytest.raises(UserError, match=r"in/b\.png is no file"):
        asked(folder / "b.png", "alpha", tmp_path / "out")
    with pytest.raises(UserError, match=r"there is no mask .*nowhere\.png"):
        asked(folder, tmp_path / "nowhere.png", tmp_path / "out")
    with pytest.raises(UserError, match="is a file: name a folder"):
        asked(folder, "alpha", touch(tmp_path / "x", "y") / "y")


def test_candidates_have_numbers_and_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    (job,) = asked(touch(tmp_path / "in", "a.png") / "a.png", "alpha", tmp_path / "out")
    assert [path.name for path in job.outputs(3)] == ["a.1.png", "a.2.png", "a.3.png"]
    job.refuse_to_overwrite(3)
    written = write(job, restored(3))
    assert written == job.outputs(3)
    assert np.array_equal(read_photograph(written[1]).pixels, levels(np.uint8) // 2)
    job.refuse_to_overwrite(1)
    with pytest.raises(UserError, match=r"a\.1\.png is there already; --overwrite"):
        job.refuse_to_overwrite(2)


def test_a_comparison_shows_before_and_after_in_any_depth(tmp_path: Path) -> None:
    job = Job(tmp_path / "a.png", "alpha", tmp_path / "out/a.png", tmp_path / "out/a.compare.png")
    made = replace(restored(), photographs=(Photograph(levels(np.uint16)),))
    write(job, made)
    with Image.open(tmp_path / "out/a.compare.png") as picture:
        pixels = np.asarray(picture)
    assert pixels.shape == (SHAPE[0], 2 * SHAPE[1], 3)
    before, after = pixels[:, : SHAPE[1]], pixels[:, SHAPE[1] :]
    assert (before[HOLE] == 128).all()
    assert np.array_equal(before[~HOLE], after[~HOLE])
    assert np.abs(after.astype(int) - levels(np.uint8)).max() <= 1


def test_a_jpeg_as_png_keeps_profile_and_exif(tmp_path: Path) -> None:
    job = Job(tmp_path / "a.jpg", "alpha", tmp_path / "out/a.jpg.png")
    made = restored(format="JPEG", rest={"dpi": (72, 72)})
    write(job, made)
    found = read_photograph(job.output)
    assert found.format == "PNG"
    assert np.array_equal(found.pixels, levels(np.uint8))
    assert found.profile == profile()
    assert found.exif is not None


def test_what_there_is_to_do_is_known_before_pytorch_is_imported() -> None:
    program = "import sys, dcgan_inpainting.restore.files; assert 'torch' not in sys.modules"
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
