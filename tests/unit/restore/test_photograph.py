"""Photographs are written back with all that their files held."""

import errno
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tifffile import TiffFile, imwrite

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.restore.files import as_png
from dcgan_inpainting.restore.photograph import Photograph, read_photograph, write_photograph
from tests.photographs import SHAPE, TITLE, exif, levels, profile

UPRIGHT = 1
LOSSLESS = ("PNG", "TIFF", "WEBP")
ARTIST, XMP = 0x013B, 700  # tags
NAMES = ["Jürgen Müller".encode(), "Jürgen Müller".encode("latin-1")]


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


def signed(name: bytes, orientation: int, order: str = ">") -> bytes:
    """EXIF data with an artist's name, and another in its inner directory, in any encoding."""
    data = Image.Exif()
    data.endian = order
    data.load(exif(orientation))
    data.endian = order
    data[ARTIST] = "#" * len(name)
    data.get_ifd(0x8769)[0xA430] = "#" * len(name)
    return data.tobytes().replace(b"#" * len(name), name)


def artist(path: Path) -> bytes:
    """The bytes of the artist's name in a file."""
    with Image.open(path) as image:
        return str(image.getexif()[ARTIST]).encode("latin-1")


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


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["PNG", "WEBP", "JPEG"])
def test_names_in_any_encoding_come_back_from_a_turned_photograph(
    tmp_path: Path, form: str, name: bytes
) -> None:
    path, target = tmp_path / "a", tmp_path / "b"
    picture(3, 6).save(path, form, exif=signed(name, 6))
    write_photograph(read_photograph(path), target)
    assert artist(target) == name
    assert target.read_bytes().count(name) == 2
    write_photograph(as_png(read_photograph(path)), target)
    assert artist(target) == name


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_names_in_any_encoding_come_back_from_a_tiff(
    tmp_path: Path, dtype: type[np.uint8], compression: str | None, name: bytes
) -> None:
    path, target = tmp_path / "a", tmp_path / "b"
    texts = [(ARTIST, 2, 0, name, True)]
    imwrite(path, levels(dtype), photometric="rgb", compression=compression, extratags=texts)
    for photograph in (read_photograph(path), as_png(read_photograph(path))):
        write_photograph(photograph, target)
        assert artist(target) == name


@pytest.mark.parametrize("order", ["<", ">"])
def test_turning_changes_nothing_in_exif_but_orientation_and_thumbnail(
    tmp_path: Path, order: str
) -> None:
    before = bytearray(signed(NAMES[0], 6, order))
    (count,) = struct.unpack_from(f"{order}H", before, 14)
    struct.pack_into(f"{order}I", before, 16 + 12 * count, 8)  # where the thumbnail's tags are
    picture(3, 6).save(tmp_path / "a.jpg", exif=bytes(before))
    after = read_photograph(tmp_path / "a.jpg").exif or b""
    assert len(after) == len(before)
    changes = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert changes == [(6, 1), (8, 0)]


def test_an_orientation_of_another_type_is_written_anew(tmp_path: Path) -> None:
    path, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    short, long = struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0), struct.pack(">HHII", 0x0112, 4, 1, 6)
    picture(3, 6).save(path, exif=signed(NAMES[0], 6).replace(short, long))
    write_photograph(read_photograph(path), target)
    assert artist(target) == NAMES[0]
    with Image.open(target) as written:
        assert written.size == SHAPE[::-1]
        assert written.getexif()[0x0112] == UPRIGHT


@pytest.mark.parametrize("compression", ["raw", "packbits", "tiff_lzw", "tiff_adobe_deflate"])
def test_a_tiff_keeps_the_inner_directories_of_exif(tmp_path: Path, compression: str) -> None:
    rest = {"compression": compression}
    made = Photograph(levels(np.uint8), format="TIFF", exif=signed(NAMES[0], 1), rest=rest)
    write_photograph(made, tmp_path / "a.tif")
    with Image.open(tmp_path / "a.tif") as written:
        assert written.getexif().get_ifd(0x8825)[1] == "N"
        assert written.getexif().get_ifd(0x8769)[0xA430].encode("latin-1") == NAMES[0]


def test_the_texts_of_a_large_tiff_come_back(tmp_path: Path) -> None:
    path, target = tmp_path / "a.tif", tmp_path / "b.tif"
    texts = [(ARTIST, 2, 0, NAMES[0], True)]
    imwrite(path, levels(np.uint8), photometric="rgb", bigtiff=True, extratags=texts)
    assert np.array_equal(again(path, target).pixels, levels(np.uint8))
    assert artist(target) == NAMES[0]


