"""Throw-away checkouts of the project, in which the tests run the real scripts and the real DVC."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from urllib.parse import urlsplit
from urllib.request import url2pathname

import psutil
from dvc.utils.hydra import apply_overrides

from dcgan_inpainting.tracking.store import EXPERIMENT

ROOT = Path(__file__).parents[2]

# Smaller than the preset: the start of each stage takes most of the time anyway.
SMALL = (
    "download.images=60",
    "train.images=256",
    "train.batch_size=32",
    "train.validate_every=128",
    "masks.kinds=[center,random]",
    "masks.images=4",
    "pictures.gallery=3",
)

# Of the surroundings: a `dvc repro`, make or git hook that runs the tests, one's own settings, and
# what a launcher of several processes says, which Lightning leaves in a test's own process.
FOREIGN = (
    "DVC_",
    "GIT_",
    "MAKE",
    "MFLAGS",
    "MLFLOW_",
    "PYTHON",
    "MASTER_",
    "RANK",
    "LOCAL_",
    "NODE_RANK",
    "WORLD_SIZE",
)
MARK = "PIPELINE_TEST_CHECKOUT"  # by which the processes of a checkout are found


@dataclass(frozen=True)
class Done:
    """A command that has ended: its output, and what DVC says in it of each stage."""

    output: str  # stdout, then stderr
    stdout: str

    @property
    def ran(self) -> list[str]:
        """The stages that ran, in their order."""
        return re.findall(r"^Running stage '(.+)':$", self.output, re.MULTILINE)

    @property
    def skipped(self) -> list[str]:
        """The stages that did not have to run."""
        pattern = r"^Stage '(.+)' (?:didn't change, skipping|is cached - skipping run)"
        return re.findall(pattern, self.output, re.MULTILINE)


@dataclass(frozen=True)
class Logged:
    """A run in a checkout's store."""

    run_id: str
    name: str  # of a stage's run, the stage with the item of a matrix: "inpaint center"
    status: str
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    artifacts: Path


@dataclass(frozen=True)
class Checkout:
    """A git repository that holds the project, with its own DVC cache and tracking store."""

    path: Path
    scratch: Path  # for all that DVC keeps outside of a repository

    def fill_from_working_tree(self) -> None:
        """Copy the project as it lies here, changes and new files included, and commit it."""
        git = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
        listed = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():  # listed, but deleted
                (self.path / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, self.path / name)
        self.run("git", "init", "--quiet")
        self.commit()

    def copy(self, path: Path) -> "Checkout":
        """Return a copy of this checkout as it is, with its cache and its store."""
        return Checkout(Path(shutil.copytree(self.path, path, symlinks=True)), self.scratch)

    def commit(self) -> None:
        """Commit all that git does not ignore, without relying on anybody's git settings."""
        self.run("git", "add", "--all")
        author = ("-c", "user.name=test", "-c", "user.email=test@localhost")
        self.run("git", *author, "commit", "--quiet", "--message", "A state to start from")

    def environment(self, **extra: str) -> dict[str, str]:
        """Return what commands find: this Python first on the path, and nobody's settings."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
        return {
            **clean,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "OMP_NUM_THREADS": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "DVC_GLOBAL_CONFIG_DIR": str(self.scratch / "global"),
            "DVC_SYSTEM_CONFIG_DIR": str(self.scratch / "system"),
            "DVC_SITE_CACHE_DIR": str(self.scratch / "site"),
            MARK: str(self.path),
            **extra,
        }

    def run(self, *command: str, status: int | None = 0, **extra: str) -> Done:
        """Run a command, and check its exit status (None: any but 0).

        Args:
            command: the words.
            status: the exit status that is expected.
            extra: further environment variables.
        """
        # Files, because a pipe ends with the last process that has it: of `dvc queue start`, when
        # all workers have ended.
        with TemporaryFile("w+") as out, TemporaryFile("w+") as err:
            done = subprocess.run(
                command,
                cwd=self.path,
                env=self.environment(**extra),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                timeout=580,
                check=False,
            )
            out.seek(0)
            err.seek(0)
            stdout, stderr = out.read(), err.read()
        output = f"{stdout}\n{stderr}"
        right = done.returncode != 0 if status is None else done.returncode == status
        assert right, f"{' '.join(command)} ended with {done.returncode}:\n{output}"
        return Done(output, stdout)

    @contextmanager
    def started(self, *command: str, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
        """Start a command as a process group of its own, its output in the file `log`."""
        with (
            log.open("wb") as file,
            subprocess.Popen(
                command,
                cwd=self.path,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ) as process,
        ):
            try:
                yield process
            finally:
                process.kill()
                self.end_processes()

    def set_params(self, *overrides: str) -> None:
        """Change params.yaml just as `dvc exp run -S` does."""
        apply_overrides(self.path / "params.yaml", list(overrides))

    def runs(self) -> list[Logged]:
        """Return the runs of stages in the store at the checkout's root, the oldest first."""
        return [run for run in self._logged() if run.tags["kind"] == "stage"]

    def rows(self) -> list[Logged]:
        """Return the rows of experiments in that store, the oldest first."""
        return [run for run in self._logged() if run.tags["kind"] == "experiment"]

    def _logged(self) -> list[Logged]:
        from mlflow import MlflowClient

        client = MlflowClient(f"sqlite:///{self.path}/mlflow.db")
        experiment = client.get_experiment_by_name(EXPERIMENT)
        found = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time"])
        return [
            Logged(
                run_id=run.info.run_id,
                name=run.info.run_name,
                status=run.info.status,
                params=run.data.params,
                metrics=run.data.metrics,
                tags=run.data.tags,
                artifacts=Path(url2pathname(urlsplit(run.info.artifact_uri).path)),
            )
            for run in found
        ]

    def files(self) -> set[str]:
        """Return the files that git tracks or would track."""
        listed = self.run("git", "ls-files", "-co", "--exclude-standard", "-z").stdout
        return set(filter(None, listed.split("\0")))

    def processes(self) -> list[psutil.Process]:
        """Return the living processes that were started in this checkout, also by DVC."""
        found = []
        for process in psutil.process_iter():
            try:
                mine = process.environ().get(MARK) == str(self.path)
                if mine and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue  # another user's, or gone meanwhile
        return found

    def stage_processes(self, stage: str) -> list[psutil.Process]:
        """Return the living processes of a stage."""
        found = []
        for process in self.processes():
            try:
                if process.cmdline()[1:3] == ["-m", f"stages.{stage}"]:
                    found.append(process)
            except psutil.Error:
                continue  # gone meanwhile
        return found

    def stage_process(self, stage: str) -> psutil.Process:
        """Return the one living process of a stage."""
        (found,) = self.stage_processes(stage)
        return found

    def end_processes(self) -> None:
        """End what a failed test left running."""
        for process in self.processes():
            try:
                process.kill()
                process.wait(10)
            except psutil.NoSuchProcess:
                continue


@dataclass(frozen=True)
class FullRun:
    """A checkout after its first `dvc repro`, committed; not to be changed. And what DVC said."""

    checkout: Checkout
    done: Done
    asked: str  # what any of its processes asked of another machine, and did not get


def wait_until(
    condition: Callable[[], bool], what: str, seconds: float, pause: float = 0.2
) -> None:
    """Wait until a condition holds; fail with `what` when that takes longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(pause)
