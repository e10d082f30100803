"""`make serve`: the inpainter behind HTTP, as MLflow serves it, for many clients at once.

Requests and answers are those of `mlflow models serve`, whose code reads and writes them. Beside
that, what waits is bounded (503 and Retry-After beyond it), a body is no longer than one can be,
and each batch is computed by one thread, as many batches at once as there are cores. So an image's
result depends on nothing but the image: where several threads share an odd number of images, sums
are rounded otherwise.
"""

import argparse
import asyncio
import json
import math
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.process.cores import THREADS
from dcgan_inpainting.tracking.location import ENVIRONMENT, VARIABLE, StoreLocation
from dcgan_inpainting.tracking.store import one_line, said
from dcgan_inpainting.tracking.ui import HOST, check_port, port_number

if TYPE_CHECKING:
    from mlflow.pyfunc import PyFuncModel
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

RETRY_SECONDS = 10  # after which a client that found the queue full may ask again
CHARACTERS = 16  # of a body for each level, at most: "255" and what JSON puts around it


def application(model: "PyFuncModel", waiting: int, seconds: float) -> "Starlette":
    """Return the server's application.

    Args:
        model: to serve; its `predict` is called from several threads at once.
        waiting: how many requests may be there at the same time, computed or not.
        seconds: after which a request gets 504.
    """
    from mlflow.exceptions import MlflowException
    from mlflow.pyfunc import scoring_server
    from mlflow.version import VERSION
    from starlette.applications import Starlette
    from starlette.requests import ClientDisconnect
    from starlette.responses import Response
    from starlette.routing import Route

    untyped: Any = model.metadata
    schema = untyped.get_input_schema()
    longest = _longest(schema)
    pool = ThreadPoolExecutor(waiting)
    here: set[object] = set()  # a request counts until its work has ended, also if its client left

    async def answered(request: "Request", kind: str) -> Response:
        ticket = object()
        here.add(ticket)
        try:
            body = await request.body()
        except BaseException:
            here.discard(ticket)
            raise
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(pool, scoring_server.invocations, body, kind, model, schema)
        work.add_done_callback(lambda _: here.discard(ticket))
        result = await asyncio.wait_for(asyncio.shield(work), seconds)
        return Response(result.response, result.status, media_type=result.mimetype)

    async def invocations(request: "Request") -> Response:
        kind = request.headers.get("content-type", "").strip()
        length = request.headers.get("content-length", "")
        if not kind:
            return _refusal(415, "the header Content-Type is missing; application/json is expected")
        if not length.isdecimal():
            return _refusal(411, "the header Content-Length is missing")
        if len(length) > 15 or int(length) > longest:
            return _refusal(413, f"the body has {length:.20} bytes; {longest} are the most")
        if len(here) >= waiting:
            return _refusal(503, f"{waiting} requests wait already; try again later")
        try:
            return await answered(request, kind)
        except TimeoutError:
            return _refusal(504, f"it took more than {seconds:g} s")
        except MlflowException as error:
            refused: Any = error
            # Not error.message, to which MLflow has added the whole request.
            return _refusal(refused.get_http_status_code(), str(error), refused.error_code)
        except ClientDisconnect:
            return _refusal(400, "the client has gone")  # which nobody reads
        except RecursionError:
            return _refusal(400, "the body's lists are nested too deeply")
        except ValueError as error:  # of a number with 5,000 digits, say
            return _refusal(400, f"the body can't be read: {error}")

    async def ping(_request: "Request") -> Response:
        return Response("\n", media_type="application/json")

    async def version(_request: "Request") -> Response:
        return Response(VERSION, media_type="application/json")

    return Starlette(
        routes=[
            Route("/invocations", invocations, methods=["POST"]),
            Route("/ping", ping),
            Route("/health", ping),
            Route("/version", version),
        ]
    )


def _refusal(status: int, message: str, code: str = "") -> "Response":
    """Return an answer of one line, by default with the status's own name as its code."""
    from starlette.responses import Response

    said = {"error_code": code or HTTPStatus(status).name, "message": one_line(message)}
    # A text from the request may hold half a character.
    content = json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")
    headers = (
        {"Retry-After": str(RETRY_SECONDS)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    )
    return Response(content, status, headers, "application/json")


def _longest(schema: Any) -> int:
    """Return how many bytes a body may have: those of a request with the most images."""
    from dcgan_inpainting.tracking.model_input import IMAGES_A_REQUEST

    levels: int = sum(math.prod(tensor.shape[1:]) for tensor in schema.inputs)
    return IMAGES_A_REQUEST * levels * CHARACTERS


def serve(uri: str, port: int, waiting: int, seconds: float, root: Path) -> None:
    """Serve a model until the server is interrupted.

    Args:
        uri: of the model: models:/NAME@ALIAS, models:/NAME/VERSION, or a folder.
        port: TCP port on the loopback address.
        waiting: how many requests may be there at the same time.
        seconds: after which a request gets 504.
        root: the checkout whose store has the model, unless MLFLOW_TRACKING_URI names another.

    Raises:
        UserError: the port is taken, or there is no such model.
        FaultError: the store can't be opened.
    """
    check_port(port, "make serve")
    location = StoreLocation.of(root.resolve())
    location.check()
    os.environ.update({**ENVIRONMENT, **os.environ, VARIABLE: location.uri, THREADS: "1"})
    if uri.startswith("models:"):
        from dcgan_inpainting.tracking.record import catch_up

        catch_up(root)  # whose results came from the commit has no model in MLflow yet
    # The model brings the code with which it was made.
    for name in [name for name in sys.modules if name.partition(".")[0] == "dcgan_inpainting"]:
        del sys.modules[name]
    import uvicorn
    from mlflow.exceptions import MlflowException
    from mlflow.pyfunc import load_model

    try:
        model = load_model(uri)
    except (MlflowException, OSError) as error:
        raise UserError(f"{uri} in {location.shown}: {said(error, location)}") from None
    app = application(model, waiting, seconds)
    uvicorn.run(app, host=HOST, port=port, access_log=False, timeout_graceful_shutdown=2)


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    champion = "models:/dcgan-inpainting-drawn@champion"
    parser.add_argument("--model", default=champion, help=f"which, by default {champion}")
    parser.add_argument("--port", default="5001", help="TCP port, 1…65535, by default 5001")
    parser.add_argument("--waiting", type=int, default=64, help="requests at once, by default 64")
    parser.add_argument("--timeout", type=float, default=60, help="seconds for a request, 60")
    given = parser.parse_args()
    with reporting("serve"):
        if given.waiting < 1 or not given.timeout > 0:
            raise UserError("--waiting and --timeout must be above 0")
        port = port_number(given.port)
        serve(given.model, port, given.waiting, given.timeout, Path.cwd())
        # A batch for which nobody waits any more must not keep the process.
        os._exit(0)


if __name__ == "__main__":
    _main()
