"""Damaged and foreign arrays: one line that names the file; no pickle in them is executed."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dcgan_inpainting.common.errors import DamagedError
from dcgan_inpainting.common.images import load_images, load_masks
from dcgan_inpainting.masks.kinds import make_masks
from tests.faults.damage import Bomb, Damage, cut
from tests.faults.small_checkout import COUNTS, KIND, run, write_checkout
from tests.tiny_model import SIDE

pytestmark = pytest.mark.timeout(900)  # stages that import PyTorch, on a machine that may be busy


def array(values: object) -> Damage:
    return lambda path: np.save(path, np.asarray(values))


def content(written: bytes) -> Damage:
    return lambda path: path.write_bytes(written)


def pickled(path: Path) -> None:
    np.save(path, np.array([Bomb()], dtype=object), allow_pickle=True)


def zipped(path: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, np.zeros(3))
    path.write_bytes(buffer.getvalue())


def with_head(old: bytes, new: bytes) -> Damage:
    """Change the head of the file, whose length stays."""

    def damage(path: Path) -> None:
        whole = path.read_bytes()
        assert old in whole[:128]
        head = whole[:128].replace(old, new)
        path.write_bytes(head[:128].rstrip(b" \n").ljust(127) + b"\n" + whole[128:])

    return damage


ANY: dict[str, Damage] = {
    "missing": Path.unlink,
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "empty": cut(0),
    "5 bytes": content(b"\x93NUMP"),
    "cut in its head": lambda path: path.write_bytes(path.read_bytes()[:60]),
    "cut in the middle": cut(0.5),
    "without its last byte": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "with a byte more": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "zeros": content(bytes(10_000)),
    "text": content(b"<html>404 Not Found</html>" * 100),
    "a pickle": pickled,
    "a zip of arrays": zipped,
    "a version of the future": lambda path: path.write_bytes(
        b"\x93NUMPY\x09\x00" + path.read_bytes()[8:]
    ),
    "a shape of text": with_head(b"(", b"'"),
    "a shape below zero": with_head(b"'shape': (", b"'shape': (-"),
    "a shape of a trillion": with_head(b"'shape': (", b"'shape': (999999999999"),
    "a single number": array(3),
    "fractions": array(np.zeros((4, SIDE, SIDE, 3))),
    "a list": array(np.zeros(7, np.uint8)),
}

IMAGES: dict[str, Damage] = {
    "masks": array(np.zeros((4, SIDE, SIDE), np.bool_)),
    "grey images": array(np.zeros((4, SIDE, SIDE, 1), np.uint8)),
    "images that are not square": array(np.zeros((4, SIDE, SIDE + 2, 3), np.uint8)),
    "no image": array(np.zeros((0, SIDE, SIDE, 3), np.uint8)),
}

MASKS: dict[str, Damage] = {
    "images": array(np.zeros((4, SIDE, SIDE, 3), np.uint8)),
    "masks of whole numbers": array(np.zeros((4, SIDE, SIDE), np.uint8)),
    "masks of another size": array(np.ones((4, 64, 64), np.bool_)),
    "more masks than images": array(np.ones((5, SIDE, SIDE), np.bool_)),
    "no mask": array(np.ones((0, SIDE, SIDE), np.bool_)),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkout(tmp_path_factory.mktemp("whole") / "checkout")


@pytest.fixture
def checkout(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose arrays may be damaged; the working directory."""
    folder = shutil.copytree(whole, tmp_path / "checkout")
    monkeypatch.chdir(folder)
    return folder


def judge(refused: DamagedError, path: Path, seen: Callable[[str], None]) -> None:
    line = str(refused)
    seen(line)
    assert line.startswith(f"{path} ")
    assert "`dvc checkout`" in line
    assert "\n" not in line
    assert not Path("executed").exists()


