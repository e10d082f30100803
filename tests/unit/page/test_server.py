"""The page's server, asked over HTTP."""

import io
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

from dcgan_inpainting.page import server
from dcgan_inpainting.page.server import HEADERS, STATIC
from dcgan_inpainting.restore.choices import WAYS
from dcgan_inpainting.restore.model import Model
from tests.page_server import SECONDS, events, ordered, page_server, post, tiny_models
from tests.photographs import scenery

EYES = [[50, 40], [90, 40]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Model.load(tiny_models(tmp_path_factory.mktemp("workspace")))


@pytest.fixture(scope="module")
def address(model: Model) -> Iterator[str]:
    with page_server(model) as found:
        yield found


def png(levels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "PNG")
    return buffer.getvalue()


def photograph(seed: int = 0) -> bytes:
    return png(np.rint(255 * scenery((100, 140), seed=seed)).astype(np.uint8))


def mask(top: int = 40) -> bytes:
    hole = np.zeros((100, 140), np.uint8)
    hole[top : top + 20, 60:80] = 255
    return png(hole)


def get(address: str, **headers: str) -> requests.Response:
    return requests.get(address, headers=headers, timeout=SECONDS)


def test_the_page_is_there_and_names_no_other_machine(address: str) -> None:
    page = get(address)
    assert page.headers["content-type"].startswith("text/html")
    for name in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert get(f"{address}/{name}").ok, name
    kinds = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    for file in STATIC.iterdir():
        answer = get(f"{address}/{file.name}")
        assert answer.headers["content-type"].startswith(kinds.get(file.suffix, "text/html"))
        assert not re.search(r"(https?:)?//[a-z]", re.sub(r"\n\s*//.*|www.w3.org", "", answer.text))


def test_every_answer_keeps_the_page_to_itself(address: str) -> None:
    for path in ("", "page.js", "api/settings", "api/example", "nothing", "docs", "openapi.json"):
        answer = get(f"{address}/{path}")
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        assert "access-control-allow-origin" not in answer.headers
    assert get(f"{address}/docs").status_code == get(f"{address}/openapi.json").status_code == 404
    assert "default-src 'self'" in HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:80", 200), ("127.0.0.1", 200), ("[::1]:80", 200), ("evil.example", 400)],
)
def test_another_host_s_name_is_refused(address: str, host: str, status: int) -> None:
    assert get(address, Host=host).status_code == status


def test_another_site_can_not_send_orders(address: str) -> None:
    """A browser sends what it calls simple requests for any site, and asks before all others."""
    body = ordered(photograph(), mask(), eyes=EYES)
    for kind in ("text/plain", "multipart/form-data", "application/x-www-form-urlencoded"):
        answer = post(f"{address}/api/restore", body, headers={"Content-Type": kind})
        assert answer.status_code == 415
    asked = requests.options(
        f"{address}/api/restore",
        headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"},
        timeout=SECONDS,
    )
    assert "access-control-allow-origin" not in asked.headers


def test_settings_example_and_photograph(address: str) -> None:
    assert get(f"{address}/api/settings").json()["ways"] == list(WAYS)
    portrait = get(f"{address}/api/example").content
    answer = post(f"{address}/api/photograph?name=ü.png", portrait)
    ((facts, (picture,)),) = events(answer.content)
    assert facts["suffix"] == ".png"
    with Image.open(io.BytesIO(picture)) as one, Image.open(io.BytesIO(portrait)) as other:
        assert np.array_equal(np.asarray(one), np.asarray(other))
    refused = post(f"{address}/api/photograph?name=ü.png", b"words")
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("ü.png is no JPEG, PNG, TIFF or WebP")


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"words", 400, "the request can't be read: Expecting value"),
        (ordered(b"", b"", candidates=99), 422, "candidates: Input should be less than or equal"),
        (ordered(b"", b"", method="magic"), 422, "method: Value error, should be one of latent"),
        (ordered(b"", b"", wrong=1), 422, "wrong: Extra inputs are not permitted"),
        (ordered(b"", b"", eyes=[[1, 2]]), 422, "eyes.1: Field required"),
        (b'{"name": "a", "parts": [0]}\n', 400, "the request can't be read"),
    ],
)
def test_a_bad_order_is_told(address: str, body: bytes, status: int, said: str) -> None:
    answer = post(f"{address}/api/restore", body)
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(said)


def test_too_large_a_request_is_refused_before_it_is_read(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "LONGEST", 10)
    assert post(f"{address}/api/photograph?name=a", bytes(10)).status_code == 422
    assert post(f"{address}/api/photograph?name=a", bytes(11)).status_code == 413
    assert post(f"{address}/api/photograph?name=a", iter([b"in parts"])).status_code == 411


def test_several_people_at_once_do_not_mix(address: str) -> None:
    """Each gets what they get alone."""
    orders = [ordered(photograph(seed), mask(20 + 10 * seed), eyes=EYES) for seed in range(3)]
    alone = [post(f"{address}/api/restore", order).content for order in orders]
    together: dict[int, bytes] = {}

    def ask(number: int) -> None:
        together[number] = post(f"{address}/api/restore", orders[number]).content

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, answer in enumerate(alone):
        found = [told for told in events(together[number]) if told[0]["event"] != "waiting"]
        assert found == events(answer)
        assert found[-1][0]["event"] == "done"
    assert len(set(alone)) == 3


def test_more_than_can_wait_are_told_so(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "WAITING", 0)
    with page_server(model) as address:
        answer = post(f"{address}/api/restore", ordered(photograph(), mask(), eyes=EYES))
    assert answer.status_code == 503
    assert answer.json()["detail"] == "0 wait already: try again in a minute"


def test_the_static_files_are_part_of_the_package() -> None:
    pyproject = (Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8")
    assert json.dumps("page/static/*") in pyproject
