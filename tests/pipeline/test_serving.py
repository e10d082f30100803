"""The champion behind `mlflow models serve`: a real server process, real HTTP requests."""

import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from dcgan_inpainting.tracking.model_input import IMAGES_A_REQUEST
from tests.local_server import local_server
from tests.pipeline.checkout import FOREIGN
from tests.tiny_model import SIDE, images_and_masks, publish_two, restored

# MLflow's, about its own libraries and its own annotations.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*Any type hint:UserWarning"),
]


@dataclass(frozen=True)
class Server:
    """A server of the champion, and the networks that it should be serving."""

    url: str
    models: Path

    def post(self, body: object, kind: str = "application/json") -> requests.Response:
        data = body if isinstance(body, bytes) else json.dumps(body)
        headers = {"Content-Type": kind}
        return requests.post(f"{self.url}/invocations", data=data, headers=headers, timeout=120)

    def restored(self, images: np.ndarray, masks: np.ndarray) -> np.ndarray:
        """Return what the server makes of images."""
        answer = self.post({"inputs": {"image": images.tolist(), "mask": masks.tolist()}})
        assert answer.status_code == 200, answer.text
        return np.array(answer.json()["predictions"])

    def expected(self, images: np.ndarray, masks: np.ndarray) -> np.ndarray:
        """Return what the pipeline makes of them, in this process."""
        return restored(images, masks == 0, self.models)


def environment(uri: str, decoy: Path) -> dict[str, str]:
    """Return what a shell may hold, and in it a broken package of the same name."""
    (decoy / "dcgan_inpainting").mkdir(parents=True)
    (decoy / "dcgan_inpainting" / "__init__.py").write_text("raise ImportError('the decoy')")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
    return {
        **clean,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(decoy),
        "OMP_NUM_THREADS": "1",
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        uri, models = publish_two(folder)
    command = ("models", "serve", "-m", "models:/dcgan-inpainting-drawn@champion")
    with local_server(
        *command,
        "--env-manager",
        "local",
        ready="/ping",
        folder=folder / "elsewhere",
        environment=environment(uri, folder / "decoy"),
    ) as url:
        yield Server(url, models)
        assert list((folder / "elsewhere").iterdir()) == []


IMAGES, MASKS = images_and_masks(2)
RIGHT: dict[str, Any] = {"image": IMAGES.tolist(), "mask": MASKS.tolist()}
FLAT = {"image": IMAGES[0].ravel().tolist(), "mask": MASKS[0].ravel().tolist()}


def with_level(level: int) -> list[Any]:
    """Return the images with one level replaced."""
    levels = IMAGES.astype(int)
    levels[1, 2, 3, 0] = level
    return levels.tolist()


def test_the_answer_is_the_pipelines_own_byte_for_byte(server: Server) -> None:
    images, masks = images_and_masks(3)
    answer = server.restored(images, masks)
    np.testing.assert_array_equal(answer, server.expected(images, masks))
    known = masks == 0
    np.testing.assert_array_equal(answer[known], images[known])
    assert (answer[~known] != images[~known]).mean() > 0.5


def test_requests_at_the_same_time_do_not_mix(server: Server) -> None:
    images, masks = images_and_masks(6)
    pairs = [(images[index : index + 1], masks[index : index + 1]) for index in range(6)]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda pair: server.restored(*pair), pairs))
    for answer, pair in zip(answers, pairs, strict=True):
        np.testing.assert_array_equal(answer, server.expected(*pair))


LEVELS = "must hold whole numbers of 0…255 (uint8)"
SHAPE = f"must be N×{SIDE}×{SIDE}×3"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image": (IMAGES / 255).tolist()}, f"image holds floating-point numbers; it {LEVELS}"),
        ({"image": with_level(300)}, f"image holds 300; it {LEVELS}"),
        ({"image": with_level(-1)}, f"image holds -1; it {LEVELS}"),
        ({"image": IMAGES.astype(str).tolist()}, f"image holds text; it {LEVELS}"),
        ({"mask": (MASKS > 0).tolist()}, f"mask holds true and false; it {LEVELS}"),
        ({"mask": (MASKS / 255).tolist()}, f"mask holds floating-point numbers; it {LEVELS}"),
        ({"image": RIGHT["image"][0]}, f"image is {SIDE}×{SIDE}×3; it {SHAPE}, N at least 1"),
        ({"image": IMAGES[:, :8].tolist()}, f"image is 2×8×{SIDE}×3; it {SHAPE}, N at least 1"),
        ({"image": [[[[1, 2, 3]], [[4, 5]]]]}, f"image has lists of unequal length; it {SHAPE}"),
        ({"image": "a picture"}, f"image is no list; it {SHAPE}, N at least 1"),
        ({"mask": MASKS[:1].tolist()}, "1 masks for 2 images; each needs one"),
        ({"mask": (0 * MASKS).tolist()}, "mask 0 has no hole: it is 0 everywhere"),
        (
            {"image": [0] * (IMAGES_A_REQUEST + 1)},
            f"image holds {IMAGES_A_REQUEST + 1}; a request takes {IMAGES_A_REQUEST} at most",
        ),
        ({"known": 1}, "'known' is not an input; known: image, mask"),
    ],
)
def test_a_wrong_request_gets_400_and_one_line_that_says_what(
    server: Server, changes: dict[str, Any], message: str
) -> None:
    check_refusal(server.post({"inputs": {**RIGHT, **changes}}), message)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"image": RIGHT["image"]}, "'mask' is missing"),
        ([1, 2], 'the input must be {"image": …, "mask": …}, not of type list'),
        (None, 'the input must be {"image": …, "mask": …}, not of type NoneType'),
    ],
)
def test_inputs_without_their_names_get_400(server: Server, inputs: object, message: str) -> None:
    check_refusal(server.post({"inputs": inputs}), message)


def check_refusal(answer: requests.Response, message: str) -> None:
    assert answer.status_code == 400
    assert answer.json() == {"error_code": "INVALID_PARAMETER_VALUE", "message": message}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"not JSON", "application/json", 400),
        ({}, "application/json", 400),
        (RIGHT, "application/json", 400),  # not within {"inputs": …}
        ({"instances": [RIGHT]}, "application/json", 400),
        ({"dataframe_records": [{"image": 1, "mask": 1}]}, "application/json", 400),
        ({"dataframe_records": [FLAT]}, "application/json", 400),  # as Spark's arrays
        (b"image,mask\n1,1\n", "text/csv", 400),
        (b"a picture", "image/png", 415),
    ],
)
def test_another_format_is_refused(server: Server, body: object, kind: str, status: int) -> None:
    assert server.post(body, kind).status_code == status
