"""`make ui`: the addresses of the pages on which experiments are compared, and their server.

A store of this machine is served on the loopback address. Where MLFLOW_TRACKING_URI names a
server, that one has the pages, and nothing is started.
"""

import argparse
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.tracking.location import StoreLocation
from dcgan_inpainting.tracking.record import catch_up
from dcgan_inpainting.tracking.view import Page, pages

HOST = "127.0.0.1"
POLL_SECONDS = 0.1
STOP_SECONDS = 10.0  # for the server to end by itself


def show(port: int, root: Path) -> int:
    """Print the addresses and serve the UI until it is interrupted; return the exit status.

    Args:
        port: TCP port for the server, if one is started.
        root: the checkout whose runs are shown.

    Raises:
        UserError: the port is taken, or MLFLOW_TRACKING_URI is no address.
        FaultError: the store can't be opened.
    """
    location = StoreLocation.of(root.resolve())
    location.check()
    served = location.served
    if not served:
        check_port(port, "make ui")
    store, _ = catch_up(root)
    found = pages(store)
    if served:
        print(directions(_without_password(location.uri), found))
        return 0
    print(f"MLflow on {location.shown} starts; Ctrl-C ends it", flush=True)
    return _serve(location.uri, port, directions(f"http://{HOST}:{port}", found))


def check_port(port: int, command: str) -> None:
    """Raise UserError where a server that `command` starts could not listen on a port."""
    with socket.socket() as probe:
        # As the server will: a port that was closed a moment ago is free.
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            what = (
                "taken" if error.errno == errno.EADDRINUSE else f"not to be had: {error.strerror}"
            )
            another = port + 1 if port < 65535 else 5000
            raise UserError(
                f"port {port} is {what}; give another one: {command} PORT={another}"
            ) from None


def directions(server: str, found: Iterable[Page]) -> str:
    """Return what a newcomer is told: each page's address, and what to do there.

    Args:
        server: the server's address.
        found: its pages.
    """
    return "\n".join(
        f"{page.name}: {page.hint}\n    {server.rstrip('/')}/{page.fragment}" for page in found
    )


def _serve(uri: str, port: int, text: str) -> int:
    # One worker and no job runner: two processes instead of a dozen, ready in a third of the time.
    command = [sys.executable, "-m", "mlflow", "ui", "--workers", "1", "--host", HOST]
    command += ["--port", str(port), "--backend-store-uri", uri]
    # The addresses are to stay in sight: only what goes wrong is printed below them.
    command += ["--uvicorn-opts", "--log-level warning --timeout-graceful-shutdown 2"]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "PYTHONWARNINGS": "ignore"}
    # In a session of its own Ctrl-C does not reach it. It would hear of it twice, from the terminal
    # and from its parent, and end with a traceback.
    server = subprocess.Popen(
        command, env={**os.environ, **quiet}, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        while server.poll() is None and not _answers(port):
            time.sleep(POLL_SECONDS)
        if server.poll() is None:
            print(text, flush=True)
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        _stop(server)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the server and whatever it started."""
    if server.poll() is not None:
        return
    family = psutil.Process(server.pid).children(recursive=True)
    server.terminate()
    with suppress(subprocess.TimeoutExpired):
        server.wait(STOP_SECONDS)
    for process in psutil.wait_procs(family, timeout=STOP_SECONDS)[1]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    server.kill()
    server.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _without_password(uri: str) -> str:
    parts = urlsplit(uri)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def port_number(text: str) -> int:
    """Return a TCP port as the command line gives it.

    Raises:
        UserError: it is none.
    """
    port = int(text) if text.isascii() and text.isdecimal() and len(text) <= 5 else 0
    if not 1 <= port <= 65535:
        raise UserError(f"port {text!r} is not a whole number of 1…65535")
    return port


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", default="5000", help="TCP port, 1…65535")
    with reporting("ui"):
        # A closed terminal ends the server as Ctrl-C and a `kill` do: all of it, and quietly.
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, signal.default_int_handler)
        try:
            return show(port_number(parser.parse_args().port), Path.cwd())
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(_main())
