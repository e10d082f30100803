"""What was restored of a kind of mask, read in parts."""

from pathlib import Path

import numpy as np
import pytest

from dcgan_inpainting.baselines.methods import BASELINES
from dcgan_inpainting.common.errors import DamagedError
from dcgan_inpainting.common.images import Images
from dcgan_inpainting.evaluate.trials import others_of, read_trials
from dcgan_inpainting.feedforward.methods import FEEDFORWARD
from dcgan_inpainting.inpaint.params import METHODS
from dcgan_inpainting.masks.kinds import make_masks


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Images:
    """Six images, five of which were restored, by two methods of which one is a baseline."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    whole, mean, ours = (rng.integers(0, 256, (n, 16, 16, 3), np.uint8) for n in (6, 5, 5))
    for folder in ("masks", "inpainted/random", "baselines/random"):
        Path("data", folder).mkdir(parents=True)
    np.save("data/masks/random.npy", make_masks("random", 5, 16, 1))
    np.save("data/baselines/random/mean.npy", mean)
    np.save("data/inpainted/random/composite.npy", ours)
    Path("data/inpainted/random/settings.json").write_text('{"method": "latent"}')
    return whole


def test_parts_make_up_the_whole(images: Images) -> None:
    ((first, whole),) = read_trials("random", images, ["mean"])
    assert (first, len(whole.original)) == (0, 5)
    assert list(whole.restored) == ["mean", "latent"]
    assert np.array_equal(whole.restored["mean"], np.load("data/baselines/random/mean.npy"))
    assert np.array_equal(whole.original, images[:5])
    parts = list(read_trials("random", images, ["mean"], at_once=2))
    assert [first for first, _ in parts] == [0, 2, 4]
    for method, restored in whole.restored.items():
        in_parts = [part.restored[method] for _, part in parts]
        np.testing.assert_array_equal(np.concatenate(in_parts), restored)
    np.testing.assert_array_equal(np.concatenate([part.known for _, part in parts]), whole.known)


def test_a_method_of_fewer_images_is_damaged(images: Images) -> None:
    np.save("data/baselines/random/mean.npy", images[:3])
    with pytest.raises(DamagedError, match=r"mean\.npy holds 3 images, but there are 5 masks"):
        next(read_trials("random", images, ["mean"]))


def test_the_others_are_those_of_any_kind_in_their_order(images: Images) -> None:
    filled = ("baselines/half/biharmonic", "baselines/half/mean", "baselines/half/own")
    for name in (*filled, "baselines/center/nearest", "feedforward/half/encoder"):
        Path("data", name).parent.mkdir(exist_ok=True, parents=True)
        np.save(Path("data", f"{name}.npy"), images)
    assert others_of(["random"]) == ["mean"]
    assert others_of(["random", "half"]) == ["mean", "biharmonic", "encoder"]


def test_no_two_methods_have_the_same_name() -> None:
    """They would be one row of a table."""
    assert len({*BASELINES, *FEEDFORWARD, *METHODS}) == sum(
        map(len, (BASELINES, FEEDFORWARD, METHODS))
    )
