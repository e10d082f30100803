"""The rows of experiments in MLflow: whatever DVC took from its cache, they are whole and right."""

import json
import shutil

import pytest
from PIL import Image

from dcgan_inpainting.common.settings import load_params, load_yaml
from dcgan_inpainting.tracking.experiment import shown
from dcgan_inpainting.tracking.store import PARENT
from tests.pipeline.checkout import Checkout, FullRun, Logged

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own

RECORD_IF_NEW = """
import sys
sys.path.insert(0, "src")
from pathlib import Path
from dcgan_inpainting.tracking.outbox import catch_up
from dcgan_inpainting.tracking.record import record_if_new
print(record_if_new(Path.cwd(), catch_up(Path.cwd())[0]))
"""
FACES = [f"{mask}-000{row}" for mask in ("center", "random") for row in range(3)]
CATCH_UP = ["dcgan_inpainting.tracking.outbox"]
STAGES = ["download", "crop", "train", "encoder", "masks"]
STAGES += ["inpaint center", "inpaint random", "baselines center", "baselines random"]
STAGES += ["evaluate", "pictures"]


def headline(checkout: Checkout) -> dict[str, float]:
    """Return what the row's figures must be, from the table of all methods."""
    metrics = json.loads((checkout.path / "reports/metrics.json").read_text())
    figures = {}
    for name in ("hole_psnr", "hole_ssim"):
        values = {mask: methods["latent"][name] for mask, methods in metrics.items()}
        figures |= {f"{name}/{mask}": value for mask, value in values.items()}
        figures[f"{name}/mean"] = pytest.approx(sum(values.values()) / len(values), abs=1e-4)
    return figures


def check_row(row: Logged, checkout: Checkout) -> None:
    assert row.status == "FINISHED"
    figures = {name: value for name, value in row.metrics.items() if name.startswith("hole_")}
    assert figures == headline(checkout)
    assert row.params == shown(load_params(checkout.path / "params.yaml"))
    for mask in ("center", "random"):
        (picture,) = row.artifacts.glob(f"images/restored~{mask}+step+0+*.png")
        with Image.open(picture) as shown_picture:
            assert shown_picture.width == shown_picture.height
    for name in ("dvc.lock", "metrics.json", "quality.png", "galleries/center.png"):
        assert (row.artifacts / name).is_file()


def test_the_first_run_is_one_row_with_a_nested_run_for_each_stage(checkout: Checkout) -> None:
    (row,) = checkout.rows()
    runs = checkout.runs()
    check_row(row, checkout)
    assert [run.name for run in runs] == STAGES
    table = json.loads((runs[-1].artifacts / "faces.json").read_text())
    assert table["columns"] == ["face", "picture", "hole_psnr", "hole_ssim"]
    assert [face for face, *_ in table["data"]] == FACES
    for _, picture, *_ in table["data"]:
        assert (runs[-1].artifacts / picture["filepath"]).is_file()
    assert {run.tags[PARENT] for run in runs} == {row.run_id}
    for run in runs:
        assert row.tags[f"run.{run.name.replace(' ', '.')}"] == run.run_id
        assert run.run_id in row.tags["mlflow.note.content"]
    assert row.tags["swept"].startswith("download.images=60 ")
    assert "+  images: 60" in (row.artifacts / "changes.patch").read_text()


def test_each_run_holds_its_entry_of_dvcs_own_lock(checkout: Checkout) -> None:
    lock = load_yaml((checkout.path / "dvc.lock").read_text())["stages"]
    for run in checkout.runs():
        stage = run.name.replace(" ", "@")
        entry = load_yaml((run.artifacts / "dvc.lock.yaml").read_text())
        assert entry == {stage: lock[stage]}


def test_an_experiment_whose_every_stage_is_cached_has_its_row_with_links(
    checkout: Checkout,
) -> None:
    options = ("--temp", "--set-param", "pictures.gallery=2")
    first = checkout.run("dvc", "exp", "run", *options)
    assert first.ran == ["check", "pictures", "record"]
    again = checkout.run("dvc", "exp", "run", *options, "--name", "again")
    assert again.ran == ["record"]
    baseline, one, two = checkout.rows()
    assert (one.tags["swept"], two.tags["swept"]) == ("pictures.gallery=2",) * 2
    assert two.name.endswith(" · again")
    assert two.metrics == one.metrics == baseline.metrics
    # Nothing of the second ran in it, and all is traced to the runs that made it.
    assert not [run for run in checkout.runs() if run.tags[PARENT] == two.run_id]
    (drawn,) = [run for run in checkout.runs() if run.tags[PARENT] == one.run_id]
    for row in (one, two):
        assert row.tags["run.pictures"] == drawn.run_id
        assert row.tags["run.train"] == baseline.tags["run.train"]
    assert "from DVC's cache, made by" in two.tags["mlflow.note.content"]


