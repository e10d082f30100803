"""The served model: requests that are wrong, more of them than it can take, and all at once."""

import http.client
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import requests

from dcgan_inpainting.common.settings import load_params, read_section
from dcgan_inpainting.tracking.model_files import save_model
from dcgan_inpainting.train.params import TrainParams
from tests.faults.commands import ROOT, python
from tests.local_server import local_server
from tests.tiny_model import SETTINGS, SIDE, images_and_masks, restored, write_models

# MLflow's, about its own libraries and its own annotations.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*Any type hint:UserWarning"),
    pytest.mark.xdist_group("serving"),
]

SERVER = "dcgan_inpainting.tracking.server"
JSON = {"Content-Type": "application/json"}


def saved(folder: Path, *, default: bool = False) -> Path:
    """Save a model with random weights, tiny or of the default size and settings."""
    from mlflow.models import Model

    settings, architecture = SETTINGS, None
    if default:
        architecture = read_section("train", TrainParams).architecture(64)
        settings = load_params()["inpaint"]
    save_model(
        folder, write_models(folder.with_name("weights"), 0, architecture), settings, Model()
    )
    return folder


@contextmanager
def served(model: Path, folder: Path, *arguments: str) -> Iterator[str]:
    """Run `make serve` on a model; give its URL."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "DVC_"))}
    environment |= {"PYTHONPATH": str(ROOT / "src")}
    command = ("--model", str(model), *arguments)
    with local_server(
        *command, ready="/ping", folder=folder, environment=environment, module=SERVER
    ) as url:
        yield url


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture(scope="module")
def url(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    with served(model, folder / "work") as address:
        yield address
        # The library's own complaints too: a traceback is a defect.
        assert "Traceback" not in (folder / "work.log").read_text("utf-8")


def asked(images: np.ndarray, masks: np.ndarray) -> bytes:
    """Return the body of a request."""
    inputs = {"image": images.tolist(), "mask": masks.tolist()}
    return json.dumps({"inputs": inputs}).encode()


IMAGES, MASKS = images_and_masks(8)
RIGHT = asked(IMAGES[:1], MASKS[:1])
NESTED = b'{"inputs": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"

WRONG: dict[str, tuple[bytes, dict[str, str], int]] = {
    "nested 100,000 deep": (NESTED, JSON, 400),
    "nested 900 deep": (b'{"inputs": ' + b"[" * 900 + b"]" * 900 + b"}", JSON, 400),
    "nested 60 deep under image": (
        b'{"inputs": {"image": ' + b"[" * 60 + b"]" * 60 + b', "mask": []}}',
        JSON,
        400,
    ),
    "without a content type": (RIGHT, {}, 415),
    "an empty content type": (RIGHT, {"Content-Type": ""}, 415),
    "a picture": (b"\x89PNG", {"Content-Type": "image/png"}, 415),
    "another charset": (RIGHT, {"Content-Type": "application/json; charset=latin-1"}, 415),
    "an empty body": (b"", JSON, 400),
    "half a body": (RIGHT[: len(RIGHT) // 2], JSON, 400),
    "no UTF-8": (b'{"inputs": "\xff"}', JSON, 400),
    "a list": (b"[1, 2]", JSON, 400),
    "a number of 5,000 digits": (b'{"inputs": ' + b"9" * 5000 + b"}", JSON, 400),
    "a number beyond all integers": (RIGHT.replace(b"[[[[", b"[[[[" + b"9" * 30, 1), JSON, 400),
    "not a number": (RIGHT.replace(b"[[[[", b"[[[[NaN, ", 1), JSON, 400),
    "half a character as a name": (b'{"inputs": {"\\ud800": 1}}', JSON, 400),
    "a name of 100,000 letters": (b'{"inputs": {"' + b"a" * 100_000 + b'": 1}}', JSON, 400),
    "nothing": (b'{"inputs": {"image": [], "mask": []}}', JSON, 400),
    "65 images": (asked(IMAGES[:1].repeat(65, 0), MASKS[:1].repeat(65, 0)), JSON, 400),
    "CSV": (b"image,mask\n1,1\n", {"Content-Type": "text/csv"}, 400),
    "no Parquet": (b"PAR1", {"Content-Type": "application/vnd.apache.parquet"}, 400),
    "compressed": (b"\x1f\x8b\x08", {**JSON, "Content-Encoding": "gzip"}, 400),
    "too long": (b" " * (70 * SIDE * SIDE * 4 * 16), JSON, 413),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_request_is_told_so(url: str, case: str, seen: Callable[[str], None]) -> None:
    body, headers, status = WRONG[case]
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=100)) as server:
        server.request("POST", "/invocations", body, headers)
        answer = server.getresponse()
        text = answer.read().decode()
    seen(f"{answer.status} {text[:80]}")
    assert answer.status == status
    assert text
    assert len(text) < 1000
    assert "Traceback" not in text


def test_a_request_without_a_length_is_told_so(url: str, seen: Callable[[str], None]) -> None:
    answer = requests.post(f"{url}/invocations", iter([RIGHT]), headers=JSON, timeout=100)
    seen(str(answer.status_code))
    assert answer.status_code == 411


def test_wrong_and_right_requests_at_once_each_get_their_own(
    url: str, model: Path, seen: Callable[[str], None]
) -> None:
    bodies: list[tuple[bytes, np.ndarray | None]] = []
    for one in range(8):
        part = slice(one, one + 1 + one % 3)
        images, masks = IMAGES[part], MASKS[part]
        expected = restored(images, masks == 0, model.with_name("weights"))
        bodies += [(asked(images, masks), expected), (asked(images, 0 * masks), None)]

    def answer(body: bytes) -> requests.Response:
        return requests.post(f"{url}/invocations", body, headers=JSON, timeout=100)

    with ThreadPoolExecutor(len(bodies)) as pool:
        answers = list(pool.map(answer, [body for body, _ in bodies]))
    seen(str(Counter(answer.status_code for answer in answers)))
    for (_, expected), answer in zip(bodies, answers, strict=True):
        if expected is None:
            assert answer.status_code == 400
            assert "mask 0 has no hole" in answer.text
        else:
            np.testing.assert_array_equal(answer.json()["predictions"], expected)


def test_clients_that_go_away_keep_nobody_from_an_answer(
    url: str, seen: Callable[[str], None]
) -> None:
    for _ in range(10):
        server = http.client.HTTPConnection(urlsplit(url).netloc, timeout=100)
        server.request("POST", "/invocations", RIGHT, JSON)
        server.close()
    half = http.client.HTTPConnection(urlsplit(url).netloc, timeout=100)
    half.putrequest("POST", "/invocations")
    half.putheader("Content-Type", "application/json")
    half.putheader("Content-Length", str(len(RIGHT)))
    half.endheaders(RIGHT[:100])
    half.close()
    answer = requests.post(f"{url}/invocations", RIGHT, headers=JSON, timeout=100)
    seen(str(answer.status_code))
    assert answer.status_code == 200


def test_more_requests_than_may_wait_get_503_and_when_to_ask_again(
    model: Path, tmp_path: Path, seen: Callable[[str], None]
) -> None:
    body = asked(IMAGES, MASKS)
    with served(model, tmp_path / "work", "--waiting", "2") as url, ThreadPoolExecutor(12) as pool:

        def answer(_: int) -> requests.Response:
            return requests.post(f"{url}/invocations", body, headers=JSON, timeout=100)

        answers = list(pool.map(answer, range(12)))
        codes = Counter(answer.status_code for answer in answers)
        seen(str(codes))
        assert codes.keys() == {200, 503}
        assert codes[200] >= 2
        refused = [answer for answer in answers if answer.status_code == 503]
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
        assert answer(0).status_code == 200


def test_many_clients_at_once_all_get_an_answer(
    model: Path, tmp_path: Path, *, long: bool, seen: Callable[[str], None]
) -> None:
    clients, rounds, side = (32, 3, 64) if long else (8, 1, SIDE)
    used = saved(tmp_path / "model", default=True) if long else model
    images, masks = images_and_masks(clients, side)

    def one(url: str, index: int) -> tuple[int, float]:
        part = slice(index, index + 1)
        began = time.monotonic()
        answer = requests.post(
            f"{url}/invocations", asked(images[part], masks[part]), headers=JSON, timeout=300
        )
        return answer.status_code, time.monotonic() - began

    with (
        served(used, tmp_path / "work", "--timeout", "250") as url,
        ThreadPoolExecutor(clients) as pool,
    ):
        one(url, 0)  # the first use of the libraries
        for _ in range(rounds):
            load = os.getloadavg()[0]
            found = list(pool.map(one, [url] * clients, range(clients)))
            codes = Counter(status for status, _ in found)
            p50, p95, worst = np.percentile([seconds for _, seconds in found], [50, 95, 100])
            seen(
                f"{dict(codes)}, p50 {p50:.1f} s, p95 {p95:.1f} s, longest {worst:.1f} s "
                f"(load before {load:.1f})"
            )
            assert codes == {200: clients}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--port", "70000"), "port '70000' is not a whole number of 1…65535"),
        (("--waiting", "0"), "--waiting and --timeout must be above 0"),
        (("--model", "nowhere"), "nowhere in sqlite:"),
        (("--model", "models:/none@champion"), "models:/none@champion in sqlite:"),
    ],
)
def test_a_server_that_cannot_start_says_why_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], message: str, seen: Callable[[str], None]
) -> None:
    ended = python(tmp_path, "-m", SERVER, *arguments)
    seen(f"status {ended.status}: {ended.error}")
    assert ended.status == 2
    assert message in ended.error
