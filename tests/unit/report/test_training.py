"""The curves and samples of a training."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcgan_inpainting.common.errors import DamagedError
from dcgan_inpainting.common.images import save_png
from dcgan_inpainting.report.training import SAMPLES, dcgan_charts, filling_charts, samples


def test_the_dcgan_has_its_five_charts(workspace: Path) -> None:
    charts = dcgan_charts(Path("reports/train"))
    assert [chart.table.header[1:] for chart in charts] == [
        ["generator (G)", "discriminator (D)"],
        ["D(x), real", "D(G(z)), generated"],
        ["generator (G)", "discriminator (D)"],
        ["generated", "real faces (floor)"],
        ["reconstruction"],
    ]
    last = charts[-1].table.groups[0].rows[-1]
    assert (last.name, [cell.text for cell in last.cells]) == ("4,800", ["23.50"])


@pytest.mark.parametrize("how", ["no report", "a training of no images"])
def test_a_network_that_was_not_trained_has_no_curve(workspace: Path, how: str) -> None:
    table = Path("reports/unet/training.csv")
    if how == "no report":
        table.unlink()
    else:
        table.write_text("step,images,psnr\n")
    charts = filling_charts(Path("reports"))
    assert [chart.table.header[1:] for chart in charts] == [
        ["encoder"], ["encoder"], ["center", "half"],
    ]  # fmt: skip
    Path("reports/encoder/training.csv").unlink()
    with pytest.raises(DamagedError, match="holds no training"):
        filling_charts(Path("reports"))


def test_a_training_of_few_images_has_charts_without_curves(workspace: Path) -> None:
    table = Path("reports/train/losses.csv")
    table.write_text(table.read_text().splitlines()[0] + "\n")
    losses, *_ = dcgan_charts(Path("reports/train"))
    assert losses.text == "generator (G): no figures; discriminator (D): no figures"


def test_a_damaged_table_is_named(workspace: Path) -> None:
    table = Path("reports/encoder/validation.csv")
    table.write_text(table.read_text().replace("23.0", "fine"))
    with pytest.raises(DamagedError, match=r"encoder.validation\.csv holds something else"):
        filling_charts(Path("reports"))


def test_of_the_validations_the_mean_over_the_kinds_is_drawn(workspace: Path) -> None:
    _, means, *_ = filling_charts(Path("reports"))
    rows = {row.name: [cell.text for cell in row.cells] for row in means.table.groups[0].rows}
    assert means.table.header == ["images seen", "unet", "encoder"]
    assert rows["4,800"] == ["20.50", "21.50"]  # of 22 and 19, of 23 and 20


def test_samples_come_with_their_figures(workspace: Path) -> None:
    first, *_, last = samples(Path("reports/train"))
    assert (first.images, first.text) == ("1,600", "SWD 60.0, reconstruction 20.00 dB")
    assert last.images == "4,800"
    assert first.picture != last.picture
    Path("reports/train/samples/0000200.png").write_bytes(b"")
    with pytest.raises(DamagedError, match=r"0000200\.png is no picture"):
        samples(Path("reports/train"))
    Path("reports/train/samples/0000200.png").unlink()
    with pytest.raises(DamagedError, match=r"0000200\.png is missing"):
        samples(Path("reports/train"))


def test_of_many_samples_some_are_shown_the_first_and_the_last_among_them(workspace: Path) -> None:
    seen = pd.DataFrame({"step": range(1, 101)})
    seen = seen.assign(images=seen["step"] * 100, swd=1.0, swd_floor=1.0, reconstruction_psnr=9.0)
    seen.to_csv("reports/train/validation.csv", index=False)
    for step in seen["step"]:
        save_png(np.zeros((8, 8, 3), np.uint8), Path(f"reports/train/samples/{step:07d}.png"))
    shown = samples(Path("reports/train"))
    assert len(shown) == SAMPLES
    assert (shown[0].images, shown[-1].images) == ("100", "10,000")