def test_a_stage_that_fails_fails_the_row_until_the_next_attempt_mends_it(
    checkout: Checkout,
) -> None:
    checkout.set_params("masks.seed=2")
    archive = checkout.path / "data/cropped/test.npy"
    archive.rename(archive.with_name("away.npy"))
    checkout.run("python", "-m", "stages.masks", status=None, DVC_STAGE="masks")
    (_, row) = checkout.rows()
    assert row.status == "FAILED"
    assert "test.npy" in row.tags["error"]
    archive.with_name("away.npy").rename(archive)
    checkout.run("dvc", "repro", "masks")
    (_, mended) = checkout.rows()
    assert mended.run_id == row.run_id
    assert mended.status == "RUNNING"
    assert "error" not in mended.tags
    # Nothing more was asked for; whoever comes next sees that DVC has ended.
    assert "missed nothing" in checkout.run("python", "-m", *CATCH_UP, PYTHONPATH="src").output
    assert checkout.rows()[1].status == "FINISHED"


def test_an_experiment_with_the_commit_s_own_settings_has_its_row(checkout: Checkout) -> None:
    """As one of a grid may have: DVC writes params.yaml anew, with the same values."""
    params = checkout.path / "params.yaml"
    params.write_text(params.read_text(encoding="utf-8") + "# nothing\n", encoding="utf-8")
    done = checkout.run("dvc", "exp", "run", "--temp", "--name", "same")
    assert done.ran == ["check", "record"]
    baseline, row = checkout.rows()
    assert row.name.endswith(" · same")
    assert row.metrics == baseline.metrics
    assert row.tags["run.evaluate"] == baseline.tags["run.evaluate"]


def test_results_that_nobody_ran_here_get_their_row_once(
    full_run: FullRun, checkout: Checkout
) -> None:
    """As in a clone after `dvc pull`: there is no store, but there are results."""
    (checkout.path / "mlflow.db").unlink()
    shutil.rmtree(checkout.path / "mlruns")
    before = (checkout.path / "dvc.lock").read_text()
    recorded = [checkout.run("python", "-c", RECORD_IF_NEW).stdout.strip() for _ in range(2)]
    assert recorded == ["True", "False"]
    (row,) = checkout.rows()
    check_row(row, checkout)
    assert row.metrics == full_run.checkout.rows()[0].metrics
    assert "not in this store" in row.tags["mlflow.note.content"]
    assert (checkout.path / "dvc.lock").read_text() == before

    # What is there is not what params.yaml asks for.
    (checkout.path / "mlflow.db").unlink()
    checkout.set_params("inpaint.steps=3")
    assert checkout.run("python", "-c", RECORD_IF_NEW).stdout.strip() == "False"


def test_a_row_that_mlflow_missed_is_completed_by_catching_up(checkout: Checkout) -> None:
    record = ("dvc", "repro", "--force", "--single-item", "record")
    done = checkout.run(*record, MLFLOW_TRACKING_URI="gopher://nowhere")
    assert "not tracked now, the work goes on (`make catch-up` logs it later)" in done.output
    for name in ("reports", "models"):  # what is logged later was kept apart
        (checkout.path / name).rename(checkout.path / f"{name} moved")
    said = checkout.run("python", "-m", *CATCH_UP, PYTHONPATH="src").output
    assert "logged what MLflow had missed: 1 run(s)" in said
    for name in ("reports", "models"):
        (checkout.path / f"{name} moved").rename(checkout.path / name)
    first, row = checkout.rows()
    check_row(row, checkout)
    assert row.metrics == first.metrics
    assert row.tags["model"] == first.tags["model"] == "dcgan-inpainting-drawn version 1"
    assert row.tags["champion"] == "it was the champion before"
