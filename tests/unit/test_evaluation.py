"""The comparison of methods: what they see, how it is averaged, and the tree of the metrics."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from dcgan_inpainting import baselines
from dcgan_inpainting.evaluation import (
    METRICS,
    Trial,
    as_tree,
    headline,
    measure,
    summarise,
    with_baselines,
)
from dcgan_inpainting.images import Images, Known
from dcgan_inpainting.metrics import Quality, quality

SIDE = 16


def noise(seed: int, count: int = 3) -> Images:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, SIDE, SIDE, 3)).astype(np.uint8)


def masks(count: int = 3) -> Known:
    return np.random.default_rng(9).random((count, SIDE, SIDE)) > 0.3


def test_metrics_are_those_of_a_quality() -> None:
    assert list(Quality.__dataclass_fields__) == METRICS


def test_damaged_images_have_grey_holes() -> None:
    original, known = noise(1), masks()
    damaged = Trial(original, known, {}).damaged
    assert damaged.dtype == np.uint8
    assert np.array_equal(damaged[known], original[known])
    assert (damaged[~known] == 128).all()


def test_baselines_stand_before_ours_and_see_known_pixels_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        baselines,
        "biharmonic",  # the real one starts processes, and has its own tests
        lambda damaged, known: np.stack(
            [baselines._biharmonic(*pair) for pair in zip(damaged, known, strict=True)]
        ),
    )
    original, known, train, ours = noise(1), masks(), noise(2, 6), noise(3)
    trial = with_baselines(original, known, train, {"latent": ours})
    assert list(trial.restored) == ["mean", "nearest", "biharmonic", "latent"]
    assert trial.restored["latent"] is ours
    secret = np.where(known[..., None], original, 255 - original)
    other = with_baselines(secret, known, train, {"latent": ours})
    filled = []
    for name in ("mean", "nearest", "biharmonic"):
        assert np.array_equal(trial.restored[name], other.restored[name])
        assert np.array_equal(trial.restored[name][known], original[known])
        filled.append(trial.restored[name][~known].tobytes())
    assert len(set(filled)) == 3
    assert np.array_equal(trial.original, original)


def test_measure_has_a_row_for_each_method_and_image() -> None:
    original, known = noise(1), masks()
    restored = {"b": noise(2), "a": noise(3)}
    table = measure(Trial(original, known, restored))
    assert list(table.columns) == ["method", "row", *METRICS]
    assert list(zip(table.method, table.row, strict=True)) == [
        (method, row) for method in ("b", "a") for row in range(3)
    ]
    for _, line in table.iterrows():
        expected = quality(original[line.row], restored[line.method][line.row], known[line.row])
        assert line[METRICS].to_dict() == asdict(expected)


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
    assert line.hole_l1 == pytest.approx(3 + 5)
    # 4.303 is Student's t for two degrees of freedom; the deviation of 1, 2, 6 is √7.
    assert line.psnr_ci95 == pytest.approx(4.303 * np.sqrt(7) / np.sqrt(3), rel=1e-3)
    assert line.hole_l1_ci95 == pytest.approx(line.psnr_ci95)
    assert summary.loc[("half", "latent")].psnr_ci95 == 0


def test_tree_is_by_mask_method_and_metric_and_rounded() -> None:
    tree = as_tree(summarise(per_image()))
    assert list(tree) == ["half", "center"]
    assert [list(methods) for methods in tree.values()] == [["mean", "latent"]] * 2
    assert tree["half"]["mean"]["psnr"] == 3
    assert tree["center"]["mean"]["hole_psnr"] == 5 + METRICS.index("hole_psnr")
    assert tree["center"]["latent"]["psnr"] == 0.3333
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
