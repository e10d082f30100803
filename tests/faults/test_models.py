"""Damaged models: one line that names the file, and no weight of it is used."""

import json
import pickle
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save, save_file

from dcgan_inpainting.common.errors import DamagedError, FaultError
from dcgan_inpainting.networks.architecture import ARCHITECTURE
from dcgan_inpainting.networks.dcgan import Discriminator
from dcgan_inpainting.networks.unet import ENCODER, load_unet
from dcgan_inpainting.networks.weights import DISCRIMINATOR, GENERATOR, load_trained, save_weights
from tests.faults.damage import Bomb, Damage, cut
from tests.faults.small_checkout import run, write_checkout
from tests.tiny_model import write_models

pytestmark = pytest.mark.timeout(900)  # stages that import PyTorch, on a machine that may be busy


def flipped(place: float, bit: int) -> Damage:
    """Change one bit, at a share of what stands behind the head of the file."""

    def damage(path: Path) -> None:
        content = bytearray(path.read_bytes())
        head = 8 + struct.unpack("<Q", content[:8])[0]
        content[head + int(place * (len(content) - head - 1))] ^= 1 << bit
        path.write_bytes(content)

    return damage


def replaced(content: bytes) -> Damage:
    return lambda path: path.write_bytes(content)


def rewritten(change: Callable[[dict[str, torch.Tensor]], object]) -> Damage:
    """Write the weights again without a digest, as before there was one, with a change."""

    def damage(path: Path) -> None:
        weights = load_file(path)
        change(weights)
        save_file(weights, path)

    return damage


def first(weights: dict[str, torch.Tensor]) -> torch.Tensor:
    return next(iter(weights.values()))


def head(text: str) -> Damage:
    return replaced(struct.pack("<Q", len(text)) + text.encode())


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def another_digest(path: Path) -> None:
    path.write_bytes(save(load_file(path), {"sha256": "0" * 64}))


WEIGHTS: dict[str, Damage] = {
    "missing": Path.unlink,
    "a folder": a_folder,
    "empty": cut(0),
    "4 bytes": replaced(b"abcd"),
    "cut in its head": cut(0.01),
    "cut in the middle": cut(0.5),
    "without its last byte": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "with a byte more": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "zeros": replaced(bytes(5000)),
    "text": replaced(b"<html>404 Not Found</html>" * 100),
    "a pickle": replaced(pickle.dumps(Bomb())),
    "a zip": replaced(b"PK\x03\x04" + bytes(3000)),
    "a head of an exabyte": replaced(struct.pack("<Q", 2**60) + bytes(100)),
    "a head that is no JSON": head("{nonsense"),
    "a head nested deep": head("[" * 100_000),
    "no weights": head("{}"),
    "a weight too few": rewritten(lambda weights: weights.pop(next(iter(weights)))),
    "a weight too many": rewritten(lambda weights: weights.update(more=torch.zeros(3))),
    "another shape": rewritten(
        lambda weights: weights.update({next(iter(weights)): torch.zeros(2, 2)})
    ),
    "whole numbers": rewritten(
        lambda weights: weights.update({name: w.int() for name, w in weights.items()})
    ),
    "double precision": rewritten(
        lambda weights: weights.update({name: w.double() for name, w in weights.items()})
    ),
    "one NaN": rewritten(lambda weights: first(weights).view(-1)[0].fill_(float("nan"))),
    "one infinity": rewritten(lambda weights: first(weights).view(-1)[-1].fill_(float("inf"))),
    "a bit of its first weight changed": flipped(0, 0),
    "a bit in the middle changed": flipped(0.5, 3),
    "a bit of its last weight changed": flipped(1, 6),
    "another digest": another_digest,
}


def with_keys(**changes: object) -> Damage:
    def damage(path: Path) -> None:
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return damage


