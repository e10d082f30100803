"""What runs again after a change, and what does not."""

import json
from collections.abc import Callable

import pytest
from dvc.utils.serialize import modify_yaml

from dcgan_inpainting.tracking.lock import results
from tests.pipeline.checkout import Checkout, FullRun

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own


def test_the_same_bytes_come_out_again_and_in_another_folder(
    full_run: FullRun, checkout: Checkout
) -> None:
    lock = (checkout.path / "dvc.lock").read_text()
    metrics = (checkout.path / "reports/metrics.json").read_text()
    done = checkout.run("dvc", "repro", "--force")
    assert sorted(done.ran) == sorted(full_run.done.ran)
    assert (checkout.path / "dvc.lock").read_text() == lock
    assert (checkout.path / "reports/metrics.json").read_text() == metrics


def test_a_changed_search_retrains_nothing(checkout: Checkout) -> None:
    """Nor does it evaluate before it must; the test of the queue takes it from here."""
    checkout.set_params("inpaint.steps=3")
    done = checkout.run("dvc", "repro", "inpaint@center")
    assert done.ran == ["check", "inpaint@center"]
    assert sorted(done.skipped) == ["crop", "download", "encoder", "masks", "train"]
    status = checkout.run("dvc", "status").stdout
    changed = [line.strip(":") for line in status.splitlines() if line[:1].strip()]
    assert sorted(changed) == ["evaluate", "inpaint@random", "pictures", "record"]


def test_kinds_that_come_and_go_leave_the_others_alone(checkout: Checkout) -> None:
    lock = results(checkout.path)
    checkout.set_params("masks.kinds=[center,half]")
    done = checkout.run("dvc", "repro")
    new = {"inpaint@half", "baselines@half", "feedforward@half"}
    assert set(done.ran) == {"check", "masks", "evaluate", "pictures", "record"} | new
    old = {"inpaint@center", "baselines@center", "feedforward@center"}
    assert set(done.skipped) == {"crop", "download", "encoder", "train", "unet"} | old
    # What the old kind left is gone: a fresh clone, which never had it, is as this one.
    for folder in ("data/inpainted", "data/baselines", "data/feedforward", "reports/inpaint"):
        kinds = {path.name for path in (checkout.path / folder).iterdir()}
        assert kinds == {"center", "half"}
    metrics = json.loads((checkout.path / "reports/metrics.json").read_text())
    assert list(metrics) == ["center", "half"]
    galleries = {path.name for path in (checkout.path / "reports/galleries").iterdir()}
    assert galleries == {"center.png", "half.png"}
    assert "up to date" in checkout.run("dvc", "status").stdout
    # And back: what DVC takes from its cache, a file manager's files or not, is the commit's.
    for place in ("data/inpainted", "data/baselines/half", "data/masks", "reports/galleries"):
        (checkout.path / place / ".DS_Store").write_text("junk")
    checkout.set_params("masks.kinds=[center,random]")
    done = checkout.run("dvc", "repro")
    assert set(done.ran) <= {"evaluate", "pictures", "record"}
    assert results(checkout.path) == lock
    assert {path.name for path in (checkout.path / "reports/inpaint").iterdir()} == {
        "center",
        "random",
    }
    assert "up to date" in checkout.run("dvc", "status").stdout


def test_a_temporary_experiment_runs_what_it_must_and_logs_to_the_checkouts_store(
    checkout: Checkout,
) -> None:
    before = {run.run_id for run in checkout.runs()}
    done = checkout.run("dvc", "exp", "run", "--temp", "--set-param", "pictures.gallery=2")
    assert done.ran == ["check", "pictures", "record"]
    (run,) = [run for run in checkout.runs() if run.run_id not in before]
    assert (run.name, run.status) == ("pictures", "FINISHED")
    assert run.params == {"pictures.gallery": "2"}
    assert run.tags["dvc.exp_name"] in done.output
    assert run.artifacts.is_relative_to(checkout.path / "mlruns")
    assert (run.artifacts / "quality.png").is_file()
    assert not list(checkout.path.rglob(".dvc/tmp/exps/standalone/*/mlflow.db"))


def test_wrong_parameters_are_refused_before_any_work_and_cost_nothing(checkout: Checkout) -> None:
    params = checkout.path / "params.yaml"
    good = params.read_text()
    with modify_yaml(params) as document:
        document["download"]["images"] = 70  # good, and would run everything
        document["train"]["widht"] = 8
        document["train"]["batch_size"] = "many"
        document["inpaint"]["weight_floor"] = 2
        document["masks"]["kinds"] = ["center", "centre"]
        document["paint"] = {"steps": 3}
    done = checkout.run("dvc", "repro", status=None)
    assert done.ran == ["check"]
    (line,) = [line for line in done.output.splitlines() if line.startswith("check: error: ")]
    for words in (
        "section 'paint' is not known (known: download, crop, train, encoder, unet, masks,",
        "train.widht is not a parameter; did you mean 'width'?",
        "train.batch_size is 'many': should be a valid integer",
        "inpaint.weight_floor is 2: should be less than or equal to 1",
        "masks.kinds.1 is 'centre': should be one of center, pattern, random, half, ",
    ):
        assert words in line
    assert "Traceback" not in done.output
    params.write_text(good)
    assert checkout.run("dvc", "repro").ran == []
    assert "up to date" in checkout.run("dvc", "status").stdout


def test_a_stage_run_by_hand_refuses_wrong_parameters_too(
    bare: Checkout, copied: Callable[[Checkout], Checkout]
) -> None:
    checkout = copied(bare)
    checkout.set_params("masks.images=0")
    done = checkout.run("python", "-m", "stages.masks", status=2)
    said = done.output.strip()
    assert said.startswith("masks: error: params.yaml: masks.images is 0: ")
    assert "\n" not in said
    assert not (checkout.path / "mlflow.db").exists()
