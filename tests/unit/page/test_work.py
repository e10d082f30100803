"""What the page asks for: the same as the command line does, and told on the way."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dcgan_inpainting.commands import restore as command
from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.page import work
from dcgan_inpainting.page.line import GoneError
from dcgan_inpainting.page.work import GLIMPSES, Order
from dcgan_inpainting.restore import photo
from dcgan_inpainting.restore.model import Model
from dcgan_inpainting.restore.photograph import FORMATS, Photograph, write_photograph
from tests.page_server import tiny_models
from tests.photographs import exif, profile, scenery
from tests.unit.restore.test_photo import wide_gamut

SHAPE = (120, 150)
EYES = ((50.0, 40.0), (90.0, 42.0))
HOLE = (slice(50, 70), slice(60, 95))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models(tmp_path_factory.mktemp("workspace"))


def photograph(**facts: Any) -> Photograph:
    depth = facts.pop("depth", 8)
    levels = np.rint(scenery(SHAPE) * (2**depth - 1)).astype(f"uint{depth}")
    return Photograph(levels, **facts)


def file(one: Photograph, path: Path) -> bytes:
    write_photograph(one, path)
    return path.read_bytes()


def mask() -> bytes:
    hole = np.zeros(SHAPE, np.uint8)
    hole[HOLE] = 255
    buffer = io.BytesIO()
    Image.fromarray(hole).save(buffer, "PNG")
    return buffer.getvalue()


class Heard(list[tuple[dict[str, Any], tuple[bytes, ...]]]):
    def tell(self, head: Any, *parts: bytes) -> None:
        self.append((dict(head), parts))

    def of(self, event: str) -> list[tuple[dict[str, Any], tuple[bytes, ...]]]:
        return [told for told in self if told[0]["event"] == event]


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("a.png", {"profile": profile(), "exif": exif()}),
        ("a.JPG", {"format": "JPEG", "exif": exif()}),
        ("a.webp", {"format": "WEBP"}),
        ("a.tif", {"format": "TIFF", "depth": 16}),
    ],
)
def test_its_files_are_those_of_the_command_line(
    name: str, facts: dict[str, Any], models: Path, tmp_path: Path
) -> None:
    data = file(photograph(rest={"compression": "raw"}, **facts), tmp_path / name)
    (tmp_path / "mask.png").write_bytes(mask())
    words = ["--image", tmp_path / name, "--mask", tmp_path / "mask.png", "--model", models]
    words += ["--output", tmp_path / "out", "--eyes", "50,40,90,42", "--candidates", 3]
    command.main([*map(str, words), "--seed", "7"])
    heard = Heard()
    order = Order(name=name, candidates=3, seed=7, eyes=EYES)
    work.restore(order, data, mask(), Model.load(models), heard.tell)
    stem, _, suffix = name.partition(".")
    for number, (_, (_, restored)) in enumerate(heard.of("candidate"), 1):
        assert (tmp_path / "out" / f"{stem}.{number}.{suffix}").read_bytes() == restored
    assert number == 3


def test_a_jpeg_becomes_a_png_where_that_is_asked_for(models: Path, tmp_path: Path) -> None:
    data = file(photograph(format="JPEG"), tmp_path / "a.jpg")
    (tmp_path / "mask.png").write_bytes(mask())
    words = ["--image", tmp_path / "a.jpg", "--mask", tmp_path / "mask.png", "--model", models]
    words += ["--output", tmp_path / "out", "--eyes", "50,40,90,42", "--png"]
    command.main([*map(str, words)])
    heard = Heard()
    order = Order(name="a.jpg", eyes=EYES[::-1], png=True)
    work.restore(order, data, mask(), Model.load(models), heard.tell)
    assert heard.of("candidate")[0][1][1] == (tmp_path / "out/a.jpg.png").read_bytes()


@pytest.mark.parametrize(
    ("form", "name", "suffix", "lossless"),
    [("JPEG", "a.png", ".png", True), ("PNG", "a.jpg", ".png", True), ("JPEG", "a", ".jpg", False)],
)
def test_a_wrong_ending_is_told_as_what_is_written(
    form: str, name: str, suffix: str, lossless: bool, models: Path, tmp_path: Path
) -> None:
    data = file(photograph(format=form), tmp_path / "stored")
    facts, _ = work.look_at(data, name)
    assert (facts["suffix"], facts["lossless"]) == (suffix, lossless)
    heard = Heard()
    work.restore(Order(name=name, eyes=EYES), data, mask(), Model.load(models), heard.tell)
    with Image.open(io.BytesIO(heard.of("candidate")[0][1][1])) as written:
        assert suffix in FORMATS[str(written.format)]


def test_the_search_is_told_and_its_telling_changes_nothing(models: Path, tmp_path: Path) -> None:
    given = photograph()
    data = file(given, tmp_path / "a.png")
    model, heard = Model.load(models), Heard()
    order = Order(name="a.png", candidates=2, eyes=EYES)
    work.restore(order, data, mask(), model, heard.tell)
    assert [told["event"] for told, _ in heard][:2] == ["begun", "step"]
    shares = [told["share"] for told, _ in heard.of("step")]
    assert shares == [step / 7 for step in range(8)]  # 3 steps of z, 2 for each of 2 blocks
    glimpses = heard.of("glimpse")
    assert 2 < len(glimpses) <= GLIMPSES
    tables = [np.asarray(Image.open(io.BytesIO(table))) for _, (table,) in glimpses]
    assert all(table.shape == (model.side, 2 * model.side, 3) for table in tables)
    assert not np.array_equal(tables[0], tables[-1])
    across, down, x, y = glimpses[0][0]["frames"][0]
    (frame,) = photo.restore_photo(given, _hole(), model, place=order.place).frames
    assert complex(across, down) == frame.turn
    assert complex(x, y) == frame.origin
    silent = photo.restore_photo(given, _hole(), model, place=order.place, candidates=2)
    for (told, (patch, restored)), one in zip(
        heard.of("candidate"), silent.photographs, strict=True
    ):
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(restored))), one.pixels)
        left, top, width, height = told["box"]
        shown = np.asarray(Image.open(io.BytesIO(patch)))
        window = slice(top, top + height), slice(left, left + width)
        assert np.array_equal(shown[..., :3], one.pixels[window])
        assert np.array_equal(shown[..., 3] > 0, _hole()[window])
    assert heard[-1][0]["faces"][0]["side"] == model.side


def _hole() -> np.ndarray:
    hole = np.zeros(SHAPE, bool)
    hole[HOLE] = True
    return hole


def test_without_a_face_the_eyes_are_asked_for(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo, "find_frames", lambda image, hole, side: [])
    data, heard = file(photograph(), tmp_path / "a.png"), Heard()
    work.restore(Order(name="a.png"), data, mask(), Model.load(models), heard.tell)
    assert heard[-1][0] == {"event": "error", "message": "no face is found", "eyes": True}
    far = Order(name="a.png", eyes=((10, 10), (14, 10)))
    work.restore(far, data, mask(), Model.load(models), heard.tell)
    assert heard[-1][0]["message"] == "the hole lies beside the face"
    assert heard[-1][0]["eyes"]


def test_bad_files_are_named(models: Path, tmp_path: Path) -> None:
    data, model, heard = file(photograph(), tmp_path / "a.png"), Model.load(models), Heard()
    with pytest.raises(UserError, match=r"^b\.txt is no JPEG"):
        work.restore(Order(name="b.txt"), b"words", mask(), model, heard.tell)
    with pytest.raises(UserError, match="the mask can't be read"):
        work.restore(Order(name="a.png"), data, b"words", model, heard.tell)
    small = io.BytesIO()
    Image.new("L", (3, 2)).save(small, "PNG")
    with pytest.raises(UserError, match=r"the mask has 3×2 pixels.*150×120"):
        work.restore(Order(name="a.png"), data, small.getvalue(), model, heard.tell)
    for level in (0, 255):
        plain = io.BytesIO()
        Image.new("L", SHAPE[::-1], level).save(plain, "PNG")
        with pytest.raises(UserError, match="must mark a part of the photograph"):
            work.restore(Order(name="a.png"), data, plain.getvalue(), model, heard.tell)


def test_a_search_that_nobody_waits_for_ends(models: Path, tmp_path: Path) -> None:
    data = file(photograph(), tmp_path / "a.png")
    told: list[str] = []

    def tell(head: Any, *_parts: bytes) -> None:
        told.append(head["event"])
        if told.count("step") == 2:
            raise GoneError

    with pytest.raises(GoneError):
        work.restore(Order(name="a.png", eyes=EYES), data, mask(), Model.load(models), tell)
    assert told.count("step") == 2
    assert "candidate" not in told


def test_a_photograph_is_seen_upright_in_srgb(tmp_path: Path) -> None:
    lying = photograph(format="JPEG").pixels.swapaxes(0, 1)[::-1]
    Image.fromarray(lying).save(tmp_path / "a.jpg", quality=95, exif=exif(6))
    facts, picture = work.look_at((tmp_path / "a.jpg").read_bytes(), "a.jpg")
    assert facts == {"suffix": ".jpg", "lossless": False, "notes": ()}
    with Image.open(io.BytesIO(picture)) as seen:
        assert seen.size == SHAPE[::-1]
        assert np.abs(np.asarray(seen).astype(int) - photograph().pixels).mean() < 8
    wide = photograph(alpha=np.full(SHAPE, 255, np.uint8), profile=wide_gamut())
    facts, picture = work.look_at(file(wide, tmp_path / "a.png"), "pasted")
    assert facts["suffix"] == ".png"
    with Image.open(io.BytesIO(picture)) as seen:
        assert seen.mode == "RGBA"
        levels = np.asarray(seen)
    assert (levels[..., 3] == 255).all()
    difference = np.abs(levels[..., :3].astype(int) - wide.pixels)
    assert difference.mean() > 3  # the same colours are other numbers


def test_a_photograph_too_large_for_a_browser_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "MAX_PIXELS", SHAPE[0] * SHAPE[1] - 1)
    data = file(photograph(), tmp_path / "a.png")
    with pytest.raises(UserError, match=r"a\.png has 150×120 pixels.*dcgan-inpainting restore"):
        work.look_at(data, "a.png")
