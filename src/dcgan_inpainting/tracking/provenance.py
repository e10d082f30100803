"""What made a run: the code, the DVC experiment, the libraries, the machine and the process."""

import os
import platform
import socket
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psutil

from dcgan_inpainting.process.cores import available

# There only where it is an experiment of DVC that runs the stage.
OF_DVC_EXPERIMENTS = ("dvc.exp_name", "dvc.exp_baseline_rev")

LIBRARIES = ("torch", "torchvision", "numpy", "dvc", "mlflow")

SHELLS = {"sh", "bash", "dash", "zsh", "ksh", "fish", "cmd", "powershell", "pwsh"}

# What starts more than one DVC for one and the same work: a word of its command line.
SEVERAL = "dcgan_inpainting.commands.repro"

# Results that git keeps; DVC rewrites them as it runs, so they say nothing about the code.
RESULTS = (":(exclude)dvc.lock", ":(exclude)reports")

PLAIN = ("--no-color", "--no-ext-diff")  # whatever the user's settings are

PATCH_LENGTH = 1_000_000  # characters; whoever changed more than that did not do so by hand

# A start time is counted from the machine's clock, which is set now and then.
CLOCK_SLACK = 10.0


@dataclass(frozen=True)
class Process:
    """One process of one machine, told apart from a later one that got the same number.

    space is where the number is valid: the host and, on Linux, the PID namespace, since containers
    may share a host's name but not its processes.
    """

    pid: int
    started: float
    space: str

    @classmethod
    def current(cls) -> "Process":
        """Return this very process."""
        return cls(os.getpid(), psutil.Process().create_time(), _process_space())

    @classmethod
    def parse(cls, text: str) -> "Process | None":
        """Return what str() wrote, or None if it is not that."""
        try:
            pid, started, space = text.split(" ", 2)
            return cls(int(pid), float(started), space)
        except ValueError:
            return None

    @classmethod
    def caller(cls) -> "Process":
        """Return the process that ran this one, the shells between them left out.

        That is DVC, mostly, or what started this DVC beside others.
        """
        above = psutil.Process().parents()
        several = (process for process in above if SEVERAL in _words(process))
        nearest = (process for process in above if _stem(process) not in SHELLS)
        found = next(several, None) or next(nearest, None)
        if found is None:
            return cls.current()
        return cls(found.pid, found.create_time(), _process_space())

    def __str__(self) -> str:
        return f"{self.pid} {self.started:.2f} {self.space}"

    def gone(self) -> bool:
        """Return whether this process is known to have ended; never true of another machine's."""
        if self.space != _process_space():
            return False
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
            return abs(process.create_time() - self.started) > CLOCK_SLACK
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:
            return False


def host() -> str:
    """Return the machine's name."""
    return socket.gethostname()


def provenance(folder: Path) -> dict[str, str]:
    """Return what made a run as tags; what cannot be found out is left out.

    Args:
        folder: the checkout whose code runs; in a DVC experiment this may be a temporary one.
    """
    tags = {
        "dvc.stage": os.environ.get("DVC_STAGE", ""),
        "dvc.exp_name": os.environ.get("DVC_EXP_NAME", ""),
        "dvc.exp_baseline_rev": os.environ.get("DVC_EXP_BASELINE_REV", ""),
        **_state(folder),
        "mlflow.source.name": sys.argv[0],
        "mlflow.source.type": "LOCAL",
        "host": host(),
        "process": str(Process.current()),
        "cpu.name": _cpu_name(),
        "cpu.cores": str(available()),
        "version.python": platform.python_version(),
        **{f"version.{name}": _version(name) for name in LIBRARIES},
    }
    return {name: value for name, value in tags.items() if value}


def patch(folder: Path, commit: str) -> str:
    """Return the checkout's changes to code and parameters since a commit, as git's patch.

    New files are only named, at its end: whether git knows them already is no difference, and
    changes while DVC runs an experiment.
    """

    def names(*command: str) -> list[str]:
        return (_git(folder, *command, "--", ".", *RESULTS) or "").splitlines()

    since = ("diff", commit, "--no-renames", "--relative", *PLAIN)
    changes = _git(folder, *since, "--diff-filter=a", "--", ".", *RESULTS) or ""
    new = {
        *names(*since, "--diff-filter=A", "--name-only"),
        *names("ls-files", "--others", "--exclude-standard"),
    }
    named = "".join(f"# new file, not part of this patch: {name}\n" for name in sorted(new))
    return (changes + named)[:PATCH_LENGTH]


def committed(path: Path, commit: str) -> str | None:
    """Return a file's text as of a commit; None where there is none."""
    return _git(path.parent, "show", f"{commit}:./{path.name}")


def _state(folder: Path) -> dict[str, str]:
    # One call for both, which takes no lock that a commit in another window would trip over.
    answer = _git(folder, "status", "--porcelain=v2", "--branch", "--", ".", *RESULTS)
    if answer is None:
        return {}
    lines = answer.splitlines()
    commits = [line.split()[2] for line in lines if line.startswith("# branch.oid ")]
    dirty = any(not line.startswith("#") for line in lines)
    commit = commits[0] if commits and commits[0] != "(initial)" else ""
    return {"mlflow.source.git.commit": commit, "git.dirty": str(dirty).lower()}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", "--no-optional-locks", *arguments],
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout if answer.returncode == 0 else None


def _stem(process: psutil.Process) -> str:
    try:
        return Path(process.name()).stem
    except psutil.Error:
        return ""  # gone meanwhile, so nobody's caller for long


def _version(library: str) -> str:
    # From the metadata: importing torch to ask it would cost a second.
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return ""


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()


def _process_space() -> str:
    try:
        return f"{host()} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return host()


def _words(process: psutil.Process) -> list[str]:
    """Return a process's command line, as words."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []  # another user's, or gone meanwhile