def test_a_deep_tiff_as_png_keeps_profile_and_resolution(tmp_path: Path) -> None:
    path, target = tmp_path / "a.tif", tmp_path / "b.png"
    rest = {"dpi": (300, 150), "compression": "raw"}
    write_photograph(Photograph(levels(np.uint16), None, "TIFF", profile(), None, rest), path)
    write_photograph(as_png(read_photograph(path)), target)
    assert np.array_equal(read_photograph(target).pixels, levels(np.uint16))
    with Image.open(target) as written:
        assert written.info["icc_profile"] == profile()
        assert written.info["dpi"] == pytest.approx((300, 150), abs=0.1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_resolution_that_is_no_number_is_left_out(tmp_path: Path, dtype: type[np.uint8]) -> None:
    path, target = tmp_path / "a.tif", tmp_path / "b.png"
    imwrite(path, levels(dtype), photometric="rgb", resolution=(300, 300), resolutionunit="inch")
    stored = path.read_bytes()
    assert stored.count(struct.pack("<II", 300, 1)) == 2
    path.write_bytes(stored.replace(struct.pack("<II", 300, 1), bytes(8)))
    write_photograph(as_png(read_photograph(path)), target)
    with Image.open(target) as written:
        assert "dpi" not in written.info


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "deep TIFF", "deep PNG"])
def test_xmp_comes_back_as_png_once(tmp_path: Path, form: str) -> None:
    path, target = tmp_path / "a", tmp_path / "b.png"
    text = "<x>ä</x>"
    if "TIFF" in form:
        pixels = levels(np.uint16 if "deep" in form else np.uint8)
        texts = [(XMP, 1, len(text.encode()), text.encode(), True)]
        imwrite(path, pixels, photometric="rgb", extratags=texts)
    elif "PNG" in form:
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", text)
        pixels = levels(np.uint16 if "deep" in form else np.uint8)
        write_photograph(Photograph(pixels, rest={"pnginfo": info}), path)
    else:
        picture(3).save(path, form, xmp=text.encode())
    write_photograph(as_png(read_photograph(path)), target)
    assert target.read_bytes().count(b"XML:com.adobe.xmp") == 1
    with Image.open(target) as written:
        assert written.info["xmp"].decode() == text


def test_a_palette_becomes_colours_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    picture(3).quantize(16).save(path)
    found = read_photograph(path)
    with Image.open(path) as image:
        assert np.array_equal(found.pixels, np.asarray(image.convert("RGB")))
    assert "palette" in found.notes[0]


def test_texts_beside_a_palette_come_back(tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("Author", "Nobody")
    picture(3).quantize(16).save(tmp_path / "a.png", pnginfo=info)
    again(tmp_path / "a.png", tmp_path / "b.png")
    with Image.open(tmp_path / "b.png") as written:
        assert written.info["Author"] == "Nobody"


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


@pytest.mark.parametrize(
    ("kind", "said"), [("assocalpha", "premultiplied"), ("unspecified", "extra channel")]
)
def test_a_deep_tiff_whose_alpha_is_none_is_refused(tmp_path: Path, kind: str, said: str) -> None:
    path = tmp_path / "a.tif"
    imwrite(path, levels(np.uint16, 4), photometric="rgb", extrasamples=[kind])
    with pytest.raises(UserError, match=rf"a\.tif has .*{said}"):
        read_photograph(path)


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


def test_one_that_the_system_does_not_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    with pytest.raises(UserError, match=r"b\.png can't be read: Not a directory"):
        read_photograph(tmp_path / "a.png/b.png")


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_what_a_format_does_not_take_is_told_in_one_line(tmp_path: Path, form: str) -> None:
    pixels = levels(np.uint16 if form == "TIFF" else np.uint8)
    rest = {"xmp": bytes(70_000)} if form == "JPEG" else {"dpi": "no\nnumber", "compression": "raw"}
    with pytest.raises(UserError, match=r"b can't be written: ") as told:
        write_photograph(Photograph(pixels, format=form, rest=rest), tmp_path / "b")
    assert "\n" not in str(told.value)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_no_fault_of_the_photograph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", save)
    with pytest.raises(OSError, match=r"No space left on device.*b\.png"):
        write_photograph(Photograph(levels(np.uint8)), tmp_path / "b.png")
