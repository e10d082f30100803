"""The package's small commands as a user types them: as a module, and as a script."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
WAYS = ("module", "script")


def typed(command: str, folder: Path, how: str = "module") -> subprocess.CompletedProcess[str]:
    """Run dcgan_inpainting.commands.COMMAND in a folder.

    Args:
        command: its module.
        folder: to run it in.
        how: one of WAYS.
    """
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    words = [str(ROOT / f"src/dcgan_inpainting/commands/{command}.py")]
    if how == "module":
        words = ["-m", f"dcgan_inpainting.commands.{command}"]
        environment["PYTHONPATH"] = str(ROOT / "src")
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
