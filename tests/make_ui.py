"""`make ui` as a process of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SECONDS = 200  # until the addresses are there; a busy machine takes half a minute


@dataclass(frozen=True)
class Ui:
    """A running UI and what it has printed."""

    process: "subprocess.Popen[str]"
    output: str

    @property
    def addresses(self) -> list[str]:
        return re.findall(r"http://\S+", self.output)


def command(port: int) -> list[str]:
    return [sys.executable, "-m", "dcgan_inpainting.tracking.ui", "--port", str(port)]


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment without what would lead to another store."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "DVC_"))}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), **variables}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_ui(root: Path) -> Iterator[Ui]:
    """Run the UI of a checkout, give it once it has printed its addresses, and interrupt it."""
    with subprocess.Popen(
        command(free_port()),
        cwd=root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        watchdog = threading.Timer(SECONDS, process.kill)
        watchdog.start()
        output = ""
        while output.count("/#/") < 3:
            line = process.stdout.readline()
            assert line, f"it has ended: {output}"
            output += line
        watchdog.cancel()
        try:
            yield Ui(process, output)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
