"""What makes the row of an experiment one row: who belongs to it, and what it says of itself."""

import subprocess
from pathlib import Path

import pytest

from dcgan_inpainting.tracking.experiment import Experiment, shown

GIT = ["git", "-c", "user.name=me", "-c", "user.email=me@localhost"]
PARAMS = "train: {width: 24, learning_rate: 5e-4}\nmasks: {kinds: [center, half]}\n"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "params.yaml").write_text(PARAMS)
    (tmp_path / "code.py").write_text("first\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*GIT, *command], cwd=tmp_path, check=True)
    monkeypatch.setenv("DVC_STAGE", "train")
    return tmp_path


def set_params(checkout: Path, old: str, new: str) -> None:
    (checkout / "params.yaml").write_text(PARAMS.replace(old, new))


def test_a_stage_run_by_hand_belongs_to_no_experiment(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Experiment.current(checkout) is not None
    monkeypatch.delenv("DVC_STAGE")
    assert Experiment.current(checkout) is None


def test_all_stages_of_an_attempt_and_of_the_next_are_one_experiment(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Experiment.of(checkout)
    (checkout / "dvc.lock").write_text("written by DVC after the first stage")
    (checkout / "reports").mkdir()
    (checkout / "reports/metrics.json").write_text("{}")
    monkeypatch.setenv("DVC_STAGE", "evaluate")
    again = Experiment.of(checkout)
    assert again.key == first.key
    assert again.name == first.name == f"baseline · {first.tags['mlflow.source.git.commit'][:7]}"
    assert "dvc.stage" not in again.tags


def test_other_parameters_code_or_names_make_another_experiment(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {Experiment.of(checkout).key}
    set_params(checkout, "width: 24", "width: 32")
    keys.add(Experiment.of(checkout).key)
    set_params(checkout, "", "")
    (checkout / "code.py").write_text("second\n")
    keys.add(Experiment.of(checkout).key)
    (checkout / "code.py").write_text("first\n")
    for name in ("wordy-oak", "tidy-elm"):
        monkeypatch.setenv("DVC_EXP_NAME", name)
        keys.add(Experiment.of(checkout).key)
    assert len(keys) == 5


def test_it_says_what_was_swept(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_EXP_NAME", "wordy-oak")
    assert Experiment.of(checkout).tags["swept"] == "baseline"
    (checkout / "params.yaml").write_text(
        PARAMS.replace("5e-4", "1e-05").replace("[center, half]", "[half, random]")
    )
    experiment = Experiment.of(checkout)
    swept = 'train.learning_rate=1e-05 masks.kinds=["half","random"]'
    assert experiment.tags["swept"] == swept
    assert experiment.name == 'learning_rate=1e-05 kinds=["half","random"] · wordy-oak'
    assert experiment.params == {
        "train.width": "24",
        "train.learning_rate": "1e-05",
        "masks.kinds": '["half", "random"]',
    }


def test_what_was_swept_is_told_against_dvcs_baseline_wherever_head_is(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed `dvc exp run` leaves HEAD on a commit of the experiment's own."""
    head = ["git", "rev-parse", "HEAD"]
    baseline = subprocess.run(head, cwd=checkout, check=True, capture_output=True, text=True)
    monkeypatch.setenv("DVC_EXP_BASELINE_REV", baseline.stdout.strip())
    set_params(checkout, "24", "32")
    before = Experiment.of(checkout)
    subprocess.run([*GIT, "commit", "-qam", "DVC's own"], cwd=checkout, check=True)
    after = Experiment.of(checkout)
    assert (after.tags["swept"], after.key) == (before.tags["swept"], before.key)
    assert after.tags["swept"] == "train.width=32"
    assert "+train: {width: 32" in after.patch


def test_in_the_name_a_parameter_has_its_section_where_it_needs_it(checkout: Path) -> None:
    both = PARAMS + "inpaint: {learning_rate: 0.1, steps: 200}\n"
    (checkout / "params.yaml").write_text(both)
    subprocess.run([*GIT, "commit", "-qam", "both"], cwd=checkout, check=True)
    (checkout / "params.yaml").write_text(both.replace("0.1", "0.2").replace("200", "50"))
    name = Experiment.of(checkout).name
    assert name.startswith("inpaint.learning_rate=0.2 steps=50 · ")


def test_a_long_list_of_swept_parameters_is_cut_in_the_name_only(checkout: Path) -> None:
    lines = "".join(f"  p{number}: {{}}\n" for number in range(5))
    (checkout / "params.yaml").write_text("train:\n" + lines.replace("{}", "1"))
    experiment = Experiment.of(checkout)
    assert experiment.name.startswith("p0=1 p1=1 p2=1 … · ")
    assert experiment.tags["swept"].endswith("train.p4=1")


def test_the_patch_holds_changed_code_and_names_new_files(checkout: Path) -> None:
    assert Experiment.of(checkout).patch == ""
    (checkout / "code.py").write_text("second\n")
    (checkout / "new.py").write_text("new")
    (checkout / "dvc.lock").write_text("not code")
    patch = Experiment.of(checkout).patch
    assert "-first\n+second\n" in patch
    assert patch.endswith("# new file, not part of this patch: new.py\n")
    assert "not code" not in patch
    assert Experiment.of(checkout).tags["git.dirty"] == "true"


def test_a_new_file_is_the_same_experiment_whether_git_knows_it_or_not(checkout: Path) -> None:
    """Holes of one's own were once in git's index at some stages of an experiment only."""
    (checkout / "new.py").write_text("new")
    before = Experiment.of(checkout)
    subprocess.run([*GIT, "add", "new.py"], cwd=checkout, check=True)
    after = Experiment.of(checkout)
    assert after.patch == before.patch == "# new file, not part of this patch: new.py\n"
    assert after.key == before.key


def test_without_git_it_still_has_a_name(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(PARAMS)
    experiment = Experiment.of(tmp_path)
    assert (experiment.name, experiment.patch) == ("baseline · no commit", "")


def test_parameters_are_shown_on_one_line_and_cut_at_mlflows_limit() -> None:
    document = {"train": {"flip": True, "archive": None, "source": "x" * 7000, "kinds": ["a", "b"]}}
    assert shown(document) == {
        "train.flip": "true",
        "train.archive": "null",
        "train.source": "x" * 6000,
        "train.kinds": '["a", "b"]',
    }


def test_parameters_as_dvc_lock_has_them_alone() -> None:
    document = {"unet": {"images": 3}, "encoder.kinds": ["half"], "encoder.flip": False}
    assert shown(document) == {
        "unet.images": "3",
        "encoder.kinds": '["half"]',
        "encoder.flip": "false",
    }
