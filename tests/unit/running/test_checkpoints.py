"""Checkpoints: what is kept, what damage is noticed, and what a kill leaves."""

import copy
import hashlib
import io
import logging
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dcgan_inpainting.running import checkpoints as module
from dcgan_inpainting.running.checkpoints import CHECKPOINTS, Checkpoints, checkpoints

SRC = Path(module.__file__).parents[2]
SEED = {"seed": 1}


@pytest.fixture
def kept(tmp_path: Path) -> Checkpoints:
    """The checkpoints of a run that has none yet."""
    return Checkpoints(tmp_path / "run")


def steps(kept: Checkpoints) -> list[int]:
    """Return the steps that there are files of, in the order of writing."""
    names = sorted(path.name for path in kept.folder.glob("*.pt"))
    return [int(name.split("-")[1].removeprefix("step")) for name in names]


def file_of(kept: Checkpoints, step: int) -> Path:
    (path,) = kept.folder.glob(f"*-step{step}-*.pt")
    return path


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno == logging.WARNING]


def assert_same_bits(found: Any, expected: Any) -> None:
    """Hold two states to each other: types, keys and their order, and each tensor's bytes."""
    if isinstance(expected, Tensor):
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape
        assert found.stride() == expected.stride()
        bits = [tensor.contiguous().reshape(-1).view(torch.uint8) for tensor in (found, expected)]
        assert torch.equal(*bits)
    elif isinstance(expected, dict):
        assert list(found) == list(expected)
        for key, value in expected.items():
            assert_same_bits(found[key], value)
    elif isinstance(expected, list | tuple):
        assert type(found) is type(expected)
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same_bits(one, other)
    else:
        assert type(found) is type(expected)
        assert repr(found) == repr(expected)


def test_a_state_comes_back_to_the_bit(kept: Checkpoints) -> None:
    rng = torch.Generator().manual_seed(0)
    odd = torch.tensor([0.0, -0.0, torch.inf, -torch.inf, torch.nan, 1e-45])
    state = {
        "float32": torch.randn(3, 5, generator=rng),
        "odd": odd,
        "bf16": torch.randn(7, generator=rng).to(torch.bfloat16),
        "int64": torch.tensor([-(2**63), 2**63 - 1]),
        "bool": torch.tensor([True, False]),
        "uint8": torch.arange(256, dtype=torch.uint8),
        "scalar": torch.tensor(3.5),
        "none of it": torch.empty(0, 4),
        "channels last": torch.randn(2, 3, 4, 4, generator=rng).to(
            memory_format=torch.channels_last
        ),
        "nested": {0: [1, 2.5, (True, None, "G ← D")], 7: {"rows": [{"swd": 0.1 + 0.2}]}},
        "numbers": [float("inf"), -0.0, 2**70],
    }
    kept.save(12, state)
    found = kept.newest()
    assert found is not None
    assert found[0] == 12
    assert_same_bits(found[1], state)


def test_a_state_is_copied_and_free_of_its_graph(kept: Checkpoints) -> None:
    weights = nn.Parameter(torch.ones(3))
    kept.save(1, OrderedDict(weights=weights, twice=weights * 2))
    with torch.no_grad():
        weights.zero_()
    found = kept.newest()
    assert found is not None
    assert_same_bits(found[1], {"weights": torch.ones(3), "twice": torch.full((3,), 2.0)})
    assert not found[1]["twice"].requires_grad


def test_of_a_view_only_what_it_shows_is_written(kept: Checkpoints) -> None:
    whole = torch.arange(1_000_000)
    kept.save(1, {"part": whole[10:20], "wide": torch.ones(1, 2).expand(3, 2)})
    assert file_of(kept, 1).stat().st_size < 10_000
    found = kept.newest()
    assert found is not None
    assert torch.equal(found[1]["part"], torch.arange(10, 20))
    assert torch.equal(found[1]["wide"], torch.ones(3, 2))


