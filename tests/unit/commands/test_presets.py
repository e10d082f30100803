"""The presets: how they are read, and that the project's own are valid."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides

from dcgan_inpainting.check.consistency import SECTIONS
from dcgan_inpainting.commands.presets import applied, preset_names, read_preset, start_afresh
from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.settings import load_params

ROOT = Path(__file__).parents[3]
PRESETS = ROOT / "presets"
AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@b")


def test_comments_and_empty_lines_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text(
        "# a comment\n\n  train.width=8  # why\nmasks.kinds=[center,half]\ntrain.width=9\n",
        encoding="utf-8",
    )
    overrides = ["train.width=8", "masks.kinds=[center,half]", "train.width=9"]
    assert read_preset("mine", tmp_path) == overrides


def test_an_unknown_preset_names_those_there_are(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.txt").write_text("")
    with pytest.raises(UserError, match=r"no preset 'c' in .*\(there are: a, b\)"):
        read_preset("c", tmp_path)


@pytest.mark.parametrize(
    "line", ["train.width 8", "train.width = 8", "masks.kinds=[center, half]", "width=8", "=8"]
)
def test_a_line_that_is_no_override_is_refused(tmp_path: Path, line: str) -> None:
    """A blank would part it on make's command line."""
    (tmp_path / "mine.txt").write_text(f"{line}\n")
    with pytest.raises(UserError, match=r"mine\.txt: '.*' is not of the form section\.key=value"):
        read_preset("mine", tmp_path)


def test_a_preset_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_bytes("# für\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"mine\.txt is no text in UTF-8"):
        read_preset("mine", tmp_path)


@pytest.mark.parametrize("preset", preset_names(PRESETS))
def test_every_preset_sets_known_keys_to_valid_values(preset: str) -> None:
    overrides = read_preset(preset, PRESETS)
    places = [override.partition("=")[0] for override in overrides]
    assert len(places) == len(set(places)) > 0
    document = applied(overrides, load_params(ROOT / "params.yaml"))
    for section, model in SECTIONS.items():
        model.model_validate(document[section])


# Where files lie, by how much work is shared, and how many images a search takes at once.
THIS_MACHINE_S = {
    "download.archive",
    "download.archive_md5",
    "download.partition_md5",
    "train.devices",
    "train.nodes",
    "train.strategy",
    "masks.folder",
    "inpaint.batch_size",
    "inpaint.devices",
    "inpaint.nodes",
}


def test_the_article_s_preset_hangs_on_nothing_in_params_yaml() -> None:
    """A key that is new in params.yaml wants a line there, too, in its place."""
    document = load_params(ROOT / "params.yaml")
    keys = [f"{section}.{key}" for section, values in document.items() for key in values]
    assert set(keys) >= THIS_MACHINE_S
    pinned = [override.partition("=")[0] for override in read_preset("article", PRESETS)]
    assert pinned == [key for key in keys if key not in THIS_MACHINE_S]


@pytest.mark.parametrize("preset", preset_names(PRESETS))
def test_what_a_preset_makes_is_what_dvc_makes_of_it(preset: str, tmp_path: Path) -> None:
    params = Path(shutil.copy(ROOT / "params.yaml", tmp_path))
    overrides = read_preset(preset, PRESETS)
    expected = applied(overrides, load_params(params))
    apply_overrides(params, overrides)
    assert load_params(params) == expected


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.widht=8", r"the preset sets train\.widht, which is not in params\.yaml"),
        ("tarin.width=8", r"the preset sets tarin\.width, which is not in params\.yaml"),
        ("train.width=[", r"the preset sets train\.width to what is not valid YAML: "),
    ],
)
def test_an_override_that_cannot_be_applied_is_named(override: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        applied([override], {"train": {"width": 1}, "text": "no section"})


# From the committed params.yaml


PARAMS = "# a comment\ntrain:\n  width: 24 # channels\n  images: 100\ndata:\n  source: drawn\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A committed params.yaml with two presets, in the working directory; return the file."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name, text in {
        "params.yaml": PARAMS,
        "presets/wide.txt": "train.width=48\ndata.source=celeba\n",
        "presets/short.txt": "train.images=10\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    git("add", ".")
    git(*AUTHOR, "commit", "-q", "-m", "A start")
    return tmp_path / "params.yaml"


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True)


@pytest.mark.parametrize("before", ["wide", "short"])
def test_a_preset_comes_in_the_place_of_another_and_comments_stay(
    project: Path, before: str
) -> None:
    apply_overrides(project, read_preset(before))
    assert project.read_text() != PARAMS
    start_afresh()
    assert project.read_text() == PARAMS


@pytest.mark.parametrize("text", [PARAMS, PARAMS.replace(" # channels", "")])
def test_where_no_value_was_changed_nothing_is(project: Path, text: str) -> None:
    project.write_text(text)
    start_afresh()
    assert project.read_text() == text


@pytest.mark.parametrize("before", [[], ["wide"], ["wide", "short"]])
def test_changes_of_the_user_s_own_are_never_lost(project: Path, before: list[str]) -> None:
    for preset in before:
        apply_overrides(project, read_preset(preset))
    if len(before) < 2:
        apply_overrides(project, ["train.images=77"])
    mine = project.read_text()
    with pytest.raises(UserError, match="has changes of your own") as no:
        start_afresh()
    assert "git checkout HEAD params.yaml" in str(no.value)
    assert "\n" not in str(no.value)
    assert project.read_text() == mine


def test_without_a_commit_there_is_nothing_to_start_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "params.yaml").write_text(PARAMS)
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    with pytest.raises(UserError, match=r"starts from the committed params\.yaml, but git says"):
        start_afresh()


# As a command


def run(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dcgan_inpainting.commands.presets", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("before", [[], ["wide"], ["short"]])
def test_as_a_command_it_writes_over_the_committed_values(project: Path, before: list[str]) -> None:
    for preset in before:
        apply_overrides(project, read_preset(preset))
    done = run("wide", folder=project.parent)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("params.yaml: preset wide, 2 values other than")
    expected = PARAMS.replace("24", "48").replace("drawn", "celeba")
    assert project.read_text() == expected


@pytest.mark.parametrize("preset", preset_names(PRESETS))
def test_the_project_s_own_keep_every_comment(preset: str, tmp_path: Path) -> None:
    for name in ("params.yaml", "presets"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    for words in (("init", "-q"), ("add", "."), (*AUTHOR, "commit", "-q", "-m", "A start")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    assert run(preset, folder=tmp_path).returncode == 0
    committed = load_params(ROOT / "params.yaml")
    assert load_params(tmp_path / "params.yaml") == applied(read_preset(preset, PRESETS), committed)
    comments = [
        re.findall(r"# .*", (path / "params.yaml").read_text()) for path in (ROOT, tmp_path)
    ]
    assert comments[0] == comments[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name one of the presets: article, "),
        (("articel",), "there is no preset 'articel' in presets (there are: article, "),
        (("../presets/article",), "there is no preset '../presets/article' in presets"),
    ],
)
def test_as_a_command_it_refuses_in_one_line(arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"preset: error: {message}")
    assert done.stderr.count("\n") == 1
