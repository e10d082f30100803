"""The model's files, and what they give in a process that loads them."""

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dcgan_inpainting.inpaint.params import InpaintParams
from dcgan_inpainting.tracking.model_files import PACKAGE, WEIGHTS, save_model
from tests.tiny_model import PARAMS, SETTINGS, SIDE, images_and_masks, restored, write_models

# MLflow's, about its own libraries and its own annotations.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*Any type hint:UserWarning"),
]

# Run where neither this repository nor a copy of its package can be found.
ELSEWHERE = """
import sys
from pathlib import Path
import numpy as np
from mlflow.pyfunc import load_model

model = load_model(sys.argv[1])
with np.load("input.npz") as tensors:
    np.save("answer.npy", model.predict(dict(tensors)))
import dcgan_inpainting
print(Path(dcgan_inpainting.__file__).parent)
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_models(tmp_path_factory.mktemp("trained") / "models")


@pytest.fixture(scope="module")
def saved(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from mlflow.models import Model

    folder = tmp_path_factory.mktemp("saved") / "model"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        save_model(folder, models, SETTINGS, Model())
    return folder


@pytest.fixture(scope="module")
def loaded(saved: Path) -> Any:
    from mlflow.pyfunc import load_model

    return load_model(str(saved))


def tensors_of(count: int) -> dict[str, np.ndarray]:
    images, masks = images_and_masks(count)
    return {"image": images, "mask": masks}


# ── What is in the folder ────────────────────────────────────────────────────────────────────────


def test_the_model_holds_weights_settings_and_the_code_that_runs_now(
    saved: Path, models: Path
) -> None:
    networks = saved / "artifacts" / "networks"
    assert sorted(file.name for file in networks.iterdir()) == sorted([*WEIGHTS, "inpaint.json"])
    for name in WEIGHTS:
        assert (networks / name).read_bytes() == (models / name).read_bytes()
    settings = (networks / "inpaint.json").read_text("utf-8")
    assert InpaintParams.model_validate_json(settings) == PARAMS
    (code,) = (saved / "code").iterdir()
    assert code.name == "dcgan_inpainting"
    files = (f for f in PACKAGE.rglob("*") if f.is_file() and "__pycache__" not in f.parts)
    expected = {file.relative_to(PACKAGE): file.read_bytes() for file in files}
    actual = {f.relative_to(code): f.read_bytes() for f in code.rglob("*") if f.is_file()}
    assert actual == expected
    assert (saved / "inpainter.py").read_bytes() == (
        PACKAGE / "tracking" / "inpainter.py"
    ).read_bytes()


def test_nothing_in_the_model_is_pickled(saved: Path) -> None:
    files = [file for file in saved.rglob("*") if file.is_file()]
    # The package's own pages lie beside its code.
    suffixes = {
        file.suffix
        for file in files
        if file.suffix == ".py" or not file.is_relative_to(saved / "code")
    }
    assert suffixes == {"", ".json", ".py", ".safetensors", ".txt", ".yaml"}


def test_the_requirements_are_pinned_to_what_is_installed(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dcgan_inpainting.tracking import model_files

    lines = (saved / "requirements.txt").read_text("utf-8").split()
    assert lines == [
        f"{name}=={metadata.version(name).partition('+')[0]}" for name in model_files.REQUIREMENTS
    ]
    monkeypatch.setattr(metadata, "version", lambda _name: "2.14.1+cpu")
    assert model_files._version("torch") == "2.14.1"


def test_the_signature_says_what_goes_in_and_out(loaded: Any) -> None:
    signature = loaded.metadata.signature
    inputs = {spec.name: (spec.type, spec.shape) for spec in signature.inputs.inputs}
    assert inputs == {
        "image": (np.uint8, (-1, SIDE, SIDE, 3)),
        "mask": (np.uint8, (-1, SIDE, SIDE)),
    }
    (output,) = signature.outputs.inputs
    assert (output.type, output.shape) == (np.uint8, (-1, SIDE, SIDE, 3))


def test_missing_weights_are_an_error(models: Path, tmp_path: Path) -> None:
    from mlflow.models import Model

    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "architecture.json").write_bytes(
        (models / "architecture.json").read_bytes()
    )
    with pytest.raises(FileNotFoundError, match="generator_average"):
        save_model(tmp_path / "model", tmp_path / "models", SETTINGS, Model())


# ── What it gives ────────────────────────────────────────────────────────────────────────────────


def test_the_loaded_model_gives_what_the_search_gives(loaded: Any, models: Path) -> None:
    tensors = tensors_of(3)
    known = tensors["mask"] == 0
    found = restored(tensors["image"], known, models)
    answer = loaded.predict(tensors)
    assert answer.dtype == np.uint8
    np.testing.assert_array_equal(answer, found)
    lists = {name: value.tolist() for name, value in tensors.items()}
    np.testing.assert_array_equal(loaded.predict(lists), found)
    np.testing.assert_array_equal(answer[known], tensors["image"][known])
    assert (answer[~known] != tensors["image"][~known]).mean() > 0.5


def test_the_discriminator_and_the_settings_have_their_say(
    loaded: Any, models: Path, tmp_path: Path
) -> None:
    from mlflow.models import Model
    from mlflow.pyfunc import load_model

    save_model(tmp_path / "model", models, {**SETTINGS, "prior": "none"}, Model())
    tensors = tensors_of(3)
    other = load_model(str(tmp_path / "model")).predict(tensors)
    assert (other != loaded.predict(tensors)).any()


def test_nothing_is_kept_from_one_call_to_the_next(loaded: Any) -> None:
    tensors = tensors_of(3)
    first = loaded.predict(tensors)
    loaded.predict({name: value[::-1] for name, value in tensors.items()})
    np.testing.assert_array_equal(loaded.predict(tensors), first)


def test_neither_place_nor_company_changes_what_becomes_of_an_image(loaded: Any) -> None:
    tensors = tensors_of(5)
    together = loaded.predict(tensors).astype(int)
    for order in ([4, 2, 0, 1, 3], [3], [1, 4]):
        some = loaded.predict({name: value[order] for name, value in tensors.items()})
        # A level or two of rounding where a processor adds up other batches in another order.
        assert np.abs(some - together[order]).max() <= 2
    assert np.abs(together[0] - together[1]).mean() > 10


def test_wrong_input_is_an_error_of_mlflows_that_means_http_status_400(loaded: Any) -> None:
    from mlflow.exceptions import MlflowException

    tensors = tensors_of(2)
    with pytest.raises(MlflowException) as caught:
        loaded.predict(tensors | {"image": tensors["image"].astype(np.int64)})
    message = "image holds int64; it must hold whole numbers of 0…255 (uint8)"
    assert str(caught.value) == message
    assert caught.value.get_http_status_code() == 400
    # MLflow's server writes the whole request into the message; the answer must not repeat it.
    caught.value.message = "Failed to predict data '[[[…'."
    body = json.loads(caught.value.serialize_as_json())
    assert body == {"error_code": "INVALID_PARAMETER_VALUE", "message": message}


def test_the_model_needs_nothing_but_itself(saved: Path, loaded: Any, tmp_path: Path) -> None:
    tensors = tensors_of(2)
    np.savez(tmp_path / "input.npz", **tensors)
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(saved)],
        cwd=tmp_path,
        env={**clean, "OMP_NUM_THREADS": "1", "MLFLOW_DISABLE_TELEMETRY": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == saved / "code" / "dcgan_inpainting"
    np.testing.assert_array_equal(np.load(tmp_path / "answer.npy"), loaded.predict(tensors))
