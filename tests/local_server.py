"""A server in a process of its own, on a free port of the loopback address."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import requests

SECONDS = 240  # to be up; a busy machine takes half a minute


@contextmanager
def local_server(
    *arguments: str,
    ready: str,
    folder: Path,
    environment: Mapping[str, str],
    module: str = "mlflow",
) -> Iterator[str]:
    """Run a module with arguments and a --port; give its URL once it answers, and end it.

    Args:
        arguments: of the module.
        ready: the path that answers when the server is up.
        folder: made; the server's working directory. Its output goes to the file beside it.
        environment: the server's whole environment.
        module: whose main program it is.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", module, *arguments]
    command += ["--host", "127.0.0.1"] if module == "mlflow" else []
    folder.mkdir()
    log = folder.with_suffix(".log")
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            deadline = time.monotonic() + SECONDS
            while not _answers(url + ready):
                assert process.poll() is None, log.read_text("utf-8")
                assert time.monotonic() < deadline, log.read_text("utf-8")
                time.sleep(0.2)
            yield url
        finally:
            for started in [*psutil.Process(process.pid).children(recursive=True), process]:
                started.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False
