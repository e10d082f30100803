"""What one `dvc repro` leaves: every output, what DVC shows of it, and the runs in MLflow."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from PIL import Image

from dcgan_inpainting.common.settings import load_params
from dcgan_inpainting.encoder.params import EncoderParams
from dcgan_inpainting.networks.architecture import Architecture
from dcgan_inpainting.networks.weights import load_trained
from tests.pipeline.checkout import Checkout, FullRun

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own

STAGES = ["check", "download", "crop", "train", "encoder", "unet", "masks"]
STAGES += ["inpaint@center", "inpaint@random", "baselines@center", "baselines@random"]
STAGES += ["feedforward@center", "feedforward@random", "evaluate", "pictures", "record"]
KINDS = ["center", "random"]
METHODS = ["mean", "nearest", "biharmonic", "unet", "encoder", "latent"]
METRICS = ["psnr", "ssim", "l1", "haarpsi", "hole_psnr", "hole_ssim", "hole_l1", "hole_sharpness"]
PAIRED = ["hole_psnr", "hole_ssim", "haarpsi"]
DAMAGED = 4  # images
OF_ENCODER = set(EncoderParams.model_fields) - {"images", "feature_weight", "latent_weight"}
OF_TRAIN = set(Architecture.model_fields) - {"image_size"}
OF_OTHER_SECTIONS = {  # that a stage depends on
    "unet": {f"encoder.{key}" for key in OF_ENCODER} | {f"train.{key}" for key in OF_TRAIN},
    "feedforward": {"encoder.images", "unet.images"}
    | {f"inpaint.{key}" for key in ("method", "blending", "precision")},
}


@pytest.fixture(scope="module")
def checkout(full_run: FullRun, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy of the full run's checkout: DVC's commands write notes, and another worker copies."""
    return full_run.checkout.copy(tmp_path_factory.mktemp("first run") / "copy")


def array(checkout: Checkout, name: str) -> NDArray:
    return np.load(checkout.path / "data" / f"{name}.npy")


def pixels(checkout: Checkout, name: str) -> NDArray[np.uint8]:
    with Image.open(checkout.path / "reports" / name) as picture:
        assert (picture.format, picture.mode) == ("PNG", "RGB")
        return np.asarray(picture)


def test_every_stage_ran_once_in_order(full_run: FullRun) -> None:
    assert sorted(full_run.done.ran) == sorted(STAGES)
    assert full_run.done.ran[:3] == STAGES[:3]
    assert full_run.done.ran[-3:] == ["evaluate", "pictures", "record"]


def test_no_other_machine_was_asked_for_anything(full_run: FullRun) -> None:
    """Neither by a stage nor by DVC or MLflow, which have telemetry."""
    assert full_run.asked == ""


def test_crops_are_faces_of_all_splits(checkout: Checkout) -> None:
    index = pd.read_csv(checkout.path / "data/cropped/index.csv")
    for split, count in (("train", 48), ("val", 6), ("test", 6)):
        images = array(checkout, f"cropped/{split}")
        assert (images.dtype, images.shape) == (np.uint8, (count, 64, 64, 3))
        assert min(image.std() for image in images) > 10
        rows = index[index.split == split]
        assert rows.row.tolist() == list(range(count))
    assert index.file.is_unique
    unreadable = (checkout.path / "reports/unreadable.csv").read_text()
    assert unreadable.splitlines() == ["file,reason"]
    counts = json.loads((checkout.path / "reports/crop.json").read_text())
    assert counts == {"images": 60, "unreadable": 0, "train": 48, "val": 6, "test": 6}


def test_the_models_can_be_loaded_and_the_curves_are_whole(checkout: Checkout) -> None:
    architecture = json.loads((checkout.path / "models/architecture.json").read_text())
    assert (architecture["width"], architecture["image_size"]) == (8, 64)
    generator, _ = load_trained(checkout.path / "models")
    assert generator.latent_dim == 100
    names = {path.name for path in (checkout.path / "models").glob("*.safetensors")}
    expected = {"generator", "generator_average", "discriminator", "encoder", "unet"}
    assert names == {f"{name}.safetensors" for name in expected}
    losses = pd.read_csv(checkout.path / "reports/train/losses.csv")
    assert losses.images.tolist() == [32 * step for step in range(1, 9)]
    assert np.isfinite(losses[["g_loss", "d_loss"]]).all(axis=None)
    assert (losses[["g_grad_norm", "d_grad_norm"]] > 0).all(axis=None)
    assert len(list((checkout.path / "reports/train/samples").glob("*.png"))) == 2


