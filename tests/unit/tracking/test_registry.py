"""The registry of models, on real SQLite stores."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from shutil import copy, copytree
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.tracking import registry
from dcgan_inpainting.tracking.registry import Published, publish
from tests.local_server import local_server
from tests.tiny_model import SETTINGS, images_and_masks, restored, write_models

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow's, about its own libraries and its own annotations.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*Any type hint:UserWarning"),
]

SRC = Path(registry.__file__).parents[2]
NAME = "dcgan-inpainting-drawn"

# A process that publishes: argv are the store, its lock, models/, and the headlines one by one.
WORKER = f"""
import sys
from pathlib import Path
from mlflow import MlflowClient
from dcgan_inpainting.tracking.registry import publish

uri, lock, models, *headlines = sys.argv[1:]
client = MlflowClient(uri)
experiment = client.get_experiment_by_name("tests").experiment_id
for headline in headlines:
    run = client.create_run(experiment).info.run_id
    publish(client, run, Path(models), {SETTINGS!r}, headline=float(headline), test="one",
            source="drawn", lock=Path(lock))
assert "torch" not in sys.modules
"""


@dataclass(frozen=True)
class Store:
    """A store, a run in it, and a trained model to be published."""

    client: "MlflowClient"
    uri: str
    run: str
    models: Path
    lock: Path

    def publish(
        self,
        headline: float = 20.0,
        test: str = "one",
        *,
        run: str | None = None,
        settings: dict[str, Any] = SETTINGS,
    ) -> Published:
        return publish(
            self.client,
            run or self.run,
            self.models,
            settings,
            headline=headline,
            test=test,
            source="drawn",
            lock=self.lock,
        )

    def new_run(self) -> str:
        experiment = self.client.get_experiment_by_name("tests").experiment_id
        return self.client.create_run(experiment).info.run_id

    def champion(self) -> str:
        return str(self.client.get_model_version_by_alias(NAME, "champion").version)

    def versions(self) -> dict[str, Any]:
        """Return the tags of all versions."""
        return {str(v.version): v.tags for v in self.client.search_model_versions()}

    def logged_models(self) -> list[Any]:
        experiment = self.client.get_experiment_by_name("tests").experiment_id
        return list(self.client.search_logged_models([experiment]))


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite store with nothing in it; it takes seconds to make."""
    from mlflow import MlflowClient

    file = tmp_path_factory.mktemp("store") / "mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        MlflowClient(f"sqlite:///{file}").search_experiments()
    return file


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_models(tmp_path_factory.mktemp("trained") / "models")


