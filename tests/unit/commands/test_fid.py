"""FID and KID, with random weights in the place of the Inception network's.

Random weights make figures that mean nothing: of them only what holds for any network is tested.
What needs torch-fidelity (`pip install "torch-fidelity>=0.4,<0.5"`) is skipped without it.
"""

import hashlib
import importlib.util
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.models import inception_v3

from dcgan_inpainting.commands import fid as inception
from dcgan_inpainting.commands.fid import (
    ADDRESS,
    NAME,
    SHA256,
    TRAIN,
    WEIGHTS,
    Distances,
    distances,
    features,
    halves,
    load_extractor,
    main,
    report,
    sample,
)
from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.images import Images
from dcgan_inpainting.networks.weights import load_trained
from dcgan_inpainting.process.command_line import BAD_INPUT
from tests.tiny_model import SIDE, write_models

ROOT = Path(__file__).parents[3]

needs_extra = pytest.mark.skipif(
    importlib.util.find_spec("torch_fidelity") is None,
    reason='FID AND KID ARE NOT TESTED: pip install "torch-fidelity>=0.4,<0.5" for that',
)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write random weights in the official file's format; torchvision's network has its names."""
    network = inception_v3(weights=None, num_classes=1008, aux_logits=False, init_weights=False)
    rng = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            fan_in = module.weight[0].numel()  # He et al. 2015: signals keep their size
            nn.init.normal_(module.weight, 0, math.sqrt(2 / fan_in), generator=rng)
    path = tmp_path_factory.mktemp("inception") / NAME
    torch.save(network.state_dict(), path)
    return path


def random_images(count: int, seed: int = 0) -> Images:
    """Return images of few blobs, because noise looks all the same to a network that averages."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
    return coarse.repeat(SIDE // 4, axis=1).repeat(SIDE // 4, axis=2)


def normal_features(count: int, seed: int, width: int = 12) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    mixed = torch.randn(count, width, generator=rng) @ torch.randn(width, width, generator=rng)
    return mixed + torch.randn(width, generator=rng)


def frechet_by_hand(first: Tensor, second: Tensor) -> float:
    """‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2·(Σ₁^½·Σ₂·Σ₁^½)^½), each root taken by scipy."""
    one, other = first.double().numpy(), second.double().numpy()
    shift = one.mean(0) - other.mean(0)
    covariances = [np.cov(values, rowvar=False) for values in (one, other)]
    root = scipy.linalg.sqrtm(covariances[0]).real
    middle = scipy.linalg.sqrtm(root @ covariances[1] @ root).real
    return float(shift @ shift + np.trace(covariances[0] + covariances[1] - 2 * middle))


def kernel_by_hand(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    return float((first @ second / len(first) + 1) ** 3)


def kid_by_hand(first: Tensor, second: Tensor) -> float:
    """Lemma 6 of Gretton et al., "A Kernel Two-Sample Test", JMLR 2012, pair by pair."""
    one, other = first.double().numpy(), second.double().numpy()
    count = len(one)
    pairs = [(i, j) for i in range(count) for j in range(count)]
    within = [
        sum(kernel_by_hand(values[i], values[j]) for i, j in pairs if i != j)
        for values in (one, other)
    ]
    across = sum(kernel_by_hand(one[i], other[j]) for i, j in pairs)
    return sum(within) / (count * (count - 1)) - 2 * across / count**2


@needs_extra
def test_fid_is_the_formula_s() -> None:
    first, second = normal_features(300, 1), normal_features(300, 2)
    found = distances(first, second, seed=0)
    assert found.fid > 1
    assert found.fid == pytest.approx(frechet_by_hand(first, second), rel=1e-4)


@needs_extra
def test_fid_of_equal_covariances_is_the_means_distance() -> None:
    first = normal_features(500, 1)
    assert distances(first, first + 2, seed=0).fid == pytest.approx(12 * 2**2, rel=1e-3)


@needs_extra
def test_kid_is_the_formula_s(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = normal_features(24, 1), normal_features(24, 2)
    monkeypatch.setattr(inception, "SUBSETS", 400)
    found = distances(first, second, seed=0)
    # Unbiased: subsets of half the images have all images' figure as their mean.
    error = found.kid_deviation / math.sqrt(400)
    assert found.kid_deviation > 0
    assert found.kid == pytest.approx(kid_by_hand(first, second), abs=5 * error)
    assert distances(first, second, seed=0) == found
    assert distances(first, second, seed=1).kid != found.kid


@needs_extra
def test_sets_of_one_distribution_are_nearer_than_those_of_two() -> None:
    first, second = normal_features(1000, 1).split(500)
    floor, apart = distances(first, second, 0), distances(first, normal_features(500, 2), 0)
    assert apart.fid > 20 * floor.fid
    assert abs(floor.kid) < 3 * floor.kid_deviation
    assert apart.kid > 20 * abs(floor.kid)


@needs_extra
def test_fid_falls_with_the_number_of_images_and_kid_does_not() -> None:
    """What the report says of them."""
    few, many = (distances(*normal_features(2 * n, 3).split(n), 0) for n in (40, 600))
    assert few.fid > 10 * many.fid
    assert abs(few.kid) < 3 * few.kid_deviation


@needs_extra
def test_the_network_tells_images_apart_and_the_same_ones_are_0_apart(weights: Path) -> None:
    extractor = load_extractor(weights, None)
    assert not any(weight.requires_grad for weight in extractor.parameters())
    seen = features(random_images(6), extractor)
    assert seen.shape == (6, inception.FEATURES)
    assert seen.dtype == torch.float32
    assert torch.equal(features(random_images(6), extractor), seen)
    other = features(random_images(6, seed=1), extractor)
    assert (other - seen).norm() > 1e-3 * seen.norm()

    # Every eighth feature: the eigenvalues of all 2,048 would take half a minute.
    seen, other = seen[:, ::8], other[:, ::8]
    same, apart = distances(seen, seen, 0), distances(seen, other, 0)
    by_hand = frechet_by_singular_values(seen, other)
    assert abs(same.fid) < 1e-3 * by_hand
    assert apart.fid == pytest.approx(by_hand, rel=1e-3)


def frechet_by_singular_values(first: Tensor, second: Tensor) -> float:
    """The same distance for fewer images than features, without a root of a singular matrix.

    With centred sets X and Y of n images, tr (Σ₁Σ₂)^½ is the sum of XYᵀ's singular values/(n − 1).
    """
    one, other = first.double().numpy(), second.double().numpy()
    shift = one.mean(0) - other.mean(0)
    one, other = one - one.mean(0), other - other.mean(0)
    spread = (one**2).sum() + (other**2).sum()
    shared = scipy.linalg.svd(one @ other.T, compute_uv=False).sum()
    return float(shift @ shift + (spread - 2 * shared) / (len(one) - 1))


def test_samples_follow_from_the_seed(tmp_path: Path) -> None:
    generator, _ = load_trained(write_models(tmp_path / "models"))
    images = sample(generator, 70, 3)
    assert images.shape == (70, SIDE, SIDE, 3)
    assert images.dtype == np.uint8
    assert len({image.tobytes() for image in images}) == 70
    assert np.array_equal(sample(generator, 70, 3), images)
    assert not np.array_equal(sample(generator, 70, 4), images)


@pytest.mark.parametrize(("count", "limit", "size"), [(20, 100, 10), (21, 100, 10), (50, 7, 7)])
def test_halves_are_disjoint_and_in_order(count: int, limit: int, size: int) -> None:
    first, second = halves(count, limit, seed=0)
    assert len(first) == len(second) == size
    assert not set(first) & set(second)
    assert set(first) | set(second) <= set(range(count))
    assert first == sorted(first)
    assert halves(count, limit, seed=0) == (first, second)
    assert halves(count, limit, seed=1) != (first, second)


def test_the_report_has_the_floor_the_count_and_the_caution() -> None:
    text = report(Distances(23.456, 0.0123, 0.001), Distances(8.2, -0.00004, 0.0005), 3000)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[:3] == [
        "FID KID × 1000",
        "generated images 23.46 12.30 ± 1.00",
        "training images: the floor 8.20 -0.04 ± 0.50",
    ]
    assert "3,000 images in each set" in text
    assert "FID is biased" in text
    assert "go by KID" not in text
    assert "go by KID" in report(Distances(1, 0, 0), Distances(1, 0, 0), 2048)


# What goes wrong


@pytest.fixture
def nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)


@needs_extra
def test_missing_weights_are_named_with_where_to_get_and_to_put_them(
    tmp_path: Path, nothing_is_fetched: None
) -> None:
    with pytest.raises(UserError) as caught:
        load_extractor(tmp_path / "here.pth")
    message = str(caught.value)
    assert ADDRESS in message
    assert f"save it as {tmp_path / 'here.pth'}" in message
    assert "--weights" in message
    assert "\n" not in message


@needs_extra
def test_another_file_is_refused(weights: Path) -> None:
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    with pytest.raises(UserError, match=rf"SHA-256 is {found}, not {SHA256}; fetch https://"):
        load_extractor(weights)
    load_extractor(weights, found)


def other_files(folder: Path) -> dict[str, Path]:
    files = {name: folder / f"{name}.pth" for name in ("empty", "text", "list", "network", "code")}
    files["empty"].touch()
    files["text"].write_text("<html>not found</html>")
    torch.save([1, 2], files["list"])
    torch.save(nn.Linear(2, 2).state_dict(), files["network"])
    torch.save(Harmful(folder / "run"), files["code"])
    return files


class Harmful:
    """An object whose pickle runs code where it is loaded without care."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.trace),)


@needs_extra
@pytest.mark.parametrize("kind", ["empty", "text", "list", "network", "code"])
def test_a_file_of_another_kind_is_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    path = other_files(tmp_path)[kind]
    expected = f"{path} does not hold the Inception network's weights"
    with pytest.raises(UserError, match=f"^{re.escape(expected)}$"):
        load_extractor(path, None)
    assert not (tmp_path / "run").exists()


def test_without_torch_fidelity_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r'^torch-fidelity is missing: pip install "torch-fid'):
        load_extractor(tmp_path / "any.pth")


# As a command


@needs_extra
def test_it_ends_in_one_line_where_something_is_missing(
    weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    taken = ["--weights", str(weights), "--sha256", "any"]

    def refusal(*arguments: str) -> str:
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == BAD_INPUT
        *_, line = capsys.readouterr().err.splitlines()
        assert line.startswith("fid: error: ")
        return line

    assert f"save it as {WEIGHTS}" in refusal()
    assert str(TRAIN) in refusal(*taken)
    TRAIN.parent.mkdir(parents=True)
    np.save(TRAIN, random_images(7))
    assert "models/architecture.json is missing; `dvc checkout`" in refusal(*taken)
    write_models(tmp_path / "models")
    assert f"{TRAIN} holds 7 images: two sets of four are needed" in refusal(*taken)


@needs_extra
def test_it_prints_the_report(
    weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(inception, "FEATURES", 192)  # an earlier layer, for the test's time
    monkeypatch.chdir(tmp_path)
    TRAIN.parent.mkdir(parents=True)
    np.save(TRAIN, random_images(40))
    write_models(tmp_path / "models")
    main(["--weights", str(weights), "--sha256", "any", "--images", "12"])
    text = capsys.readouterr().out
    lines = [line.split() for line in text.splitlines()]
    generated, floor = float(lines[1][2]), float(lines[2][4])
    assert 0 < floor < generated  # random weights: nothing else is known of them
    assert "12 images in each set" in text
    assert "go by KID" in text


def test_the_module_is_a_command(tmp_path: Path) -> None:
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "dcgan_inpainting.commands.fid"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("fid: error: ")
    assert "missing" in done.stderr  # the weights, or torch-fidelity
    assert done.stderr.count("\n") == 1


def test_fewer_than_four_images_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--images", "3"])
    assert "--images must be at least 4" in capsys.readouterr().err
