"""Queued experiments: two workers, one store, shared cores, each on its own snapshot's code."""

import json
import re
from pathlib import Path

import pytest

from dcgan_inpainting.process.cores import available
from dcgan_inpainting.tracking.store import PARENT
from tests.pipeline.checkout import Checkout, wait_until

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # MLflow's own
    pytest.mark.timeout(700),  # on a machine that has other work, DVC's start alone takes minutes
]


def test_two_workers_log_to_one_store_and_run_their_snapshots_code(checkout: Checkout) -> None:
    # Without a store, so that both workers want to make it at the same moment.
    (checkout.path / "mlflow.db").unlink()

    # 1e-5 is written as 1e-05, which YAML 1.1 takes for a string.
    queue = ["dvc", "exp", "run", "--queue"]
    checkout.run(*queue, "--set-param", "inpaint.learning_rate=1e-5,0.1")

    module = checkout.path / "src/dcgan_inpainting/inpaint/restoration.py"
    module.write_text("raise RuntimeError('code of the workspace')\n")
    # As after `pip install --editable`: the workspace is on the path of whatever Python runs.
    installed = {"PYTHONPATH": str(checkout.path / "src")}
    here = checkout.run("python", "-m", "stages.inpaint", "center", "test", status=1, **installed)
    assert "code of the workspace" in here.output

    checkout.run("dvc", "queue", "start", "--jobs", "2", OMP_NUM_THREADS="", **installed)

    # Not for the workers' end: a worker whose look at the queue meets a half-written message stays
    # for ever, by DVC's fault. And not asked of DVC every few seconds: its start takes as long as a
    # stage's, on the cores that the workers need.
    wait_until(lambda: ended(checkout), "the end of both experiments", 600, pause=1)
    shown = checkout.run("dvc", "queue", "status").stdout
    assert shown.count("Success") == 2, shown + logs(checkout)
    assert "Failed" not in shown

    runs = checkout.runs()
    ran = [run for run in runs if "dvc.exp_name" in run.tags]
    names = {run.tags["dvc.exp_name"] for run in ran}
    assert len(names) == 2
    # Nothing was trained again: what came from the cache has a run that says so.
    stages = ["evaluate", "inpaint center", "inpaint random", "pictures"]
    assert sorted(run.name for run in ran) == sorted(stages * 2)
    for name in names:
        mine = [run for run in ran if run.tags["dvc.exp_name"] == name]
        assert sorted(run.name for run in mine) == stages
    assert {run.status for run in runs} == {"FINISHED"}
    assert {"train", "encoder", "masks"} <= {run.name for run in runs if run not in ran}
    for run in runs:
        assert run.artifacts.is_relative_to(checkout.path / "mlruns")
        expected = {"evaluate": "metrics.json", "pictures": "inpaint/random/sheet.png"}
        assert (run.artifacts / expected.get(run.name, "dvc.lock.yaml")).is_file()
    rates = {run.params.get("inpaint.learning_rate") for run in ran} - {None}
    assert {float(rate) for rate in rates} == {1e-5, 0.1}

    # Each experiment is a row that says what was swept, and is complete.
    rows = checkout.rows()
    assert {row.tags["dvc.exp_name"] for row in rows} == names
    assert len(rows) == 2
    swept = {f"inpaint.learning_rate={rate}" for rate in ("1e-05", "0.1")}
    assert {row.tags["swept"] for row in rows} == swept
    for row in rows:
        assert row.status == "FINISHED"
        assert {"hole_psnr/center", "hole_psnr/random", "hole_ssim/mean"} <= row.metrics.keys()
        nested = {run.name for run in ran if run.tags[PARENT] == row.run_id}
        assert sorted(nested) == stages
        for stage in ("train", "encoder", "masks", "inpaint.center"):
            assert f"run.{stage}" in row.tags

    # They shared the cores. One that has no more to do ends, mostly: then the rest has all.
    half = [f"{available() // 2} of {available()}"] if available() > 1 else []
    said = [path.read_text(errors="replace") for path in log_files(checkout)]
    assert len(said) == 2
    for log in said:
        assert re.findall(r"inpaint: using (.+) cores", log)[:1] == half

    # Each result is its own.
    refs = checkout.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").stdout.split()
    refs = [ref for ref in refs if ref.rpartition("/")[2] in names]
    results = [checkout.run("git", "show", f"{ref}:reports/headline.json").stdout for ref in refs]
    assert len(results) == 2
    quality = {json.loads(result)["hole_psnr"]["center"] for result in results}
    assert len(quality) == 2


def ended(checkout: Checkout) -> bool:
    """Whether both experiments have begun and their temporary directories are gone."""
    return len(log_files(checkout)) == 2 and not list(checkout.path.glob(".dvc/tmp/exps/tmp*"))


def log_files(checkout: Checkout) -> list[Path]:
    """Return the files in which DVC keeps what each queued experiment says."""
    return sorted(checkout.path.glob(".dvc/tmp/exps/run/*/*.out"))


def logs(checkout: Checkout) -> str:
    """Return what the experiments said, for the message of a test that fails."""
    return "\n".join(file.read_text(errors="replace")[-3000:] for file in log_files(checkout))