@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize("damage", [*ANY, *IMAGES])
def test_images(damage: str, seen: Callable[[str], None]) -> None:
    path = Path("data/cropped/test.npy")
    {**ANY, **IMAGES}[damage](path)
    with pytest.raises(DamagedError) as refused:
        load_images(path)
    judge(refused.value, path, seen)


@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize("damage", [*ANY, *MASKS])
def test_masks(damage: str, seen: Callable[[str], None]) -> None:
    path = Path(f"data/masks/{KIND}.npy")
    images = load_images(Path("data/cropped/test.npy"))
    {**ANY, **MASKS}[damage](path)
    with pytest.raises(DamagedError) as refused:
        load_masks(path, images)
    judge(refused.value, path, seen)


@pytest.mark.usefixtures("checkout")
def test_changed_bytes_of_the_head(long: bool, seen: Callable[[str], None]) -> None:
    """Up to four bytes of the head changed, at seeded places: refused, or read as it was."""
    path = Path("data/cropped/test.npy")
    whole, expected = path.read_bytes(), np.load(path)
    rng = np.random.default_rng(0)
    refused, count = 0, 5000 if long else 300
    for _ in range(count):
        damaged = bytearray(whole)
        for place in rng.integers(0, 128, rng.integers(1, 5)):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            found = load_images(path)
        except DamagedError:
            refused += 1
        else:
            assert found.dtype == expected.dtype
            assert found.size == expected.size
    seen(f"{refused} of {count} refused, the others are images")
    assert refused > count / 2


@pytest.mark.usefixtures("checkout")
def test_images_of_another_side(seen: Callable[[str], None]) -> None:
    path = Path("data/cropped/test.npy")
    with pytest.raises(DamagedError, match="32×32 pixels, where 64×64 are needed") as refused:
        load_images(path, side=64)
    judge(refused.value, path, seen)


@pytest.mark.usefixtures("checkout")
def test_whole_arrays_are_mapped_and_masks_may_be_fewer() -> None:
    images = load_images(Path("data/cropped/test.npy"), side=SIDE)
    assert isinstance(images, np.memmap)
    assert images.shape == (COUNTS["test"], SIDE, SIDE, 3)
    path = Path(f"data/masks/{KIND}.npy")
    np.save(path, make_masks("random", 3, SIDE, 1))
    known = load_masks(path, images)
    assert known.shape == (3, SIDE, SIDE)
    assert known.dtype == np.bool_
    assert known.flags.writeable


@pytest.mark.parametrize(
    ("stage", "file", "damage"),
    [
        ("train", "data/cropped/train.npy", ANY["cut in the middle"]),
        ("encoder", "data/cropped/val.npy", ANY["a pickle"]),
        ("masks", "data/cropped/test.npy", ANY["missing"]),
        ("inpaint", f"data/masks/{KIND}.npy", MASKS["masks of another size"]),
        ("evaluate", f"data/masks/{KIND}.npy", MASKS["more masks than images"]),
        (
            "evaluate",
            f"data/inpainted/{KIND}/composite.npy",
            array(np.zeros((3, SIDE, SIDE, 3), np.uint8)),
        ),
        ("baselines", "data/cropped/train.npy", ANY["a pickle"]),
        ("evaluate", f"data/baselines/{KIND}/mean.npy", ANY["cut in the middle"]),
        ("evaluate", f"data/inpainted/{KIND}/settings.json", content(b"{")),
        ("evaluate", "data/masks/masks.json", content(json.dumps({"split": 3}).encode())),
        ("evaluate", "data/cropped/index.csv", content(b"a,b\n1,2\n")),
    ],
)
def test_a_stage_ends_in_one_line(
    stage: str, file: str, damage: Damage, checkout: Path, seen: Callable[[str], None]
) -> None:
    damage(checkout / file)
    ended = run(checkout, stage)
    seen(ended.error)
    assert ended.status == 2
    assert ended.error.startswith(f"{stage}: error: {file} ")
    assert not (checkout / "executed").exists()