@pytest.mark.parametrize("fused", [False, True])
def test_an_optimiser_goes_on_as_if_nothing_had_been(kept: Checkpoints, fused: bool) -> None:
    rng = torch.Generator().manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, 1, 3))
    network = network.to(memory_format=torch.channels_last)
    images = torch.randn(6, 4, 3, 8, 8, generator=rng)

    def adam_of(network: nn.Module) -> torch.optim.Adam:
        return torch.optim.Adam(network.parameters(), 0.01, (0.5, 0.999), fused=fused)

    def train(network: nn.Module, adam: torch.optim.Adam, batches: Tensor) -> None:
        for batch in batches:
            adam.zero_grad()
            network(batch).square().mean().backward()
            adam.step()

    other = copy.deepcopy(network)
    adam = adam_of(network)
    train(network, adam, images[:3])
    kept.save(3, {"network": network.state_dict(), "adam": adam.state_dict()})
    train(network, adam, images[3:])

    found = kept.newest()
    assert found is not None
    state = found[1]
    other_adam = adam_of(other)
    other.load_state_dict(state["network"])
    other_adam.load_state_dict(state["adam"])
    train(other, other_adam, images[3:])
    assert_same_bits(dict(other.state_dict()), dict(network.state_dict()))
    assert_same_bits(other_adam.state_dict(), adam.state_dict())


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"curve": [{"swd": np.float64(1)}]}, r"state\['curve'\]\[0\]\['swd'\] is of numpy"),
        ({"images": np.zeros(3)}, r"state\['images'\] is of numpy.ndarray"),
        ({"network": nn.ReLU()}, r"state\['network'\] is of torch.nn.*ReLU"),
        ({"g": {1.5: 0}}, r"state\['g'\] has the key 1.5"),
        ({"g": ({"a"},)}, r"state\['g'\]\[0\] is of builtins.set"),
    ],
)
def test_what_could_not_be_read_again_is_refused(
    kept: Checkpoints, state: dict[str, Any], said: str
) -> None:
    with pytest.raises(TypeError, match=said):
        kept.save(1, state)
    assert kept.newest() is None


def test_a_file_is_pytorchs_own_and_named_by_its_sha256(kept: Checkpoints) -> None:
    kept.save(40, {"weights": torch.arange(3)})
    kept.save(60, {"weights": torch.arange(4)}, end=True)
    first, second = sorted(kept.folder.iterdir())
    digests = [hashlib.sha256(path.read_bytes()).hexdigest()[:32] for path in (first, second)]
    assert first.name == f"000001-step40-{digests[0]}.pt"
    assert second.name == f"000002-step60-end-{digests[1]}.pt"
    assert torch.load(second, weights_only=True)["weights"].tolist() == [0, 1, 2, 3]


def test_a_run_without_checkpoints_has_no_newest(tmp_path: Path) -> None:
    with checkpoints(tmp_path, "train", SEED) as kept:
        assert kept.newest() is None


def test_the_highest_step_not_above_the_one_wanted_is_taken(kept: Checkpoints) -> None:
    for step in (100, 200, 300):
        kept.save(step, {"step": step}, end=True)
    found = [kept.newest(at_most) for at_most in (None, 300, 299, 200, 100, 99, 0)]
    assert [state and state[0] for state in found] == [300, 300, 200, 200, 100, None, None]
    assert [state and state[1]["step"] for state in found] == [300, 300, 200, 200, 100, None, None]


def test_of_two_of_one_step_the_later_counts(kept: Checkpoints) -> None:
    for value in ("first", "second"):
        kept.save(5, {"value": value})
    assert kept.newest() == (5, {"value": "second"})


def test_the_two_written_last_are_kept(kept: Checkpoints) -> None:
    for step in (1, 2, 30, 4):
        kept.save(step, {"step": step})
    assert steps(kept) == [30, 4]
    for step in (40, 50):
        kept.save(step, {})
    assert steps(kept) == [40, 50]


def test_the_last_ends_are_kept_beside_them(kept: Checkpoints) -> None:
    for step in range(10, 60, 10):
        kept.save(step - 1, {"step": step})
        kept.save(step, {"step": step}, end=True)
    assert steps(kept) == [30, 40, 49, 50]
    kept.save(51, {})
    kept.save(52, {})
    assert steps(kept) == [30, 40, 50, 51, 52]