def test_samples_are_measured_against_the_validation_images(checkout: Checkout) -> None:
    reports = checkout.path / "reports/train"
    table = pd.read_csv(reports / "validation.csv")
    scores = ["swd", "swd_floor", "reconstruction_psnr"]
    assert table.columns.tolist()[:5] == ["step", "images", *scores]
    assert table.step.tolist() == [4, 8]
    levels = table[["swd_64", "swd_32", "swd_16"]]
    np.testing.assert_allclose(table.swd, levels.mean(axis=1), rtol=1e-4)
    metrics = json.loads((reports / "metrics.json").read_text())
    chosen = table.loc[table.reconstruction_psnr.idxmax()]  # as train.select says
    assert metrics.pop("chosen_images") == chosen.images
    assert metrics == pytest.approx(dict(chosen[scores]), abs=1e-3)
    told = json.loads((checkout.path / "models/chosen.json").read_text())
    assert told == {"step": chosen.step, "images": chosen.images, "by": "reconstruction"}
    # Noise of an untrained generator is further from faces than other faces are.
    assert (table.swd > 2 * table.swd_floor).all()
    (run,) = [run for run in checkout.runs() if run.name == "train"]
    assert run.metrics["swd"] == pytest.approx(table.swd.iloc[-1], abs=1e-3)
    last = table.reconstruction_psnr.iloc[-1]
    assert run.metrics["reconstruction_psnr"] == pytest.approx(last, abs=1e-3)
    assert run.metrics["swd_floor"] == pytest.approx(metrics["swd_floor"], abs=1e-3)
    assert {"g_grad_norm", "d_grad_norm"} <= run.metrics.keys()


def test_the_encoder_is_tried_on_validation_faces(checkout: Checkout) -> None:
    reports = checkout.path / "reports/encoder"
    table = pd.read_csv(reports / "validation.csv")
    assert table.images.tolist() == [0, 320]  # before it has learned anything, and at the end
    kinds = table.columns[2:].tolist()
    assert kinds == ["center", "pattern", "random", "half"] + [
        f"strokes_{width}" for width in ("thin", "medium", "thick")
    ]
    figures = json.loads((reports / "metrics.json").read_text())["encoder_psnr"]
    assert figures.pop("mean") == pytest.approx(table[kinds].iloc[-1].mean(), abs=1e-3)
    assert figures == pytest.approx(dict(table[kinds].iloc[-1]), abs=1e-3)
    assert table[kinds].iloc[-1].mean() > table[kinds].iloc[0].mean()
    training = pd.read_csv(reports / "training.csv")
    assert training.images.iloc[-1] == 320
    assert np.isfinite(training.psnr).all()
    # Seven kinds, four faces of each: whole, damaged, filled.
    assert pixels(checkout, "encoder/faces.png").shape == (7 * 66 + 2, 12 * 66 + 2, 3)
    (run,) = [run for run in checkout.runs() if run.name == "encoder"]
    assert run.metrics["hole_psnr/center"] == pytest.approx(table.center.iloc[-1], abs=1e-3)


def test_masks_are_true_where_the_image_is_known(checkout: Checkout) -> None:
    for kind in KINDS:
        known = array(checkout, f"masks/{kind}")
        assert (known.dtype, known.shape) == (np.bool_, (DAMAGED, 64, 64))
    center = np.ones((64, 64), bool)
    center[16:48, 16:48] = False
    assert (array(checkout, "masks/center") == center).all()
    assert 0.15 < array(checkout, "masks/random").mean() < 0.25  # a fifth is known


@pytest.mark.parametrize("kind", KINDS)
def test_holes_are_restored_and_known_pixels_kept(checkout: Checkout, kind: str) -> None:
    original = array(checkout, "cropped/test")[:DAMAGED]
    known = array(checkout, f"masks/{kind}")
    raw, composite, z, trace = (
        array(checkout, f"inpainted/{kind}/{name}") for name in ("raw", "composite", "z", "trace")
    )
    for images in (raw, composite):
        assert (images.dtype, images.shape) == (np.uint8, original.shape)
    assert np.array_equal(composite[known], original[known])
    assert not np.array_equal(raw[known], original[known])
    for image, hole in zip(composite, ~known, strict=True):
        assert image[hole].std() > 1  # filled with something
    assert (z.dtype, z.shape) == (np.float32, (DAMAGED, 100))
    assert (trace.dtype, trace.shape) == (np.float32, (11, DAMAGED))  # the start, and 10 steps
    assert (trace.min(axis=0) < trace[0]).any()  # an image may be best where it starts
    settings = json.loads((checkout.path / f"data/inpainted/{kind}/settings.json").read_text())
    asked = load_params(checkout.path / "params.yaml")["inpaint"]
    # How many processes shared the work is no part of a result.
    assert settings == {key: asked[key] for key in asked.keys() - {"devices", "nodes"}}


