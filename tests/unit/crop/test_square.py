import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.settings import validate
from dcgan_inpainting.crop.square import (
    CropParams,
    SquareDoesNotFitError,
    crop_files,
    cut_square,
    scale,
)

DEFAULTS = {
    "size": 8,
    "offset_x": 0,
    "offset_y": 0,
    "image_size": 32,
    "max_pixels": 10_000,
    "max_unreadable": 0.0,
}


def crop_params(**changes: object) -> CropParams:
    return validate("crop", DEFAULTS | changes, CropParams, Path("params.yaml"))


def coordinates(height: int, width: int) -> np.ndarray:
    """An image whose pixels say where they are: (y, x, 0)."""
    y, x = np.mgrid[:height, :width]
    return np.stack([y, x, 0 * x], -1).astype(np.uint8)


@pytest.mark.parametrize(
    ("shape", "size", "offset", "expected"),
    [  # expected: top, left, side
        ((218, 178), 108, (0, 0), (55, 35, 108)),
        ((109, 89), 54, (0, 0), (27, 17, 54)),
        ((218, 178), 108, (10, -20), (35, 45, 108)),
        ((218, 178), 178, (0, 20), (40, 0, 178)),
        ((218, 178), None, (0, 0), (20, 0, 178)),
        ((100, 60), None, (10, 0), (30, 20, 40)),
        ((100, 60), None, (-10, 0), (30, 0, 40)),
        ((5, 5), 1, (2, 2), (4, 4, 1)),
    ],
)
def test_the_square_lies_where_it_should(
    shape: tuple[int, int],
    size: int | None,
    offset: tuple[int, int],
    expected: tuple[int, int, int],
) -> None:
    square = cut_square(coordinates(*shape), size, *offset)
    top, left, side = expected
    assert square.shape == (side, side, 3)
    assert tuple(square[0, 0]) == (top, left, 0)
    assert tuple(square[-1, -1]) == (top + side - 1, left + side - 1, 0)


@pytest.mark.parametrize(
    ("size", "offset", "fits"), [(108, (0, 0), 89), (54, (20, 0), 49), (108, (0, -54), 1)]
)
def test_a_square_that_does_not_fit_says_what_would(
    size: int | None, offset: tuple[int, int], fits: int
) -> None:
    with pytest.raises(SquareDoesNotFitError, match="89×109 is too small for") as caught:
        cut_square(coordinates(109, 89), size, *offset)
    assert caught.value.fits == fits
    assert cut_square(coordinates(109, 89), fits, *offset).shape == (fits, fits, 3)


@pytest.mark.parametrize("size", [1, 54, None])
@pytest.mark.parametrize("offset", [(45, 0), (0, -55), (-10_000, 10_000)])
def test_an_offset_beyond_the_image_is_called_so(size: int | None, offset: tuple[int, int]) -> None:
    place = f"offset {offset[0]}, {offset[1]} lies outside of 89×109: .* border it is 44, 54"
    with pytest.raises(SquareDoesNotFitError, match=place) as caught:
        cut_square(coordinates(109, 89), size, *offset)
    assert caught.value.fits == 0


@pytest.mark.parametrize("side", [20, 54, 64, 108, 300])
def test_scaling_is_antialiased_bilinear(side: int) -> None:
    squares = np.random.default_rng(0).integers(0, 256, (3, side, side, 3), dtype=np.uint8)
    scaled = scale(squares, 64)
    for square, one in zip(squares, scaled, strict=True):
        # Pillow's reduction is antialiased; it rounds between its two passes.
        reference = Image.fromarray(square).resize((64, 64), Image.Resampling.BILINEAR)
        assert np.abs(one.astype(int) - np.asarray(reference)).max() <= 1


def test_scaling_together_or_alone_is_the_same() -> None:
    squares = np.random.default_rng(1).integers(0, 256, (5, 108, 108, 3), dtype=np.uint8)
    alone = np.concatenate([scale(square[None], 64) for square in squares])
    assert np.array_equal(scale(squares, 64), alone)


def test_crops_keep_their_order_and_failures_their_reasons(tmp_path: Path) -> None:
    path = tmp_path / "images.zip"
    sides = {"a.png": 32, "b.png": 40, "small.png": 6, "c.png": 36, "d.png": 36}
    with zipfile.ZipFile(path, "w") as archive:
        for level, (name, side) in enumerate(sides.items()):
            file = io.BytesIO()
            Image.new("L", (side, side + 4), 10 * level).save(file, "PNG")
            archive.writestr(name, file.getvalue())
        archive.writestr("broken.jpg", b"\xff\xd8\xff broken")
    wanted = ["d.png", "broken.jpg", "a.png", "absent.png", "small.png", "b.png", "c.png"]
    with zipfile.ZipFile(path) as archive:
        crops = crop_files(archive, wanted, crop_params(size=None, max_unreadable=1))
        some = crop_files(archive, wanted, crop_params(size=8))
    assert crops.files == ["d.png", "a.png", "small.png", "b.png", "c.png"]
    assert crops.images.shape == (5, 32, 32, 3)
    assert list(crops.images[:, 5, 5, 0]) == [40, 0, 20, 10, 30]
    assert [item.file for item in crops.unreadable] == ["broken.jpg", "absent.png"]
    assert [item.file for item in some.unreadable] == ["broken.jpg", "absent.png", "small.png"]
    assert some.unreadable[2].reason == "6×10 is too small for the 8 px crop"
    assert some.unreadable[2].fits == 6


def test_images_of_more_pixels_than_allowed_give_no_crop(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        for side in (100, 101):
            file = io.BytesIO()
            Image.new("L", (side, 100)).save(file, "PNG")
            archive.writestr(f"{side}.png", file.getvalue())
        crops = crop_files(archive, archive.namelist(), crop_params())
    assert crops.files == ["100.png"]
    assert crops.unreadable[0].reason.startswith("its header claims 101×100 pixels")
    assert crops.unreadable[0].fits is None


def test_no_crop_at_all_is_an_empty_array(tmp_path: Path) -> None:
    path = tmp_path / "empty.zip"
    zipfile.ZipFile(path, "w").close()
    with zipfile.ZipFile(path) as archive:
        crops = crop_files(archive, ["absent.png"], crop_params())
    assert crops.images.shape == (0, 32, 32, 3)


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("size", 0, "greater than or equal to 1"),
        ("image_size", 65, "32, 64 or 128"),
        ("max_unreadable", 1.5, "less than or equal to 1"),
        ("offset_x", 0.5, "integer"),
        ("max_pixels", 999, "greater than or equal to 1000"),
    ],
)
def test_bad_parameters_are_named(key: str, value: object, allowed: str) -> None:
    with pytest.raises(UserError) as caught:
        crop_params(**{key: value})
    assert f"crop.{key} is {value!r}" in str(caught.value)
    assert allowed in str(caught.value)
