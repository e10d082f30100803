"""Downloads that resume, and that end as the whole right file or as none."""

import importlib.util
import json
import logging
import re
import subprocess
import sys
import time
from pathlib import Path

import requests
from filelock import FileLock
from tqdm import tqdm

from dcgan_inpainting.common.files import md5_of

log = logging.getLogger(__name__)

_BLOCK = 1 << 14  # bytes: what a break can lose
_TIMEOUT = (15, 60)  # seconds to connect, seconds without a byte
_HTML = re.compile(rb"\s*<(!doctype\s+html|html|head|\?xml)", re.IGNORECASE)
_WEB_PAGE = "the answer is a web page, not the file (a quota or a login page)"


class FetchError(Exception):
    """A file could not be had from an address; the message is the reason."""


class _InterruptedError(Exception):
    """The transfer broke off in a way that another try may mend."""


def fetch(
    address: str, target: Path, md5: str | None, *, tries: int = 4, pause: float = 2.0
) -> None:
    """Download a file over HTTP, going on where an earlier, killed or broken, download stopped.

    What has come is kept in `<target>.part`, with the server's validator (ETag or Last-Modified)
    beside it, so that the rest is asked for only while the file there is still the same.

    Args:
        address: the https address.
        target: the file; if it is there and has the md5, nothing is downloaded.
        md5: what its md5 must be; None = not checked.
        tries: how often to try in a row without receiving anything new.
        pause: seconds before the second try; doubled at each further one, up to a minute.

    Raises:
        FetchError: the server refuses, answers with a web page, or breaks off too often; or the
            content has another length or md5. Nothing is left at `target` then.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{target}.lock"):
        if _is_there(target, md5):
            return
        part = _Part(target)
        failures = 0
        while True:
            size = part.size()
            try:
                _transfer(address, part)
                break
            except (_InterruptedError, requests.RequestException) as error:
                failures = 1 if part.size() > size else failures + 1
                if failures >= tries:
                    raise FetchError(f"{_reason(error)} (tried {tries} times)") from None
                log.info("%s: %s; trying again", target.name, _reason(error))
                time.sleep(min(60.0, pause * 2 ** (failures - 1)))
        part.finish(md5)


def fetch_from_drive(drive_id: str, target: Path, md5: str | None) -> None:
    """Download a file from Google Drive with gdown, which knows its pages of warnings.

    Raises:
        FetchError: gdown is not installed, or it fails, or the content has another md5.
    """
    if importlib.util.find_spec("gdown") is None:
        raise FetchError("gdown is not installed (pip install gdown)")
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{target}.lock"):
        if _is_there(target, md5):
            return
        received = target.with_name(f"{target.name}.gdown")
        # Its own process: its exceptions differ from one version to the next, its status doesn't.
        command = [sys.executable, "-m", "gdown", drive_id, "-O", str(received), "--continue"]
        if subprocess.run(command, check=False).returncode != 0 or not received.is_file():
            raise FetchError("gdown failed; it said why above")
        part = _Part(target)
        part.discard()
        received.rename(part.path)
        part.finish(md5)


def _is_there(target: Path, md5: str | None) -> bool:
    return target.is_file() and (md5 is None or md5_of(target) == md5)


class _Part:
    """The beginning of a file that has come so far, and the server's validator for it."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self.path = target.with_name(f"{target.name}.part")
        self._note = target.with_name(f"{target.name}.part.json")

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def validator(self, address: str) -> str:
        """Return what to send as If-Range; empty if the download must start anew."""
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            return str(note["validator"]) if note["address"] == address else ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def begin(self, address: str, validator: str) -> None:
        self.discard()
        self.path.touch()
        note = {"address": address, "validator": validator}
        self._note.write_text(json.dumps(note), encoding="utf-8")

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def finish(self, md5: str | None) -> None:
        """Move the file to its place, if it is the right one; else raise FetchError."""
        with self.path.open("rb") as file:
            page = _HTML.match(file.read(512))
        found = md5_of(self.path)
        if page or (md5 and found != md5):
            self.discard()
            raise FetchError(_WEB_PAGE if page else f"the content has md5 {found}, expected {md5}")
        self.path.replace(self._target)
        self._note.unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    # requests nests three errors in one line; the last says what happened.
    if isinstance(error, requests.ConnectionError):
        return "no connection: " + str(error).rpartition(": ")[2].strip("'\")>")
    return str(error)


def _transfer(address: str, part: _Part) -> None:
    """Ask for the file, or for its rest, and append what comes to the part."""
    validator = part.validator(address)
    start = part.size() if validator else 0
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers |= {"Range": f"bytes={start}-", "If-Range": validator}
    with requests.get(address, headers=headers, stream=True, timeout=_TIMEOUT) as response:
        content_range = response.headers.get("Content-Range", "")
        if response.status_code == 416 and content_range == f"bytes */{start}":
            return
        _refuse(response)
        if response.status_code != 206:
            start = 0
            part.begin(address, _validator(response))
        elif not content_range.startswith(f"bytes {start}-"):
            part.discard()
            raise _InterruptedError(f"the server sent another part than asked for: {content_range}")
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdigit() else None
        _append(response, part, total)
    if total is not None and part.size() != total:
        raise _InterruptedError(f"only {part.size()} of {total} bytes came")


def _append(response: requests.Response, part: _Part, total: int | None) -> None:
    size = part.size()
    with (
        part.path.open("ab") as file,
        tqdm(total=total, initial=size, unit="B", unit_scale=True, desc=part.path.stem) as bar,
    ):
        for block in response.iter_content(_BLOCK):
            file.write(block)
            bar.update(len(block))


def _refuse(response: requests.Response) -> None:
    status = response.status_code
    if status in (408, 416, 425, 429) or status >= 500:
        raise _InterruptedError(f"HTTP {status} {response.reason}")
    if status not in (200, 206):
        raise FetchError(f"HTTP {status} {response.reason}")
    if response.headers.get("Content-Type", "").lower().startswith("text/html"):
        raise FetchError(_WEB_PAGE)


def _validator(response: requests.Response) -> str:
    # A weak ETag promises the same meaning, not the same bytes; HTTP forbids it in If-Range.
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified", "")