def test_a_shorter_work_that_began_anew_keeps_its_own_checkpoints(kept: Checkpoints) -> None:
    for step in (100, 150, 200):
        kept.save(step, {"step": step})
    assert kept.newest(at_most=100) is None
    for step in (20, 40, 60):
        kept.save(step, {"step": step})
        assert kept.newest(at_most=100) == (step, {"step": step})
    # And the longer one, should it be asked for again, goes on where it was.
    assert steps(kept) == [200, 40, 60]
    assert kept.newest() == (200, {"step": 200})


def damages(whole: bytes, rng: random.Random) -> Iterator[bytes]:
    """Yield truncations, and flips of one bit or one byte, at random places and at the ends."""
    for length in (0, 1, len(whole) - 1, *(rng.randrange(len(whole)) for _ in range(50))):
        yield whole[:length]
    for place in (0, len(whole) - 1, *(rng.randrange(len(whole)) for _ in range(150))):
        flipped = bytearray(whole)
        flipped[place] ^= rng.choice([*(1 << bit for bit in range(8)), 255])
        yield bytes(flipped)
    yield whole + b"\0"
    yield bytes(len(whole))


def test_any_damage_is_noticed_and_the_one_before_is_taken(
    kept: Checkpoints, caplog: pytest.LogCaptureFixture
) -> None:
    for step in (1, 2):
        kept.save(step, {"step": step, "weights": torch.full((50,), float(step))})
    newest = file_of(kept, 2)
    whole = newest.read_bytes()
    tried = 0
    for damaged in damages(whole, random.Random(0)):
        newest.write_bytes(damaged)
        caplog.clear()
        found = kept.newest()
        assert found is not None
        assert found[0] == found[1]["step"] == 1
        assert len(warnings(caplog)) == 1
        assert str(newest) in warnings(caplog)[0]
        assert newest.with_name(f"{newest.name}.damaged").read_bytes() == damaged
        assert steps(kept) == [1]
        tried += 1
    assert tried == 207
    newest.write_bytes(whole)
    found = kept.newest()
    assert found is not None
    assert found[0] == 2


def named(kept: Checkpoints, content: bytes) -> Path:
    """Write a file as step 2 under the name that its content's checksum gives it."""
    path = kept.folder / f"000002-step2-{hashlib.sha256(content).hexdigest()[:32]}.pt"
    path.write_bytes(content)
    return path


def of_another_program(kept: Checkpoints) -> Path:
    return named(kept, b"neither a zip archive nor a pickle\n")


def of_a_zip_program(kept: Checkpoints) -> Path:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("face.txt", "a face")
    return named(kept, stream.getvalue())


def of_untrusted_objects(kept: Checkpoints) -> Path:
    stream = io.BytesIO()
    torch.save({"path": Path("a")}, stream)
    return named(kept, stream.getvalue())


def of_a_broken_link(kept: Checkpoints) -> Path:
    path = kept.folder / f"000002-step2-{'0' * 32}.pt"
    path.symlink_to("nowhere")
    return path


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (of_another_program, "it is not PyTorch's"),
        (of_a_zip_program, "PyTorch cannot read it"),
        (of_untrusted_objects, "PyTorch cannot read it"),
        (of_a_broken_link, "No such file"),
    ],
)
def test_what_is_no_checkpoint_is_set_aside(
    kept: Checkpoints,
    caplog: pytest.LogCaptureFixture,
    make: Callable[[Checkpoints], Path],
    reason: str,
) -> None:
    kept.save(1, {"step": 1})
    path = make(kept)
    assert kept.newest() == (1, {"step": 1})
    assert len(warnings(caplog)) == 1
    assert f"{path} is damaged ({reason}" in warnings(caplog)[0]
    assert "\n" not in warnings(caplog)[0]
    assert os.path.lexists(f"{path}.damaged")
    caplog.clear()
    assert kept.newest() == (1, {"step": 1})
    assert warnings(caplog) == []


