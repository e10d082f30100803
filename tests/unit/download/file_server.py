"""An HTTP server on the loopback address whose files misbehave as asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """A file, and how the server treats it."""

    content: bytes
    etag: str = ""
    last_modified: str = ""
    content_type: str = "application/octet-stream"
    ranges: bool = True  # False: Range is ignored, as HTTP allows
    wrong_range: bool = False  # 206 with another part than asked for
    breaks_after: list[int] = field(default_factory=list)  # bytes; one for each broken answer
    statuses: list[int] = field(default_factory=list)  # answered first, one a request
    claims: int | None = None  # a false Content-Length


class FileServer(ThreadingHTTPServer):
    """Serves `files` by path, and notes what was asked for and how much was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, Served] = {}
        self.requests: list[dict[str, str]] = []
        self.sent = 0

    def add(self, path: str, content: bytes, **options: object) -> str:
        """Serve a file; return its address."""
        self.files[path] = Served(content, **options)  # type: ignore[arg-type]
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class _Handler(BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        self.server.requests.append({name.lower(): value for name, value in self.headers.items()})
        served = self.server.files.get(self.path)
        if served is None or served.statuses:
            self.send_error(served.statuses.pop(0) if served else 404)
            return
        start = self._start(served)
        if start is not None and start >= len(served.content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(served.content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self._send(served, start)

    def _start(self, served: Served) -> int | None:
        wanted = self.headers.get("Range")
        unchanged = self.headers.get("If-Range") in (None, served.etag, served.last_modified)
        if wanted is None or not served.ranges or not unchanged:
            return None
        return int(wanted.removeprefix("bytes=").removesuffix("-"))

    def _send(self, served: Served, start: int | None) -> None:
        body = served.content[start or 0 :]
        self.send_response(200 if start is None else 206)
        self.send_header("Content-Type", served.content_type)
        self.send_header("Content-Length", str(served.claims or len(body)))
        if served.etag:
            self.send_header("ETag", served.etag)
        if served.last_modified:
            self.send_header("Last-Modified", served.last_modified)
        if start is not None:
            first = start + 1 if served.wrong_range else start
            self.send_header("Content-Range", f"bytes {first}-/{len(served.content)}")
        self.end_headers()
        body = body[: served.breaks_after.pop(0)] if served.breaks_after else body
        # Counted first: with the last byte the test may look before this thread goes on.
        self.server.sent += len(body)
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def running() -> Iterator[FileServer]:
    """Run a server for the time of a block."""
    with FileServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
