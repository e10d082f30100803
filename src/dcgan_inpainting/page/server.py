"""The page's server: its files, and the two things that it asks for.

It listens on this machine alone and keeps nothing of anybody: each request brings its photograph
and its hole. Another site that a browser has open can't use it: its requests bear another host's
name, or a type that a browser asks about first.
"""

import mimetypes
import socket
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from fastapi.staticfiles import StaticFiles
from pydantic import ValidationError
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.images import png
from dcgan_inpainting.page import work
from dcgan_inpainting.page.example import example
from dcgan_inpainting.page.line import Line
from dcgan_inpainting.page.messages import message, read_message
from dcgan_inpainting.restore.choices import WAYS
from dcgan_inpainting.restore.model import Model

HOST = "127.0.0.1"
NAMES = ["127.0.0.1", "localhost", "[::1]"]  # by which a browser may call this machine
STATIC = Path(__file__).with_name("static")

WAITING = 16  # searches at once, the one that is computed among them
LONGEST = 128_000_000  # bytes of a request
BYTES = "application/octet-stream"

HEADERS = {
    # Nothing that the page needs, or could be made to ask for, comes from another machine.
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; object-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def application(model: Model) -> FastAPI:
    """Return the server's application, with a model to restore by."""
    mimetypes.add_type("text/javascript", ".js")  # some systems take it for plain text
    line, example_png = Line(WAITING), png(example())
    app = FastAPI(openapi_url=None)  # and so without pages that load scripts from elsewhere
    app.state.line = line
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=NAMES, www_redirect=False)
    app.add_middleware(_Guarded)

    @app.get("/api/settings")
    async def settings() -> dict[str, Any]:
        return {"ways": WAYS, "usual": model.params.method, "side": model.side}

    @app.get("/api/example")
    async def example_file() -> Response:
        return Response(example_png, media_type="image/png")

    @app.post("/api/photograph")
    async def photograph(request: Request, name: str) -> Response:
        data = await _body(request)
        try:
            facts, picture = await run_in_threadpool(work.look_at, data, name[:300])
        except UserError as error:
            raise HTTPException(422, str(error)) from None
        return Response(message(facts, picture), media_type=BYTES)

    @app.post("/api/restore")
    async def restore(request: Request) -> Response:
        try:
            head, (data, mask) = read_message(await _body(request))
            order = work.Order.model_validate(head)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise HTTPException(422, f"{where}: {first['msg']}") from None
        except (ValueError, RecursionError) as error:
            raise HTTPException(400, f"the request can't be read: {error}") from None
        if line.full:
            raise HTTPException(503, f"{WAITING} wait already: try again in a minute")
        task = partial(work.restore, order, data, mask, model)
        return StreamingResponse(line.stream(task), media_type=BYTES)

    app.mount("/", StaticFiles(directory=STATIC, html=True))
    return app


async def _body(request: Request) -> bytes:
    length = request.headers.get("content-length", "")
    # Another site may send plain text and forms unasked, but not this.
    if request.headers.get("content-type") != BYTES:
        raise HTTPException(415, f"the header Content-Type must be {BYTES}")
    if not length.isdecimal():
        raise HTTPException(411, "the header Content-Length is missing")
    if len(length) > 15 or int(length) > LONGEST:
        raise HTTPException(413, f"the file is too large: {LONGEST // 1_000_000} MB are the most")
    try:
        return await request.body()
    except ClientDisconnect:
        raise HTTPException(400, "the client has gone") from None  # which nobody reads


class _Guarded:
    """Adds the headers that keep the page to itself to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(sent: Message) -> None:
            if sent["type"] == "http.response.start":
                MutableHeaders(scope=sent).update(HEADERS)
            await send(sent)

        await self._app(scope, receive, send_guarded)


class Server(uvicorn.Server):
    """Ends the searches before the server, which would wait for their answers."""

    def __init__(self, app: FastAPI) -> None:
        options: dict[str, Any] = {"access_log": False, "log_level": "warning"}
        super().__init__(uvicorn.Config(app, timeout_graceful_shutdown=2, **options))
        self._line: Line = app.state.line

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End it."""
        self._line.close()
        await super().shutdown(sockets)


def serve(model: Model, port: int) -> None:
    """Serve the page until it is interrupted.

    Args:
        model: to restore by.
        port: TCP port on the loopback address, which must be free; 0 = any.
    """
    server = Server(application(model))
    with socket.create_server((HOST, port)) as listening:
        address = f"http://{HOST}:{listening.getsockname()[1]}"
        print(f"the page is at {address} (Ctrl-C ends it)", flush=True)
        try:
            server.run(sockets=[listening])
        except KeyboardInterrupt:
            return
