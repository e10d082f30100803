"""`make page`: says where it is, serves it, and ends without a trace."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import requests

from dcgan_inpainting.commands import page
from dcgan_inpainting.common.images import png
from tests.make_ui import environment, free_port
from tests.page_server import ordered, post, tiny_models

SHADE = np.full((80, 60, 3), 128, np.uint8)
HOLE = np.zeros((80, 60, 3), np.uint8)
HOLE[40:50, 20:40] = 255


@contextmanager
def running(models: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    words = ["-m", "dcgan_inpainting", "page", "--port", str(port), "--model", str(models)]
    with subprocess.Popen(
        [sys.executable, *words],
        cwd=models.parent,
        env=environment(OMP_NUM_THREADS="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_it_prints_an_address_that_answers_and_ends_quietly(tmp_path: Path, name: str) -> None:
    port = free_port()
    with running(tiny_models(tmp_path), port) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = f"http://127.0.0.1:{port}"
        assert line == f"the page is at {address} (Ctrl-C ends it)\n"
        with requests.Session() as browser:  # which keeps its connection
            assert "Restore a face" in browser.get(address, timeout=60).text
            order = ordered(png(SHADE), png(HOLE), method="yeh", eyes=[[20, 30], [40, 30]])
            with post(f"{address}/api/restore", order, stream=True) as answer:
                next(answer.iter_content(1000))  # of a search of 1,500 steps
                os.killpg(process.pid, getattr(signal, name))
                assert process.communicate(timeout=100)[0] == ""
    assert process.returncode == 0


def test_a_port_that_is_taken_and_missing_networks_are_one_line_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(SystemExit) as end:
            page.main(["--port", str(taken)])
    assert end.value.code == 2
    assert f"page: error: port {taken} is taken; " in capsys.readouterr().err
    with pytest.raises(SystemExit) as end:
        page.main(["--port", str(free_port()), "--model", str(tmp_path)])
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith(
        f"page: error: there are no trained networks in {tmp_path}"
    )
