"""The page's server on a free port, in a thread of this process."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from dcgan_inpainting.page.messages import message, read_message
from dcgan_inpainting.page.server import BYTES, HOST, Server, application
from dcgan_inpainting.restore.model import Model
from tests.tiny_model import SETTINGS, write_models

SECONDS = 60  # for an answer


def tiny_models(folder: Path) -> Path:
    """Write tiny networks and their settings; return their folder."""
    models = write_models(folder / "models")
    (models / "inpaint.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    return models


@contextmanager
def page_server(model: Model) -> Iterator[str]:
    """Serve the page with a model; give its address."""
    server = Server(application(model))
    with socket.create_server((HOST, 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://{HOST}:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def post(address: str, body: bytes, **options: Any) -> requests.Response:
    """Send bytes as the page does."""
    headers = {"Content-Type": BYTES, **options.pop("headers", {})}
    return requests.post(address, body, headers=headers, timeout=SECONDS, **options)


def ordered(photograph: bytes, mask: bytes, **order: object) -> bytes:
    """Return the request to restore a photograph."""
    return message({"name": "a.png", **order}, photograph, mask)


def events(body: bytes) -> list[tuple[dict[str, Any], list[bytes]]]:
    """Return the messages of an answer."""
    found = []
    while body:
        head, parts = read_message(body)
        found.append((head, parts))
        body = body[body.index(b"\n") + 1 + sum(map(len, parts)) :]
    return found