def test_metrics_are_the_means_of_the_table_of_images(checkout: Checkout) -> None:
    reports = checkout.path / "reports"
    metrics = json.loads((reports / "metrics.json").read_text())
    table = pd.read_csv(reports / "per_image.csv")
    index = pd.read_csv(checkout.path / "data/cropped/index.csv")
    assert list(metrics) == KINDS
    assert table.columns.tolist() == ["mask", "method", "row", "file", *METRICS]
    rows = list(zip(table["mask"], table["method"], table["row"], strict=True))
    assert sorted(rows) == sorted(product(KINDS, METHODS, range(DAMAGED)))
    files = index[index.split == "test"].set_index("row").file
    assert (table.file == table.row.map(files)).all()
    for kind, methods in metrics.items():
        assert sorted(methods) == sorted(METHODS)
        for method, figures in methods.items():
            assert set(figures) == {*METRICS, *(f"{name}_ci95" for name in METRICS)}
            mine = table[(table["mask"] == kind) & (table["method"] == method)][METRICS]
            for name in METRICS:
                assert figures[name] == pytest.approx(mine[name].mean(), abs=1e-4)
                assert figures[f"{name}_ci95"] > 0


def test_paired_differences_are_of_the_table_of_images(checkout: Checkout) -> None:
    reports = checkout.path / "reports"
    images = pd.read_csv(reports / "per_image.csv").set_index(["mask", "method", "row"])
    images = images.sort_index()
    table = pd.read_csv(reports / "paired.csv")
    keys = ["mask", "method", "other", "metric"]
    assert table.columns.tolist() == [*keys, "difference", "ci95", "better"]
    expected = list(product(KINDS, ["latent"], METHODS[:-1], PAIRED))
    assert list(table[keys].itertuples(index=False, name=None)) == expected
    for place, (kind, ours, other, metric) in enumerate(expected):
        gain = images.loc[(kind, ours), metric] - images.loc[(kind, other), metric]
        assert len(gain) == DAMAGED
        line = table.loc[place]
        assert line.difference == pytest.approx(gain.mean(), rel=1e-3, abs=1e-4)
        assert line.ci95 > 0
        assert line.better == (gain > 0).mean()


def test_the_headline_is_of_our_method(checkout: Checkout) -> None:
    metrics = json.loads((checkout.path / "reports/metrics.json").read_text())
    headline = json.loads((checkout.path / "reports/headline.json").read_text())
    assert list(headline) == ["hole_psnr", "hole_ssim"]
    for name, figures in headline.items():
        ours = {kind: methods["latent"][name] for kind, methods in metrics.items()}
        mean = pytest.approx(sum(ours.values()) / len(ours), abs=1e-4)
        assert figures == {**ours, "mean": mean}


def test_the_pictures_have_the_faces_in_them(checkout: Checkout) -> None:
    original = array(checkout, "cropped/test")
    for kind in KINDS:
        gallery = pixels(checkout, f"galleries/{kind}.png")
        # A row for each of 3 faces below the names, a column for each of 2 + 6 sets, in tiles of
        # twice 64 pixels with 2 between.
        assert gallery.shape == (20 + 3 * 130 + 2, 8 * 130 + 2, 3)
        assert np.array_equal(gallery[22 : 22 + 128 : 2, 2 : 2 + 128 : 2], original[0])
        sheet = pixels(checkout, f"inpaint/{kind}/sheet.png")
        assert sheet.shape == (DAMAGED * 66 + 2, 4 * 66 + 2, 3)
        assert np.array_equal(sheet[2:66, 2:66], original[0])
    assert pixels(checkout, "masks.png").shape == (DAMAGED * 66 + 2, 2 * 66 + 2, 3)
    assert pixels(checkout, "crop.png").shape == (6 * 66 + 2, 6 * 66 + 2, 3)
    for kind in KINDS:
        square = pixels(checkout, f"restored/{kind}.png")
        assert square.shape == (3 * 194 + 2, 3 * 194 + 2, 3)
        assert np.array_equal(square[2 : 2 + 192 : 3, 2 : 2 + 192 : 3], original[0])
        strip = pixels(checkout, f"restored/faces/{kind}-0002.png")
        assert np.array_equal(strip[2 : 2 + 192 : 3, 2 : 2 + 192 : 3], original[2])
    for sample in sorted((checkout.path / "reports/train/samples").iterdir()):
        assert pixels(checkout, f"train/samples/{sample.name}").shape == (266, 266, 3)
    for name in ("quality.png", "train/losses.png"):
        with Image.open(checkout.path / "reports" / name) as picture:
            assert min(picture.size) > 300