def test_what_may_not_be_read_is_set_aside(
    kept: Checkpoints, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the system would say it: whoever may do everything reads every file."""
    kept.save(1, {"step": 1})
    kept.save(2, {"step": 2})
    locked, read = file_of(kept, 2), Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        if path == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    assert kept.newest() == (1, {"step": 1})
    assert len(warnings(caplog)) == 1
    assert f"{locked} is damaged (Permission denied)" in warnings(caplog)[0]


def test_when_all_are_damaged_the_work_begins_anew_and_two_are_kept_to_look_at(
    kept: Checkpoints, caplog: pytest.LogCaptureFixture
) -> None:
    for step in (1, 2, 3, 4):
        kept.save(step, {}, end=True)
        file_of(kept, step).write_bytes(b"")
    paths = [file_of(kept, step) for step in (2, 3, 4)]
    assert kept.newest() is None
    assert len(warnings(caplog)) == 3
    kept.save(5, {"step": 5})
    assert kept.newest() == (5, {"step": 5})
    damaged = sorted(path.name for path in kept.folder.glob("*.damaged"))
    assert len(damaged) == module.DAMAGED_KEPT == 2
    assert set(damaged) < {f"{path.name}.damaged" for path in paths}


def test_what_was_left_half_written_is_removed(kept: Checkpoints) -> None:
    kept.save(1, {"step": 1})
    rest = kept.folder / f".000002-step2-{'0' * 32}.pt.partial"
    rest.write_bytes(file_of(kept, 1).read_bytes()[:100])
    assert kept.newest() == (1, {"step": 1})
    assert not rest.exists()


@contextmanager
def full_disk(_folder: Path) -> Iterator[None]:
    """Let no file become longer than 2 kB, so that writing one breaks off in its middle."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody write into the folder."""
    folder.chmod(0o500)
    try:
        if os.access(folder, os.W_OK):
            pytest.skip("this user may write everywhere")
        yield
    finally:
        folder.chmod(0o700)


@contextmanager
def in_the_way(folder: Path) -> Iterator[None]:
    """Put a file where the folder was."""
    folder.rename(folder.with_name("aside"))
    folder.touch()
    try:
        yield
    finally:
        folder.unlink()
        folder.with_name("aside").rename(folder)


@pytest.mark.parametrize("trouble", [full_disk, read_only, in_the_way])
def test_a_folder_that_cannot_be_written_to_costs_one_warning(
    kept: Checkpoints,
    caplog: pytest.LogCaptureFixture,
    trouble: Callable[[Path], Any],
) -> None:
    weights = torch.arange(10_000)
    for step in (1, 2):
        kept.save(step, {"step": step, "weights": weights})
    with trouble(kept.folder):
        for step in (3, 4, 5):
            kept.save(step, {"step": step, "weights": weights})
    assert len(warnings(caplog)) == 1
    assert str(kept.folder) in warnings(caplog)[0]
    assert steps(kept) == [1, 2]
    assert len(list(kept.folder.iterdir())) == 2
    kept.save(6, {"step": 6, "weights": weights})
    found = kept.newest()
    assert found is not None
    assert found[0] == 6
    assert steps(kept) == [2, 6]


def test_a_file_that_a_state_names_lies_beside_it(kept: Checkpoints) -> None:
    names = [kept.keep("0000001.png", b"first"), kept.keep("0000001.png", b"second")]
    kept.save(1, {"files": names})
    assert kept.newest() == (1, {"files": names})
    assert [kept.kept(name) for name in names] == [b"first", b"second"]
    checksums = [hashlib.sha256(content).hexdigest()[:32] for content in (b"first", b"second")]
    assert names == [f"0000001-{checksum}.png" for checksum in checksums]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.unlink(), "No such file"),
        (lambda path: path.write_bytes(b""), "it is empty"),
        (lambda path: path.write_bytes(b"sec0nd"), "its content is not what its checksum says"),
    ],
)
def test_a_state_whose_file_is_damaged_is_set_aside(
    kept: Checkpoints,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[Path], object],
    reason: str,
) -> None:
    first = kept.keep("1.png", b"first")
    kept.save(1, {"files": [first]})
    second = kept.keep("2.png", b"second")
    kept.save(2, {"files": [first, second]})
    damage(kept.folder / second)
    assert kept.newest() == (1, {"files": [first]})
    assert len(warnings(caplog)) == 1
    assert f"is damaged ({second} beside it: {reason}" in warnings(caplog)[0]


