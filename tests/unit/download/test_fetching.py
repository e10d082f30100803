import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dcgan_inpainting.download import fetching
from dcgan_inpainting.download.fetching import FetchError, fetch, fetch_from_drive
from tests.unit.download.file_server import FileServer, running

CONTENT = np.random.default_rng(0).bytes(1_000_000)
MD5 = hashlib.md5(CONTENT).hexdigest()
BREAK = 38 * (1 << 14)  # bytes that come before the connection breaks: whole blocks
PAGE = b"<!DOCTYPE html><html><body>Google Drive - Quota exceeded</body></html>"


@pytest.fixture
def server() -> Iterator[FileServer]:
    with running() as server:
        yield server


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "downloads" / "images.zip"


def left(target: Path) -> list[str]:
    """What lies in the folder, but for the lock."""
    return sorted(p.name for p in target.parent.iterdir() if p.suffix != ".lock")


def test_the_whole_file(server: FileServer, target: Path) -> None:
    fetch(server.add("/a", CONTENT), target, MD5)
    assert target.read_bytes() == CONTENT
    assert left(target) == ["images.zip"]


def test_what_is_there_is_not_asked_for(server: FileServer, target: Path) -> None:
    address = server.add("/a", CONTENT)
    fetch(address, target, MD5)
    fetch(address, target, MD5)
    assert len(server.requests) == 1
    target.write_bytes(b"spoilt")
    fetch(address, target, MD5)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "validator", [{"etag": '"1"'}, {"etag": 'W/"1"', "last_modified": "Mon, 28 Sep 2015"}]
)
def test_after_a_break_only_the_rest_is_asked_for(
    server: FileServer, target: Path, validator: dict[str, str]
) -> None:
    address = server.add("/a", CONTENT, breaks_after=[BREAK, BREAK // 2], **validator)
    fetch(address, target, MD5, tries=2, pause=0.01)
    assert target.read_bytes() == CONTENT
    assert server.sent == len(CONTENT)
    asked = [request.get("range") for request in server.requests]
    assert asked == [None, f"bytes={BREAK}-", f"bytes={BREAK * 3 // 2}-"]
    # HTTP forbids a weak ETag in If-Range.
    assert server.requests[1]["if-range"] == validator.get("last_modified", '"1"')


def killed(server: FileServer, target: Path, path: str = "/a") -> str:
    """Download the beginning of a file, then be killed."""
    address = server.add(path, CONTENT, etag='"1"', breaks_after=[BREAK])
    with pytest.raises(FetchError):
        fetch(address, target, MD5, tries=1)
    assert left(target) == ["images.zip.part", "images.zip.part.json"]
    return address


def test_a_killed_download_goes_on(server: FileServer, target: Path) -> None:
    address = killed(server, target)
    fetch(address, target, MD5)
    assert target.read_bytes() == CONTENT
    assert server.requests[1]["range"] == f"bytes={BREAK}-"
    assert server.sent == len(CONTENT)
    assert left(target) == ["images.zip"]


def test_a_file_that_changed_is_taken_anew(server: FileServer, target: Path) -> None:
    killed(server, target)
    other = CONTENT[::-1]
    address = server.add("/a", other, etag='"2"')
    fetch(address, target, hashlib.md5(other).hexdigest())
    assert target.read_bytes() == other


def test_another_address_is_taken_from_the_start(server: FileServer, target: Path) -> None:
    killed(server, target)
    fetch(server.add("/b", CONTENT, etag='"1"'), target, MD5)
    assert "range" not in server.requests[1]
    assert target.read_bytes() == CONTENT


def test_a_server_that_knows_no_ranges(server: FileServer, target: Path) -> None:
    killed(server, target)
    address = server.add("/a", CONTENT, etag='"1"', ranges=False)
    fetch(address, target, MD5)
    assert server.requests[1]["range"] == f"bytes={BREAK}-"
    assert target.read_bytes() == CONTENT


def test_a_server_that_sends_another_part(server: FileServer, target: Path) -> None:
    killed(server, target)
    address = server.add("/a", CONTENT, etag='"1"', wrong_range=True)
    fetch(address, target, MD5, pause=0.01)
    assert target.read_bytes() == CONTENT


def test_a_file_that_had_come_whole(server: FileServer, target: Path) -> None:
    killed(server, target)
    target.with_name("images.zip.part").write_bytes(CONTENT)
    address = server.add("/a", CONTENT, etag='"1"')
    server.sent = 0
    fetch(address, target, MD5)
    assert server.sent == 0
    assert target.read_bytes() == CONTENT


def test_a_web_page_is_refused_and_spares_what_has_come(server: FileServer, target: Path) -> None:
    killed(server, target)
    address = server.add("/a", PAGE, content_type="text/html; charset=utf-8")
    with pytest.raises(FetchError, match="web page"):
        fetch(address, target, MD5)
    assert target.with_name("images.zip.part").stat().st_size == BREAK
    assert len(server.requests) == 2


@pytest.mark.parametrize("md5", [MD5, None])
def test_a_web_page_in_disguise_is_refused(
    server: FileServer, target: Path, md5: str | None
) -> None:
    address = server.add("/a", b"\r\n " + PAGE, content_type="application/zip")
    with pytest.raises(FetchError, match="web page"):
        fetch(address, target, md5)
    assert left(target) == []


def test_another_md5_is_refused(server: FileServer, target: Path) -> None:
    found = hashlib.md5(b"another").hexdigest()
    with pytest.raises(FetchError, match=f"md5 {found}, expected {MD5}"):
        fetch(server.add("/a", b"another"), target, MD5)
    assert left(target) == []


def test_an_md5_can_be_left_unchecked(server: FileServer, target: Path) -> None:
    fetch(server.add("/a", b"another"), target, None)
    assert target.read_bytes() == b"another"


def test_404_is_final(server: FileServer, target: Path) -> None:
    address = server.add("/a", CONTENT).replace("/a", "/absent")
    with pytest.raises(FetchError, match="HTTP 404"):
        fetch(address, target, MD5)
    assert len(server.requests) == 1
    assert left(target) == []


def test_a_busy_server_is_asked_again(server: FileServer, target: Path) -> None:
    fetch(server.add("/a", CONTENT, statuses=[503, 429]), target, MD5, pause=0.01)
    assert target.read_bytes() == CONTENT
    assert len(server.requests) == 3


def test_a_server_that_stays_busy(server: FileServer, target: Path) -> None:
    with pytest.raises(FetchError, match=r"HTTP 503.*tried 3 times"):
        fetch(server.add("/a", CONTENT, statuses=[503] * 9), target, MD5, tries=3, pause=0.01)
    assert len(server.requests) == 3


def test_a_file_shorter_than_announced(server: FileServer, target: Path) -> None:
    address = server.add("/a", CONTENT[:1000], claims=2000)
    with pytest.raises(FetchError, match="tried 2 times"):
        fetch(address, target, None, tries=2, pause=0.01)
    assert not target.exists()


def test_a_file_longer_than_announced(server: FileServer, target: Path) -> None:
    with pytest.raises(FetchError, match="expected"):
        fetch(server.add("/a", CONTENT, claims=1000), target, MD5, pause=0.01)
    assert left(target) == []


def test_nobody_listens(target: Path) -> None:
    with running() as server:
        address = server.add("/a", CONTENT)
    with pytest.raises(FetchError, match="tried 2 times"):
        fetch(address, target, MD5, tries=2, pause=0.01)


def test_drive_without_gdown(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FetchError, match="pip install gdown"):
        fetch_from_drive("some-id", target, MD5)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("open(sys.argv[3], 'wb').write(sys.argv[1].encode())", ""),
        ("open(sys.argv[3], 'wb').write(b'<html>quota')", "web page"),
        ("open(sys.argv[3], 'wb').write(b'something else')", "expected"),
        ("sys.exit(1)", "gdown failed"),
        ("pass", "gdown failed"),
    ],
)
def test_drive_with_gdown(
    target: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, reason: str
) -> None:
    package = tmp_path / "stand-in" / "gdown"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(f"import sys\nassert sys.argv[2] == '-O'\n{script}\n")
    monkeypatch.syspath_prepend(package.parent)
    monkeypatch.setenv("PYTHONPATH", str(package.parent), prepend=os.pathsep)
    md5 = hashlib.md5(b"some-id").hexdigest()
    if reason:
        with pytest.raises(FetchError, match=reason):
            fetch_from_drive("some-id", target, md5)
        assert left(target) == []
    else:
        fetch_from_drive("some-id", target, md5)
        assert target.read_bytes() == b"some-id"
        assert left(target) == ["images.zip"]