def test_every_stage_is_one_finished_run_with_its_own_parameters(
    full_run: FullRun, checkout: Checkout
) -> None:
    runs = {run.name: run for run in checkout.runs()}
    stages = {"download", "crop", "train", "encoder", "unet", "masks"}
    filling = ("inpaint", "baselines", "feedforward")
    stages |= {f"{stage} {kind}" for stage in filling for kind in KINDS}
    stages |= {"evaluate", "pictures"}
    assert runs.keys() == stages
    params = load_params(checkout.path / "params.yaml")
    for stage, run in runs.items():
        assert run.status == "FINISHED"
        section = stage.split()[0]
        own = {f"{section}.{key}" for key in params.get(section, {})}
        assert set(run.params) == own | OF_OTHER_SECTIONS.get(section, set())
        assert run.artifacts.is_relative_to(full_run.checkout.path / "mlruns")
        assert (run.artifacts / "dvc.lock.yaml").is_file()
        assert run.metrics or section in ("baselines", "feedforward", "pictures")
    metrics = json.loads((checkout.path / "reports/metrics.json").read_text())
    logged = runs["evaluate"].metrics["center/latent/hole_psnr"]
    assert logged == metrics["center"]["latent"]["hole_psnr"]


def test_nothing_but_text_is_left_for_git(full_run: FullRun, bare: Checkout) -> None:
    made = full_run.checkout.files() - bare.files()
    names = ("crop", "headline", "train/metrics", "encoder/metrics", "unet/metrics")
    metrics = {f"reports/{name}.json" for name in names}
    assert made <= {"dvc.lock", *metrics}


# What DVC shows


def test_status_is_clean_whatever_python_compiled(checkout: Checkout) -> None:
    assert list(checkout.path.glob("stages/__pycache__/*.pyc"))
    assert checkout.run("dvc", "status").stdout.strip() == "Data and pipelines are up to date."


def test_a_second_repro_runs_nothing(checkout: Checkout) -> None:
    lock = (checkout.path / "dvc.lock").read_bytes()
    done = checkout.run("dvc", "repro")
    assert done.ran == []
    assert sorted(done.skipped) == sorted(STAGES)
    assert (checkout.path / "dvc.lock").read_bytes() == lock


def test_metrics_show_has_the_headline_of_every_mask(checkout: Checkout) -> None:
    shown = json.loads(checkout.run("dvc", "metrics", "show", "--json").stdout)
    (files,) = (revision["data"] for revision in shown.values())
    names = ("crop", "headline", "train/metrics", "encoder/metrics", "unet/metrics")
    assert set(files) == {f"reports/{name}.json" for name in names}
    for figures in files["reports/headline.json"]["data"].values():
        assert list(figures) == [*KINDS, "mean"]


def test_plots_show_has_curves_bars_and_pictures(checkout: Checkout, tmp_path: Path) -> None:
    page = tmp_path / "plots"
    checkout.run("dvc", "plots", "show", "--out", str(page))
    text = (page / "index.html").read_text(encoding="utf-8")
    curves = ("g_loss", "d_loss", "G red and D blue", "g_grad_norm", "d_grad_norm", "swd_floor")
    for part in (*curves, "PSNR of the hole", "SSIM of the hole"):
        assert part in text
    shown = {path.name for path in (page / "static").iterdir()}
    for name in ("galleries_center", "quality.png", "samples_", "masks.png", "sheet.png"):
        assert any(name in picture for picture in shown), f"{name} is not among {sorted(shown)}"


def test_dag_shows_every_stage(checkout: Checkout) -> None:
    drawn = checkout.run("dvc", "dag").stdout
    for stage in STAGES:
        assert f"| {stage} |" in drawn