@pytest.fixture
def store(
    empty_store: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Store:
    """A store of this test's own, in a folder with a space."""
    from mlflow import MlflowClient

    root = tmp_path / "the checkout"
    root.mkdir()
    copy(empty_store, root / "mlflow.db")
    uri = f"sqlite:///{root}/mlflow.db"
    client = MlflowClient(uri)
    experiment = client.create_experiment("tests", (root / "mlruns").as_uri())
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    run = client.create_run(experiment).info.run_id
    models = Path(copytree(trained, root / "models"))
    return Store(client, uri, run, models, root / "tmp" / "publish.lock")


# ── A version ────────────────────────────────────────────────────────────────────────────────────


def test_a_result_becomes_a_version_that_can_be_loaded(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.pyfunc import load_model

    done = store.publish(np.float64(20.125))
    assert done == Published(NAME, "1", True, True, "there was no champion")
    (tags,) = store.versions().values()
    assert {name: tags[name] for name in ("hole_psnr/mean", "test")} == {
        "hole_psnr/mean": "20.125",
        "test": "one",
    }
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.uri)
    images, masks = images_and_masks(3)
    answer = load_model(f"models:/{NAME}@champion").predict({"image": images, "mask": masks})
    found = restored(images, masks == 0, store.models)
    np.testing.assert_array_equal(answer, found)


def test_a_command_restores_with_a_registered_model(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from dcgan_inpainting.commands.chosen_model import load

    store.publish()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.uri)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    images, masks = images_and_masks(3)
    answer = load(f"models:/{NAME}@champion").fill(images, masks == 0)[:, 0]
    np.testing.assert_array_equal(answer, restored(images, masks == 0, store.models))
    with pytest.raises(UserError, match=r"models:/none@champion in sqlite:"):
        load("models:/none@champion")
    assert not list(tmp_path.glob("dcgan-inpainting-*"))  # nothing is left behind


def test_a_store_that_is_down_is_told_in_one_line_without_its_password(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from dcgan_inpainting.commands.chosen_model import load

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
    with pytest.raises(UserError, match=r"^models:/a@b in http://\*\*\*@127\.0\.0\.1:9: ") as told:
        load("models:/a@b")
    assert "secret" not in str(told.value)
    assert "\n" not in str(told.value)
    assert not [one for one in caplog.records if "Retrying" in one.getMessage()]


def test_the_run_and_the_version_know_each_other(store: Store) -> None:
    store.publish()
    (model,) = store.logged_models()
    assert (model.name, model.status, model.source_run_id) == ("inpainter", "READY", store.run)
    outputs = store.client.get_run(store.run).outputs.model_outputs
    assert [output.model_id for output in outputs] == [model.model_id]
    assert store.client.get_model_version(NAME, "1").run_id == store.run
    assert json.loads(model.tags["mlflow.modelVersions"]) == [{"name": NAME, "version": "1"}]


def test_nothing_is_left_behind_and_no_global_state_is_touched(
    store: Store, capfd: pytest.CaptureFixture[str]
) -> None:
    import mlflow

    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    store.publish()
    assert (mlflow.get_tracking_uri(), mlflow.get_registry_uri()) == before
    assert mlflow.active_run() is None
    assert list(Path.cwd().iterdir()) == []
    assert store.client.get_run(store.run).info.status == "RUNNING"  # the caller's to end
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_a_folder_without_weights_leaves_no_trace_in_the_store(store: Store) -> None:
    (store.models / "discriminator.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="discriminator"):
        store.publish()
    assert store.versions() == {}
    assert store.logged_models() == []
    assert list(store.client.search_registered_models()) == []


# ── One version for a result ─────────────────────────────────────────────────────────────────────


def test_the_same_result_has_one_version_however_often_it_is_recorded(store: Store) -> None:
    store.publish()
    again = store.publish()
    assert again == Published(NAME, "1", False, True, "it was the champion before")
    from_cache = store.publish(run=store.new_run())
    assert from_cache == again
    reordered = store.publish(settings=dict(reversed(SETTINGS.items())))
    assert reordered == again
    assert list(store.versions()) == ["1"]
    assert len(store.logged_models()) == 1


def test_other_weights_settings_test_data_or_quality_make_another_result(store: Store) -> None:
    store.publish()
    assert store.publish(settings={**SETTINGS, "steps": 7}).version == "2"
    assert store.publish(test="two").version == "3"
    assert store.publish(20.5).version == "4"
    for name in ("generator_average", "discriminator"):
        weights = store.models / f"{name}.safetensors"
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(content)
        assert store.publish().new
    (store.models / "generator.safetensors").write_bytes(b"not used for inpainting")
    assert not store.publish().new
    assert len(store.versions()) == 6


def test_the_alias_is_mended_where_a_kill_came_before_it(store: Store) -> None:
    store.publish()
    store.client.delete_registered_model_alias(NAME, "champion")
    assert store.publish() == Published(NAME, "1", False, True, "there was no champion")
    assert store.champion() == "1"


# ── The champion ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("headline", "test", "champion", "reason"),
    [
        (20.25, "one", True, "20.25 dB, better than the 20.00 dB of champion version 1"),
        (20.0, "one", False, "20.00 dB, not better than the 20.00 dB of champion version 1"),
        (9.5, "one", False, "9.50 dB, not better than the 20.00 dB of champion version 1"),
        (30.0, "two", False, "not compared with champion version 1, whose test data was other"),
        (float("nan"), "one", False, "its PSNR is nan"),
    ],
)
def test_the_alias_moves_only_to_what_is_better_on_the_same_test_data(
    store: Store, headline: float, test: str, champion: bool, reason: str
) -> None:
    store.publish(20.0)
    done = store.publish(headline, test, settings={**SETTINGS, "steps": 7})
    assert done == Published(NAME, "2", True, champion, reason)
    assert store.champion() == ("2" if champion else "1")


def test_a_result_that_is_no_number_is_never_the_champion(store: Store) -> None:
    assert not store.publish(float("nan")).champion
    assert store.publish(1.0).champion


def test_a_champion_set_by_hand_stays_until_it_is_beaten(store: Store) -> None:
    for headline in (20.0, 25.0):
        store.publish(headline)
    store.client.set_registered_model_alias(NAME, "champion", "1")
    assert not store.publish(19.0).champion
    assert store.champion() == "1"
    assert store.publish(21.0).champion  # better than the champion, if not than all
    assert store.champion() == "4"


def test_a_champion_that_somebody_else_registered_is_not_compared(store: Store) -> None:
    store.client.create_registered_model(NAME)
    store.client.create_model_version(NAME, "file:///elsewhere")
    store.client.set_registered_model_alias(NAME, "champion", "1")
    done = store.publish()
    assert done.reason == "not compared with champion version 1, whose test data was other"
    assert store.champion() == "1"


def test_each_source_of_data_has_a_champion_of_its_own(store: Store) -> None:
    store.publish(20.0)
    done = publish(
        store.client,
        store.run,
        store.models,
        SETTINGS,
        headline=10.0,
        test="one",
        source="celeba",
        lock=store.lock,
    )
    assert done == Published("dcgan-inpainting-celeba", "1", True, True, "there was no champion")


# ── Several at once ──────────────────────────────────────────────────────────────────────────────


def test_two_that_publish_at_once_lose_no_version_and_agree_on_the_best(store: Store) -> None:
    both = "19.0"  # one result that both publish first, at about the same time
    headlines = [[both, "20.0", "23.0", "21.0"], [both, "22.0", "24.0", "20.5"]]
    command = [sys.executable, "-c", WORKER, store.uri, str(store.lock), str(store.models)]
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    workers = [
        subprocess.Popen([*command, *mine], env=environment, stderr=subprocess.PIPE, text=True)
        for mine in headlines
    ]
    errors = [worker.communicate(timeout=240)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], errors
    versions = store.versions()
    published = sorted(tags["hole_psnr/mean"] for tags in versions.values())
    assert published == sorted({*headlines[0], *headlines[1]})
    assert versions[store.champion()]["hole_psnr/mean"] == "24.0"
    assert {model.status for model in store.logged_models()} == {"READY"}


# ── A server ─────────────────────────────────────────────────────────────────────────────────────


def test_a_remote_store_works_the_same_artifacts_included(
    empty_store: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient
    from mlflow.pyfunc import load_model

    backend = copy(empty_store, tmp_path / "remote.db")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    with local_server(
        *("server", "--workers", "1", "--backend-store-uri", f"sqlite:///{backend}"),
        *("--artifacts-destination", str(tmp_path / "remote artifacts")),
        ready="/health",
        folder=tmp_path / "server",
        environment={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
    ) as url:
        client = MlflowClient(url)
        run = client.create_run(client.create_experiment("tests")).info.run_id
        store = Store(client, url, run, trained, tmp_path / "lock")
        assert store.publish().champion
        assert not store.publish().new
        assert not store.publish(19.0).champion
        monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
        model = load_model(f"models:/{NAME}@champion")
    assert model.metadata.run_id == run
    images, masks = images_and_masks(2)
    answer = model.predict({"image": images, "mask": masks})
    found = restored(images, masks == 0, trained)
    np.testing.assert_array_equal(answer, found)