def test_a_full_disk_costs_the_states_that_name_what_it_has_no_room_for(
    kept: Checkpoints, caplog: pytest.LogCaptureFixture
) -> None:
    kept.save(1, {"step": 1})
    with full_disk(kept.folder):
        name = kept.keep("2.png", bytes(10_000))
    assert len(warnings(caplog)) == 1
    kept.save(2, {"files": [name]})
    assert kept.newest() == (1, {"step": 1})


def test_where_no_folder_can_be_made_the_work_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / CHECKPOINTS).touch()
    with checkpoints(tmp_path, "train", SEED) as kept:
        assert kept.newest() is None
        kept.save(1, {})
        kept.save(2, {})
        assert kept.newest() is None
    assert len(warnings(caplog)) == 1
    assert str(tmp_path) in warnings(caplog)[0]


def test_an_error_of_the_work_is_not_taken_for_one_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="of the work"), checkpoints(tmp_path, "train", SEED):
        raise OSError("of the work")


def test_each_stage_and_identity_has_checkpoints_of_its_own(tmp_path: Path) -> None:
    runs: list[tuple[str, dict[str, Any]]] = [
        ("train", SEED),
        ("train", {"seed": 2}),
        ("inpaint", SEED),
    ]
    for number, (stage, identity) in enumerate(runs):
        with checkpoints(tmp_path, stage, identity) as kept:
            assert kept.newest() is None
            assert kept.folder.parent == tmp_path / ".checkpoints"
            kept.save(number, {})
    for number, (stage, identity) in enumerate(runs):
        with checkpoints(tmp_path, stage, identity) as kept:
            assert kept.newest() == (number, {})


