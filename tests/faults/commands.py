"""Commands as a user runs them, and how they end."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def error(self) -> str:
        """The one line in which it says why it failed; anything else on stderr is progress."""
        assert "Traceback" not in self.stderr, self.stderr
        assert "Traceback" not in self.stdout, self.stdout
        lines = [line for line in self.stderr.splitlines() if "error: " in line]
        assert len(lines) == 1, self.stderr
        return lines[0]


def python(folder: Path, *arguments: str, seconds: float = 120, **environment: str) -> Ended:
    """Run this Python in a folder, with the project's stages and package on its path.

    Args:
        folder: the working directory.
        arguments: for example "-m", "stages.check".
        seconds: the most that it may take.
        environment: variables beside those of this process.
    """
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)
