"""Photographs are written back with all that their files held."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tifffile import TiffFile

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.restore.photograph import Photograph, read_photograph, write_photograph
from tests.photographs import SHAPE, TITLE, exif, levels, profile

UPRIGHT = 1
LOSSLESS = ("PNG", "TIFF", "WEBP")


def picture(planes: int, orientation: int = 1) -> Image.Image:
    """A picture whose pixels lie as a camera with this orientation stores them."""
    stored = Image.fromarray(levels(np.uint8, planes).squeeze())
    turns = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,  # stored lying, shown turned by 90° clockwise
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    turn = turns[orientation]
    return stored if turn is None else stored.transpose(turn)


def again(path: Path, target: Path) -> Photograph:
    """A photograph read, written and read."""
    write_photograph(read_photograph(path), target)
    return read_photograph(target)


@pytest.mark.parametrize("form", LOSSLESS)
@pytest.mark.parametrize("planes", [1, 2, 3, 4])
def test_pixels_alpha_profile_and_exif_come_back(tmp_path: Path, form: str, planes: int) -> None:
    if form == "WEBP" and planes < 3:
        pytest.skip("WebP knows no grey")
    path = tmp_path / f"a.{form.lower()}"
    options: dict[str, Any] = {"lossless": True, "exact": True} if form == "WEBP" else {}
    picture(planes).save(path, form, icc_profile=profile(), exif=exif(), dpi=(300, 300), **options)
    target = tmp_path / f"b.{form.lower()}"
    found = again(path, target)
    colours = planes if planes % 2 else planes - 1
    assert np.array_equal(found.pixels, levels(np.uint8, planes)[..., :colours])
    assert (found.alpha is None) == (planes % 2 == 1)
    if found.alpha is not None:
        assert np.array_equal(found.alpha, levels(np.uint8, planes)[..., -1])
    with Image.open(target) as written:
        assert written.format == form
        assert written.info["icc_profile"] == profile()
        assert written.getexif()[0x010E] == TITLE
        assert written.getexif().get_ifd(0x8825)[1] == "N"
        if form != "WEBP":  # which has no resolution
            assert written.info["dpi"] == pytest.approx((300, 300), abs=0.1)


@pytest.mark.parametrize(
    ("form", "planes"),
    [*(("PNG", planes) for planes in (1, 2, 3, 4)), ("TIFF", 1), ("TIFF", 3), ("TIFF", 4)],
)
def test_16_bits_come_back(tmp_path: Path, form: str, planes: int) -> None:
    path, target = tmp_path / f"a.{form.lower()}", tmp_path / f"b.{form.lower()}"
    deep = levels(np.uint16, planes)
    colours = planes if planes % 2 else planes - 1
    rest = {"dpi": (300, 300), "compression": "tiff_adobe_deflate"} if form == "TIFF" else {}
    alpha = deep[..., -1] if colours < planes else None
    made = Photograph(deep[..., :colours], alpha, form, profile(), exif(), rest)
    write_photograph(made, path)
    found = again(path, target)
    assert found.pixels.dtype == np.uint16
    assert np.array_equal(found.pixels, made.pixels)
    assert (found.alpha is None) == (alpha is None)
    if alpha is not None:
        assert np.array_equal(found.alpha, alpha)
    with Image.open(target) as written:  # an independent reader, though of the upper 8 bits alone
        assert written.size == SHAPE[::-1]
        assert written.getexif()[0x010E] == TITLE
        if form == "TIFF":
            assert written.info["icc_profile"] == profile()
    if form == "TIFF":
        with TiffFile(target) as file:
            assert file.pages.first.tags["XResolution"].value == (300, 1)


def test_a_deep_png_keeps_its_other_chunks(tmp_path: Path) -> None:
    path, target = tmp_path / "a.png", tmp_path / "b.png"
    deep = levels(np.uint16)
    chunks = ((b"gAMA", b"\0\1\x86\xa0"), (b"tEXt", b"Author\0Nobody"))
    write_photograph(Photograph(deep, chunks=chunks), path)
    assert again(path, target).chunks == chunks
    with Image.open(target) as written:
        assert written.info["Author"] == "Nobody"
        assert written.info["gamma"] == 1.0


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["PNG", "TIFF", "JPEG"])
def test_every_orientation_is_turned_upright_and_written_as_1(
    tmp_path: Path, form: str, orientation: int
) -> None:
    path, target = tmp_path / f"a.{form.lower()}", tmp_path / f"b.{form.lower()}"
    options: dict[str, Any] = {"quality": 100, "subsampling": 0} if form == "JPEG" else {}
    picture(3, orientation).save(path, form, exif=exif(orientation), **options)
    found = read_photograph(path)
    wrong = np.abs(found.pixels.astype(int) - levels(np.uint8)).mean()
    assert wrong <= (1 if form == "JPEG" else 0)
    write_photograph(found, target)
    with Image.open(target) as written:
        assert written.size == SHAPE[::-1]
        assert written.getexif().get(0x0112, UPRIGHT) == UPRIGHT
        assert written.getexif()[0x010E] == TITLE


def test_a_deep_png_is_turned_upright_too(tmp_path: Path) -> None:
    deep = levels(np.uint16)
    lying = np.ascontiguousarray(deep.swapaxes(0, 1)[::-1])  # orientation 6
    write_photograph(Photograph(lying, exif=exif(6)), tmp_path / "a.png")
    found = read_photograph(tmp_path / "a.png")
    assert np.array_equal(found.pixels, deep)
    write_photograph(found, tmp_path / "b.png")
    with Image.open(tmp_path / "b.png") as written:
        assert written.getexif()[0x0112] == UPRIGHT


def test_a_jpeg_stays_one_at_full_colour_resolution(tmp_path: Path) -> None:
    path, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    picture(3).save(path, quality=80, icc_profile=profile(), exif=exif())
    found = again(path, target)
    with Image.open(target) as written:
        assert written.format == "JPEG"
        assert written.layer[0][1:3] == written.layer[1][1:3]  # 4:4:4
        assert written.info["icc_profile"] == profile()
        assert written.getexif()[0x010E] == TITLE
    assert np.abs(found.pixels.astype(int) - read_photograph(path).pixels).mean() < 2
    grey = tmp_path / "grey.jpg"
    picture(1).save(grey)
    assert again(grey, target).pixels.shape[2] == 1


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_xmp_comes_back_upright(tmp_path: Path, form: str) -> None:
    path, target = tmp_path / "a", tmp_path / "b"
    before = '<x xmlns:tiff="t" tiff:Orientation="6">ä</x>'
    options: dict[str, Any] = {"xmp": before.encode()}
    if form == "TIFF":
        options = {"tiffinfo": {700: before.encode(), 0x010E: TITLE}}
    elif form == "PNG":
        options = {"pnginfo": PngInfo()}
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", before)
        options["pnginfo"].add_text("Author", "Nobody")
    if form != "TIFF":
        options["exif"] = exif(6)
    picture(3, 6).save(path, form, **options)
    write_photograph(read_photograph(path), target)
    with Image.open(target) as written:
        found = written.info["xmp"]
        assert form != "PNG" or written.info["Author"] == "Nobody"
    assert found.decode() == before.replace("6", "1")


def test_a_palette_becomes_colours_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    picture(3).quantize(16).save(path)
    found = read_photograph(path)
    with Image.open(path) as image:
        assert np.array_equal(found.pixels, np.asarray(image.convert("RGB")))
    assert "palette" in found.notes[0]


@pytest.mark.parametrize(
    ("name", "mode", "said"),
    [
        ("a.jpg", "CMYK", "CMYK; convert"),
        ("a.tif", "LAB", "LAB; convert"),
        ("a.tif", "F", "kind F"),
    ],
)
def test_what_could_not_be_written_back_is_refused_by_its_name(
    tmp_path: Path, name: str, mode: str, said: str
) -> None:
    Image.new(mode, (8, 8)).save(tmp_path / name)
    with pytest.raises(UserError, match=rf"{name} has pixels of the kind .*{said}|{said}"):
        read_photograph(tmp_path / name)


def test_an_animation_is_refused(tmp_path: Path) -> None:
    frames = [picture(3), picture(3).transpose(Image.Transpose.ROTATE_180)]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:])
    with pytest.raises(UserError, match=r"a\.webp holds several pictures"):
        read_photograph(tmp_path / "a.webp")


@pytest.mark.parametrize(
    "content", [b"", b"no picture", b"\xff\xd8\xff\xe0 cut", b"BM" + bytes(60)]
)
def test_what_is_no_photograph_is_told_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.jpg") as told:
        read_photograph(path)
    assert "\n" not in str(told.value)


def test_one_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.png is no file"):
        read_photograph(tmp_path / "nowhere.png")
