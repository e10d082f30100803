"""The picture of the loss curves: G red, D blue, nothing cut off."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dcgan_inpainting.pictures.loss_curves import plot_losses

RED, BLUE = (214, 39, 40), (31, 119, 180)


def plot(
    folder: Path, g_loss: float, d_loss: float, slope: float = 0.0, name: str = "a"
) -> NDArray[np.uint8]:
    """Draw straight lines: constant losses, or such as fall by `slope` over the training."""
    lines = ["step,images,g_loss,d_loss,d_real,d_fake"]
    for step in range(1, 51):
        down = slope * step / 50
        lines.append(f"{step},{32 * step},{g_loss - down},{d_loss - down},0.75,0.25")
    (folder / "losses.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    plot_losses(folder / "losses.csv", folder / f"{name}.png")
    with Image.open(folder / f"{name}.png") as picture:
        return np.asarray(picture.convert("RGB"))


def row_of(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> int:
    """Return the row that holds most of a colour: that of a level line."""
    count = (picture == colour).all(-1).sum(1)
    assert count.max() > 300  # much longer than its sample in the legend
    return int(count.argmax())


def test_g_is_red_and_d_is_blue(tmp_path: Path) -> None:
    above = plot(tmp_path, g_loss=4, d_loss=1)
    assert row_of(above, RED) < row_of(above, BLUE)
    below = plot(tmp_path, g_loss=1, d_loss=4)
    assert row_of(below, RED) > row_of(below, BLUE)


def test_a_hinge_loss_below_zero_is_in_the_picture(tmp_path: Path) -> None:
    """The hinge's generator loss is −D's answer, which may have any sign."""
    picture = plot(tmp_path, g_loss=-3, d_loss=2)
    assert row_of(picture, RED) > row_of(picture, BLUE)


def test_losses_above_zero_are_drawn_from_zero_on(tmp_path: Path) -> None:
    """A loss of a hundredth of the other's runs just above the axis, not a margin above it."""
    picture = plot(tmp_path, g_loss=4, d_loss=0.04)
    framed = np.flatnonzero((picture < 60).all(-1).sum(1) > 600)
    axis = framed[framed > row_of(picture, RED)][0]
    assert 0 < axis - row_of(picture, BLUE) <= 7  # the panel is some 350 pixels high


def test_equal_curves_give_equal_files(tmp_path: Path) -> None:
    plot(tmp_path, 2, 1, slope=0.5, name="a")
    plot(tmp_path, 2, 1, slope=0.5, name="b")
    plot(tmp_path, 2, 1, slope=0.4, name="c")
    files = [(tmp_path / f"{name}.png").read_bytes() for name in "abc"]
    assert files[0] == files[1]
    assert files[0] != files[2]