# At each line that comes, a new process works on the run below the folder that the line names: it
# goes on from the newest checkpoint and saves step after step, until it is killed from outside, or
# by itself at the place that the line names. What it has saved, it notes.
NURSERY = """
import os, signal, sys
from pathlib import Path
import torch
from dcgan_inpainting.running import checkpoints as module

torch.set_num_threads(1)

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

def work(root, place):
    notes = (root / "notes").open("a")
    with module.checkpoints(root, "train", {"seed": 1}) as kept:
        found = kept.newest()
        step = found[0] if found else 0
        if place == "writing":
            os.fsync = die
        elif place == "renaming":
            Path.replace = die
        elif place == "syncing the name":
            module._sync_names = die
        elif place == "removing the old":
            Path.unlink = lambda path, missing_ok=False: missing_ok or die()
        while True:
            step += 1
            rng = torch.Generator().manual_seed(step)
            weights = torch.randn(300_000, generator=rng)
            kept.save(step, {"step": step, "weights": weights, "before": [weights - 1, step - 1]})
            notes.write(f"{step}\\n")
            notes.flush()

for line in sys.stdin:
    root, place = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if child == 0:
        work(Path(root), place)
    print(child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


class Workers:
    """Real processes that work on one run, one after the other, and what they noted."""

    def __init__(self, nursery: "subprocess.Popen[str]", root: Path) -> None:
        self.root = root
        self._nursery = nursery
        self._notes = root / "notes"
        self._living: int | None = None

    def start(self, place: str = "") -> None:
        """Start the next one."""
        assert self._nursery.stdin is not None
        self._nursery.stdin.write(f"{self.root}\t{place}\n")
        self._nursery.stdin.flush()
        self._living = int(self._answer())

    def kill(self) -> None:
        """Kill it, if it lives."""
        if self._living is not None:
            os.kill(self._living, signal.SIGKILL)
            self.wait()

    def wait(self) -> None:
        """Wait for its end."""
        assert self._answer() == "gone"
        self._living = None

    def saved(self) -> int:
        """Return the last step that a worker had saved for certain."""
        lines = self._notes.read_text().split() if self._notes.exists() else []
        return int(lines[-1]) if lines else 0

    def found(self) -> int:
        """Return the step of the newest checkpoint, which is held to what it must be."""
        with checkpoints(self.root, "train", SEED) as kept:
            found = kept.newest()
            assert list(kept.folder.glob(".*")) == []
        if found is None:
            return 0
        step, state = found
        weights = torch.randn(300_000, generator=torch.Generator().manual_seed(step))
        assert_same_bits(
            state, {"step": step, "weights": weights, "before": [weights - 1, step - 1]}
        )
        return step

    def _answer(self) -> str:
        assert self._nursery.stdout is not None
        return self._nursery.stdout.readline().strip()


@pytest.fixture(scope="module")
def nursery() -> Iterator["subprocess.Popen[str]"]:
    """The process that starts the workers, so that PyTorch is loaded once."""
    if not hasattr(os, "fork"):
        pytest.skip("this system has neither fork nor SIGKILL")
    with subprocess.Popen(
        [sys.executable, "-c", NURSERY],
        env=os.environ | {"PYTHONPATH": str(SRC), "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


@pytest.fixture
def workers(nursery: "subprocess.Popen[str]", tmp_path: Path) -> Iterator[Workers]:
    """Processes that work on a run in tmp_path."""
    started = Workers(nursery, tmp_path)
    yield started
    started.kill()


def test_after_a_kill_at_any_moment_the_newest_state_is_whole(
    workers: Workers, caplog: pytest.LogCaptureFixture
) -> None:
    rng, found = random.Random(4), 0
    for kill in range(20):
        before = workers.saved()
        workers.start()
        # Some are killed at their start, others after their first step.
        while kill % 4 and workers.saved() == before:
            time.sleep(0.002)
        time.sleep(rng.random() * 0.1)
        workers.kill()
        # At most a step more than was noted, or than the one before had saved without a note.
        saved = workers.saved()
        most = max(saved, found) + 1
        found = workers.found()
        assert saved <= found <= most
    assert found >= 15
    assert warnings(caplog) == []
    with checkpoints(workers.root, "train", SEED) as kept:
        assert len(steps(kept)) <= 3


@pytest.mark.parametrize(
    ("place", "expected"),
    [("writing", 2), ("renaming", 2), ("syncing the name", 3), ("removing the old", 3)],
)
def test_a_kill_at_each_place_of_saving_loses_at_most_what_was_being_written(
    workers: Workers, place: str, expected: int
) -> None:
    with checkpoints(workers.root, "train", SEED) as kept:
        for step in (1, 2):
            kept.save(step, {})
        folder = kept.folder
    workers.start(place)
    workers.wait()
    assert len(list(folder.glob(".*.partial"))) == (1 if expected == 2 else 0)
    with checkpoints(workers.root, "train", SEED) as kept:
        found = kept.newest()
        assert found is not None
        assert found[0] == expected
        assert list(folder.glob(".*.partial")) == []
        kept.save(4, {})
        assert steps(kept) == [expected, 4]


def test_a_second_process_waits_for_the_first_and_finds_its_work(
    workers: Workers, caplog: pytest.LogCaptureFixture
) -> None:
    workers.start()
    while workers.saved() < 3:
        time.sleep(0.002)

    class Killer(logging.Handler):
        """Kills the first process once the second says that it waits."""

        def emit(self, record: logging.LogRecord) -> None:
            workers.kill()

    logger = logging.getLogger("dcgan_inpainting.running.checkpoint_folders")
    killer = Killer()
    logger.addHandler(killer)
    try:
        with caplog.at_level(logging.INFO), checkpoints(workers.root, "train", SEED) as kept:
            found = kept.newest()
            assert found is not None
            assert workers.saved() <= found[0] <= workers.saved() + 1
            assert found[0] >= 3
    finally:
        logger.removeHandler(killer)
    assert caplog.messages == ["another process is at the very same train; waiting for it to end"]
