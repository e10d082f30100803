"""The rows of experiments in MLflow: whatever DVC took from its cache, they are whole and right."""

import json
import re
import shutil

import pytest
from PIL import Image

from dcgan_inpainting.common.settings import load_params, load_yaml
from dcgan_inpainting.tracking.experiment import shown
from dcgan_inpainting.tracking.store import PARENT
from tests.pipeline.checkout import Checkout, FullRun, Logged

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own

FACES = [f"{mask}-000{row}" for mask in ("center", "random") for row in range(3)]
CATCH_UP = ("python", "-m", "dcgan_inpainting.tracking.record")
MISSED, NOTHING = "logged what MLflow had missed", "MLflow missed nothing"
STAGES = ["download", "crop", "train", "encoder", "unet", "masks"]
STAGES += ["inpaint center", "inpaint random", "baselines center", "baselines random"]
STAGES += ["feedforward center", "feedforward random", "evaluate", "pictures"]


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
    failed = checkout.runs()[-1]
    assert (row.status, failed.status, failed.name) == ("FAILED", "FAILED", "masks")
    assert "test.npy" in row.tags["error"]
    archive.with_name("away.npy").rename(archive)
    checkout.run("dvc", "repro", "masks")
    assert catch_up(checkout) == MISSED
    (_, mended) = checkout.rows()
    assert (mended.run_id, mended.status) == (row.run_id, "FINISHED")
    assert "error" not in mended.tags
    again = checkout.runs()[-1]
    assert (again.name, again.status) == ("masks", "FINISHED")
    assert again.tags[PARENT] == row.run_id
    # The rest of the pipeline is not what params.yaml asks for, so the row is not complete.
    assert "dvc.lock" not in mended.tags
    assert catch_up(checkout) == NOTHING


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


def test_results_that_nobody_ran_here_get_their_row_and_runs_once(
    full_run: FullRun, checkout: Checkout
) -> None:
    """As in a clone after `dvc pull`: there is no store, but there are results."""
    forget(checkout)
    before = (checkout.path / "dvc.lock").read_text()
    assert [catch_up(checkout) for _ in range(2)] == [MISSED, NOTHING]
    (row,) = checkout.rows()
    check_row(row, checkout)
    there = full_run.checkout
    assert row.metrics == there.rows()[0].metrics
    assert (checkout.path / "dvc.lock").read_text() == before
    for run, original in zip(checkout.runs(), there.runs(), strict=True):
        assert (run.name, run.status) == (original.name, "FINISHED")
        assert run.params.keys() == original.params.keys()
        streamed = {"images_per_second", *(name for name in original.metrics if "system/" in name)}
        expected = {name: value for name, value in original.metrics.items() if name not in streamed}
        assert run.metrics == pytest.approx(expected, rel=1e-4)
        # Of the encoder's faces on the way, only the last are in a file.
        on_the_way = {"images/faces+step+0.png", "images/faces+step+0+compressed.webp"}
        assert files(run) >= files(original) - {"changes.patch"} - on_the_way
        assert run.tags[PARENT] == row.run_id


def test_results_that_params_yaml_does_not_ask_for_complete_no_row(checkout: Checkout) -> None:
    forget(checkout)
    checkout.set_params("inpaint.steps=3")
    assert catch_up(checkout) == MISSED
    assert "dvc.lock" not in checkout.rows()[0].tags
    names = {run.name for run in checkout.runs()}
    assert {"download", "train", "encoder", "baselines center"} <= names
    assert not {"inpaint center", "inpaint random"} & names


def test_a_row_that_mlflow_missed_is_logged_by_catching_up(checkout: Checkout) -> None:
    record = ("dvc", "repro", "--force", "--single-item", "record")
    forget(checkout)
    done = checkout.run(*record, MLFLOW_TRACKING_URI="gopher://nowhere")
    assert "not tracked now, the work goes on (`make catch-up` logs it later)" in done.output
    assert catch_up(checkout) == MISSED
    (row,) = checkout.rows()
    check_row(row, checkout)
    assert row.tags["model"] == "dcgan-inpainting-drawn version 1"
    checkout.run(*record)  # as a queue's worker does, whatever else has run
    _, again = checkout.rows()
    assert again.metrics == row.metrics
    assert again.tags["champion"] == "it was the champion before"


def test_whoever_serves_finds_the_model_of_results_that_nobody_ran_here(checkout: Checkout) -> None:
    """As after `make repro` of a fresh clone, whose results are those of the commit."""
    forget(checkout)
    serve = ("python", "-m", "dcgan_inpainting.tracking.server")
    done = checkout.run(*serve, "--model", "models:/none@champion", status=2, PYTHONPATH="src")
    assert "serve: error: models:/none@champion in sqlite:" in done.output
    (row,) = checkout.rows()
    assert row.tags["model"] == "dcgan-inpainting-drawn version 1"


@pytest.mark.parametrize("call", [5, 30, 60])
def test_recording_that_is_killed_is_completed_by_catching_up(
    checkout: Checkout, call: int
) -> None:
    forget(checkout)
    killed = checkout.run("python", "-c", KILLED, str(call), status=9, PYTHONPATH="src")
    assert "Traceback" not in killed.output
    assert catch_up(checkout) == MISSED
    (row,) = checkout.rows()
    check_row(row, checkout)
    assert [(run.name, run.status) for run in checkout.runs()] == [
        (name, "FINISHED") for name in STAGES
    ]
    for run in checkout.runs():
        pictures = [file for file in files(run) if file.endswith(".webp")]
        assert len(pictures) == len({file.partition("+timestamp")[0] for file in pictures})


# Catches up, and ends itself in the midst of a call to MLflow.
KILLED = """
import os, sys
from pathlib import Path
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as Store
from dcgan_inpainting.tracking.record import catch_up

count = 0

def counted(method):
    def call(*arguments, **options):
        global count
        count += 1
        if count == int(sys.argv[1]):
            os._exit(9)
        return method(*arguments, **options)
    return call

for name in ("create_run", "log_batch", "set_tag", "update_run_info", "log_inputs"):
    setattr(Store, name, counted(getattr(Store, name)))
catch_up(Path.cwd())
"""


def forget(checkout: Checkout) -> None:
    """Remove the store."""
    (checkout.path / "mlflow.db").unlink(missing_ok=True)
    shutil.rmtree(checkout.path / "mlruns", ignore_errors=True)


def catch_up(checkout: Checkout) -> str:
    return checkout.run(*CATCH_UP, PYTHONPATH="src").stdout.strip()


def files(run: Logged) -> set[str]:
    """Return the names of a run's artifacts, without what MLflow makes of a moment."""
    passing = re.compile(r"\+timestamp\+\d+\+[-\w]+|[0-9a-f-]{36}")
    found = (path for path in run.artifacts.rglob("*") if path.is_file())
    return {passing.sub("", path.relative_to(run.artifacts).as_posix()) for path in found}
