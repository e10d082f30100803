"""The comparison of methods: what they see, how it is averaged, and the tree of the metrics."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from dcgan_inpainting.common.images import Images, Known
from dcgan_inpainting.evaluate import comparison
from dcgan_inpainting.evaluate.comparison import (
    as_tree,
    headline,
    measure,
    paired,
    summarise,
)
from dcgan_inpainting.evaluate.metrics import METRICS, PAIRED, quality
from dcgan_inpainting.evaluate.pairs import Pairs, Truth, View
from dcgan_inpainting.evaluate.trials import Trial

SIDE = 16


def noise(seed: int, count: int = 3) -> Images:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, SIDE, SIDE, 3)).astype(np.uint8)


def masks(count: int = 3) -> Known:
    return np.random.default_rng(9).random((count, SIDE, SIDE)) > 0.3


def test_damaged_images_have_grey_holes() -> None:
    original, known = noise(1), masks()
    damaged = Trial(original, known, {}).damaged
    assert damaged.dtype == np.uint8
    assert np.array_equal(damaged[known], original[known])
    assert (damaged[~known] == 128).all()


@pytest.mark.parametrize("at_once", [2, 64])
def test_measure_has_a_row_for_each_method_and_image(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "IMAGES_AT_ONCE", at_once)
    original, known = noise(1), masks()
    restored = {"b": noise(2), "a": noise(3)}
    table = measure(Trial(original, known, restored))
    assert list(table.columns) == ["method", "row", *METRICS]
    assert list(zip(table.method, table.row, strict=True)) == [
        (method, row) for method in ("b", "a") for row in range(3)
    ]
    figures = {
        name: quality(Pairs(Truth(original, known), View(images)))
        for name, images in restored.items()
    }
    for _, line in table.iterrows():
        expected = {name: values[line.row] for name, values in figures[line.method].items()}
        assert line[[*METRICS]].to_dict() == pytest.approx(expected, rel=1e-12)


def per_image() -> pd.DataFrame:
    """Two masks, not in the order of the alphabet, with two methods of three images each."""
    rows = []
    for mask, method, values in (
        ("half", "mean", [1.0, 2.0, 6.0]),
        ("half", "latent", [10.0, 10.0, 10.0]),
        ("center", "mean", [4.0, 5.0, 6.0]),
        ("center", "latent", [0.0, 0.33333333, 0.6666]),
    ):
        for row, value in enumerate(values):
            metrics = {name: value + place for place, name in enumerate(METRICS)}
            rows.append({"mask": mask, "method": method, "row": row, **metrics})
    return pd.DataFrame(rows)


def test_summary_is_the_mean_with_its_interval_in_the_order_of_the_rows() -> None:
    summary = summarise(per_image())
    assert summary.index.tolist() == [
        ("half", "mean"),
        ("half", "latent"),
        ("center", "mean"),
        ("center", "latent"),
    ]
    assert set(summary.columns) == {*METRICS, *(f"{name}_ci95" for name in METRICS)}
    line = summary.loc[("half", "mean")]
    assert line.psnr == pytest.approx(3)
    assert line.hole_l1 == pytest.approx(3 + [*METRICS].index("hole_l1"))
    # 4.303 is Student's t for two degrees of freedom; the deviation of 1, 2, 6 is √7.
    assert line.psnr_ci95 == pytest.approx(4.303 * np.sqrt(7) / np.sqrt(3), rel=1e-3)
    assert line.hole_l1_ci95 == pytest.approx(line.psnr_ci95)
    assert summary.loc[("half", "latent")].psnr_ci95 == 0


def pairs() -> pd.DataFrame:
    """Two masks with three methods of four images; ours has its rows in another order."""
    rows = []
    for mask, shift in (("half", 0.0), ("center", 0.5)):
        for method, values in (
            ("nearest", {0: 10.0, 1: 20.0, 2: 30.0, 3: 40.0}),
            ("latent", {3: 41.0, 0: 12.0, 2: 36.0, 1: 20.0}),
            ("mean", {0: 14.0, 1: 22.0, 2: 38.0, 3: 43.0}),
        ):
            ours = method == "latent"
            for row, value in values.items():
                psnr = value + shift * ours
                figures = {"hole_psnr": psnr, "hole_ssim": 2 * psnr, "haarpsi": -psnr}
                rows.append({"mask": mask, "method": method, "row": row, **figures})
    return pd.DataFrame(rows)


def test_paired_differences_are_ours_minus_each_other_s_on_the_same_image() -> None:
    table = paired(pairs(), "latent")
    columns = ["mask", "method", "other", "metric", "difference", "ci95", "better"]
    assert table.columns.tolist() == columns
    assert list(table[columns[:4]].itertuples(index=False, name=None)) == list(
        product(["half", "center"], ["latent"], ["nearest", "mean"], PAIRED)
    )
    lines = table.set_index(["mask", "other", "metric"])[columns[4:]]
    # 2, 0, 6 and 1: deviations from 2.25 whose squares' sum is 20.75. 3.182 is Student's t for
    # three degrees of freedom. Equal is not better.
    half = 3.182 * np.sqrt(20.75 / 3 / 4)
    for metric, expected in (
        ("hole_psnr", (2.25, half, 0.75)),
        ("hole_ssim", (4.5, 2 * half, 0.75)),
        ("haarpsi", (-2.25, half, 0)),
    ):
        assert lines.loc["half", "nearest", metric].tolist() == pytest.approx(expected, rel=1e-3)
    # What all images share moves the mean alone, and here the tie.
    shifted = lines.loc["center", "nearest", "hole_psnr"].tolist()
    assert shifted == pytest.approx([2.75, half, 1], rel=1e-3)
    # −2, −2, −2 and −2: no spread, though the images differ much.
    assert lines.loc["half", "mean", "hole_psnr"].tolist() == [-2, 0, 0]


def test_paired_differences_need_the_same_images() -> None:
    table = pairs()
    with pytest.raises(ValueError, match="not measured on the same images of mask center"):
        paired(table.drop(table.index[-1]), "latent")


def test_tree_is_by_mask_method_and_metric_and_rounded() -> None:
    tree = as_tree(summarise(per_image()))
    assert list(tree) == ["half", "center"]
    assert [list(methods) for methods in tree.values()] == [["mean", "latent"]] * 2
    assert tree["half"]["mean"]["psnr"] == 3
    assert tree["center"]["mean"]["hole_psnr"] == 5 + [*METRICS].index("hole_psnr")
    assert tree["center"]["latent"]["psnr"] == 0.333311
    assert type(tree["half"]["mean"]["psnr"]) is float
    assert as_tree(summarise(per_image()), digits=1)["center"]["latent"]["psnr"] == 0.3


def test_the_headline_is_one_methods_hole_and_the_mean_over_the_masks() -> None:
    def figures(psnr: float, ssim: float) -> dict[str, float]:
        return {"psnr": 99.0, "hole_psnr": psnr, "hole_psnr_ci95": 9.0, "hole_ssim": ssim}

    tree = {
        "center": {"mean": figures(10, 0.1), "latent": figures(20, 0.5)},
        "half": {"mean": figures(11, 0.2), "latent": figures(23.00005, 0.8)},
    }
    assert headline(tree, "latent") == {
        "hole_psnr": {"center": 20, "half": 23.00005, "mean": 21.5},
        "hole_ssim": {"center": 0.5, "half": 0.8, "mean": 0.65},
    }
    assert headline(tree, "mean")["hole_psnr"]["mean"] == 10.5
