"""`make repro` runs stages side by side, and makes of them what `dvc repro` makes."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from dcgan_inpainting.commands.presets import read_preset
from dcgan_inpainting.commands.repro import HEAD, OF_A_KIND, rows
from tests.pipeline.checkout import ROOT, SMALL, Checkout, Done, FullRun, wait_until

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own

COMMAND = ("env", "PYTHONPATH=src", sys.executable, "-m", "dcgan_inpainting.commands.repro")
LONG = ("train.images=500000", "encoder.images=500000", "unet.images=500000")

PIPELINE = (ROOT / "dvc.yaml").read_text("utf-8").replace("${masks.split}", "test")
STAGES = yaml.safe_load(PIPELINE)["stages"]


def needs(name: str) -> set[str]:
    """Return the stages that a stage needs, directly and through others."""
    read = set(STAGES[name]["deps"])
    makers = {
        other
        for other, stage in STAGES.items()
        for out in stage.get("outs", [])
        if any(dep == out or dep.startswith(f"{out}/") or out.startswith(f"{dep}/") for dep in read)
    }
    return makers.union(*map(needs, makers))


def test_no_lane_waits_for_what_is_not_made_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    made = needs(HEAD) | {HEAD}
    for row in rows():
        lanes = [[name.partition("@")[0] for name in lane] for lane in row]
        for lane in lanes:
            for place, name in enumerate(lane):
                assert needs(name) <= made | set(lane[:place]), name
        made.update(*lanes)


@pytest.mark.parametrize(
    ("kinds", "lanes"),
    [
        (["center"], [["center"]]),
        (["center", "half", "random"], [["center", "random"], ["half"]]),
    ],
)
def test_each_kind_has_a_lane(
    kinds: list[str], lanes: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"masks": {"kinds": kinds}}))
    monkeypatch.chdir(tmp_path)
    expected = [[f"{stage}@{kind}" for kind in lane for stage in OF_A_KIND] for lane in lanes]
    assert list(rows())[-1] == expected


@pytest.fixture(scope="module")
def made(
    bare: Checkout, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Checkout, Done]]:
    """A checkout with the full run's settings in which the command has run; and what it said."""
    checkout = bare.copy(tmp_path_factory.mktemp("repro") / "copy")
    checkout.set_params(*read_preset("smoke", ROOT / "presets"), *SMALL)
    yield checkout, checkout.run(*COMMAND)
    checkout.end_processes()


def test_it_makes_what_dvc_repro_makes(made: tuple[Checkout, Done], full_run: FullRun) -> None:
    checkout, done = made
    assert sorted(done.ran) == sorted(full_run.done.ran)
    locks = [(at.path / "dvc.lock").read_text("utf-8") for at in (checkout, full_run.checkout)]
    assert yaml.safe_load(locks[0]) == yaml.safe_load(locks[1])
    assert "up to date" in checkout.run("dvc", "status").stdout  # none removed another's files


def test_what_runs_beside_another_stage_is_heard(made: tuple[Checkout, Done]) -> None:
    stdout = made[1].stdout
    assert "at the same time: train | unet baselines\n" in made[1].output
    assert "unet: 100%" in stdout
    assert "\r" not in stdout  # of its bars only the last state
    assert stdout.index("'unet'") < stdout.index("'encoder'") < stdout.index("'evaluate'")


def test_mlflow_shows_one_row_whose_runs_tell_as_much(
    made: tuple[Checkout, Done], full_run: FullRun
) -> None:
    checkout, _ = made
    (row,) = checkout.rows()
    assert row.status == "FINISHED"
    told = [{run.name: set(run.tags) for run in at.runs()} for at in (checkout, full_run.checkout)]
    assert told[0] == told[1]


def test_a_second_run_makes_nothing_and_a_change_of_pictures_only_these(
    made: tuple[Checkout, Done], copied: Callable[[Checkout], Checkout]
) -> None:
    checkout = copied(made[0])
    again = checkout.run(*COMMAND)
    assert again.ran == []
    assert "up to date" in again.output
    checkout.set_params("pictures.gallery=2")
    changed = checkout.run(*COMMAND)
    assert changed.ran == ["check", "pictures", "record"]
    assert "at the same time" not in changed.output


@pytest.mark.parametrize(
    ("tell", "number"),
    [(os.killpg, signal.SIGINT), (os.kill, signal.SIGTERM)],
    ids=["Ctrl-C", "SIGTERM"],
)
def test_ctrl_c_and_sigterm_end_all_that_runs_side_by_side(
    tell: Callable[[int, int], None], number: int, checkout: Checkout, tmp_path: Path
) -> None:
    checkout.set_params(*LONG)
    log = tmp_path / "log"
    with checkout.started(*COMMAND, log=log) as command:

        def both_work() -> bool:
            live = [run.name for run in checkout.runs() if run.status == "RUNNING"]
            return sorted(live) == ["train", "unet"] and "G=" in log.read_text("utf-8")

        wait_until(both_work, "both trainings work", 100)
        tell(command.pid, number)
        assert command.wait(60) == 130
        assert checkout.processes() == []
    assert [run.status for run in checkout.runs()[-2:]] == ["KILLED", "KILLED"]
    assert "Running stage 'unet'" in log.read_text("utf-8")
    assert "Traceback" not in log.read_text("utf-8")


def test_a_lane_that_fails_costs_no_other(checkout: Checkout) -> None:
    checkout.set_params("train.images=96", "unet.images=96")
    (checkout.path / "stages/unet.py").write_text("raise SystemExit(3)\n")
    done = checkout.run(*COMMAND, status=1)
    assert {"train", "unet"} <= set(done.ran)
    assert "encoder" not in done.ran
    assert "failed to reproduce 'unet'" in done.output
    assert "up to date" in checkout.run("dvc", "status", "train").stdout