ARCHITECTURES: dict[str, Damage] = {
    "missing": Path.unlink,
    "empty": cut(0),
    "cut": cut(0.5),
    "no JSON": replaced(b"not JSON"),
    "bytes": replaced(bytes(range(256))),
    "a list": replaced(b"[]"),
    "nested deep": replaced(b'{"a":' * 100_000),
    "without a key": replaced(b'{"image_size": 32}'),
    "an unknown key": with_keys(depth=3),
    "images of no size": with_keys(image_size=0),
    "images of 33 pixels": with_keys(image_size=33),
    "images of 2^40 pixels": with_keys(image_size=2**40),
    "z of no size": with_keys(latent_dim=0),
    "z of less than no size": with_keys(latent_dim=-8),
    "a width of a million": with_keys(width=10**6),
    "networks of 100 GB": with_keys(width=1024, image_size=1024),
    "a number of 400 digits": with_keys(width=10**400),
    "a kernel of 0": with_keys(kernel_size=0),
    "a slope of NaN": with_keys(leaky_slope=float("nan")),
    "another activation": with_keys(generator_activation="gelu"),
    "text for a number": with_keys(width="wide"),
    "another width": with_keys(width=8),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of models/ as the stages leave them."""
    return write_models(tmp_path_factory.mktemp("whole") / "models")


@pytest.fixture
def models(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of them, to be damaged."""
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(whole, tmp_path / "models")


def refusal(models: Path) -> str:
    def load() -> None:
        load_trained(models)
        load_unet(models, ENCODER)

    with pytest.raises(DamagedError) as refused:
        load()
    return str(refused.value)


@pytest.mark.parametrize("file", [GENERATOR, ENCODER])
@pytest.mark.parametrize("damage", WEIGHTS)
def test_weights(damage: str, file: str, models: Path, seen: Callable[[str], None]) -> None:
    WEIGHTS[damage](models / file)
    line = refusal(models)
    seen(line.replace(str(models.parent), "…"))
    assert line.startswith(f"{models / file} ")
    assert line.endswith(
        "`dvc checkout` brings back what the pipeline made, and `dvc repro` makes it anew"
    )
    assert "\n" not in line
    assert not Path("executed").exists()


@pytest.mark.parametrize("damage", ARCHITECTURES)
def test_architecture(damage: str, models: Path, seen: Callable[[str], None]) -> None:
    ARCHITECTURES[damage](models / ARCHITECTURE)
    line = refusal(models)
    seen(line.replace(str(models.parent), "…"))
    assert ARCHITECTURE in line
    assert "\n" not in line
    assert len(line) < 400


def test_every_bit_of_the_weights_counts(models: Path, long: bool) -> None:
    """One bit changed, in seeded places of the whole file, its head included."""
    path = models / DISCRIMINATOR
    content = path.read_bytes()
    generator = torch.Generator().manual_seed(0)
    taken = 0
    for _ in range(3000 if long else 200):
        place = int(torch.randint(len(content), (), generator=generator))
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(torch.randint(8, (), generator=generator))
        path.write_bytes(damaged)
        try:
            found = load_trained(models)[1].state_dict()
        except DamagedError:
            continue
        # Of the head, some blanks are of no account.
        taken += 1
        assert bytes(damaged[:8]) == content[:8]
        path.write_bytes(content)
        expected = load_trained(models)[1].state_dict()
        assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert taken < 20


def test_weights_that_are_not_finite_are_not_saved(models: Path) -> None:
    network: Discriminator = load_trained(models)[1]
    before = (models / DISCRIMINATOR).read_bytes()
    with torch.no_grad():
        network.layers[0].weight[0, 0, 0, 0] = float("nan")
    with pytest.raises(FaultError, match=r"discriminator\.safetensors is not written: .*layers.0"):
        save_weights(network, models / DISCRIMINATOR)
    assert (models / DISCRIMINATOR).read_bytes() == before


def test_files_without_a_digest_are_read_as_before(models: Path) -> None:
    expected = load_trained(models)[0].state_dict()
    rewritten(lambda weights: None)(models / GENERATOR)
    found = load_trained(models)[0].state_dict()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize(
    ("stage", "file", "damage"),
    [
        ("encoder", DISCRIMINATOR, WEIGHTS["cut in the middle"]),
        ("inpaint", ARCHITECTURE, ARCHITECTURES["an unknown key"]),
        ("inpaint", ENCODER, WEIGHTS["a pickle"]),
    ],
)
def test_a_stage_ends_in_one_line(
    stage: str, file: str, damage: Damage, tmp_path: Path, seen: Callable[[str], None]
) -> None:
    folder = write_checkout(tmp_path / "checkout")
    damage(folder / "models" / file)
    ended = run(folder, stage)
    seen(ended.error)
    assert ended.status == 2
    assert ended.error.startswith(f"{stage}: error: models/{file} ")
    assert not (folder / "executed").exists()


@pytest.mark.filterwarnings("ignore")  # MLflow's own
@pytest.mark.parametrize("damage", ["missing", "a pickle", "a bit in the middle changed"])
def test_a_served_model_is_not_loaded(damage: str, models: Path) -> None:
    from mlflow.pyfunc.model import PythonModelContext

    from dcgan_inpainting.tracking.inpainter import NETWORKS, Inpainter

    WEIGHTS[damage](models / GENERATOR)
    with pytest.raises(DamagedError, match=GENERATOR):
        Inpainter().load_context(PythonModelContext({NETWORKS: str(models)}, None))
    assert not Path("executed").exists()
