"""Where a long stage keeps its state, so that after a kill the next process goes on from it.

The module knows nothing of what a state means. Checkpoints lie below the user's own checkout and
outside of DVC's outputs, so that neither DVC nor the end of a temporary experiment removes them.
"""

import hashlib
import io
import logging
import os
import pickle
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any

import torch
from torch import Tensor

from dcgan_inpainting.common.files import replacing
from dcgan_inpainting.running.checkpoint_folders import held, run_folder

log = logging.getLogger(__name__)

CHECKPOINTS = ".checkpoints"  # the folder of all runs, in the user's own checkout

WRITTEN_KEPT = 2  # the last, and one to go on from should that be damaged
ENDS_KEPT = 3  # 10 epochs, then 20, then 40: each goes on from the one before, and can be had again
DAMAGED_KEPT = 2  # enough to see what happened to them

_NAME = re.compile(
    r"(?P<number>\d+)-step(?P<step>\d+)(?P<end>-end)?-(?P<checksum>[0-9a-f]{32})\.pt"
)


@contextmanager
def checkpoints(root: Path, stage: str, identity: Mapping[str, Any]) -> Iterator["Checkpoints"]:
    """Hold the checkpoints of one run: those of `stage` with exactly this identity.

    They lie in `root/.checkpoints/<stage>-<16 digits of a digest>/`, with the identity itself in
    identity.json. While another living process holds the same run, this one waits, says so in one
    line of the log, and then finds what that process wrote. Where several processes work on one
    run together, only one of them may open it.

    How big it gets: of the runs used last, 20 are kept for 14 days (`run_folders`), beside those
    that are at work. Each holds at most WRITTEN_KEPT + ENDS_KEPT + 1 whole checkpoints,
    DAMAGED_KEPT damaged ones and one half written, but in general WRITTEN_KEPT: of 100 MB each,
    4 GB in all. Beside them lie the files that they name.

    Where the folder cannot be made or locked, a warning says so, and the work goes on without.

    Args:
        root: the user's own checkout.
        stage: its name, which the folder's name begins with.
        identity: what determines the result, as JSON can hold it: the code (`digest_of_code`),
            the md5 of the data, the parameters that matter, and of the machine what changes a
            sum: PyTorch's version, the device, the number of threads.

    Raises:
        TypeError: the identity is not what JSON can hold.
    """
    kept = Checkpoints(run_folder(root / CHECKPOINTS, stage, identity))
    with ExitStack() as stack:
        try:
            stack.enter_context(held(kept.folder, identity))
        except OSError as error:
            kept.warn(error)
        yield kept


class Checkpoints:
    """The checkpoints of one run, in a folder of their own; `checkpoints` makes it.

    Each is one file, `<number>-step<step>[-end]-<checksum>.pt`: numbered in the order of writing,
    and named by the first 32 digits of its sha256, so that the two cannot come apart. `torch.load`
    reads it. What a state needs and does not hold, such as pictures for the reports, lies beside it
    in files that `keep` wrote, and that the state names in `files`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._warned = False

    def save(self, step: int, state: Mapping[str, Any], *, end: bool = False) -> None:
        """Write the state at a step; when this returns, it outlives a kill and a power cut.

        The WRITTEN_KEPT checkpoints written last are kept, the ENDS_KEPT ends written last, and the
        one of the highest step; others are removed once the new one is safe. A disk that is full or
        cannot be written to costs one warning, however often it fails, and the checkpoints before
        stay.

        Args:
            step: how far the work is, 0 or more. Of two saved at one step the later counts.
            state: dicts, lists and tuples, in each other as deep as need be, of tensors on any
                device, numbers, strings, booleans and None; keys are strings or integers. For a
                moment this takes as much memory as the file will take room. `files` in it, if it is
                there, lists names that `keep` returned.
            end: whether the work ends here, so that a longer one may go on from it.

        Raises:
            TypeError: the state holds something else; the message says where.
        """
        packed = _pack(state)
        files = self._files()
        number = files[-1].number + 1 if files else 1
        name = f"{number:06}-step{step}{'-end' if end else ''}-{_checksum(packed)}.pt"
        if self._write(name, packed):
            self._remove_old()

    def keep(self, name: str, content: bytes) -> str:
        """Write a file that states to come may name in `files`; it is as safe as they are.

        Returns:
            What it is called here: the name, not `*.pt`, with the content's checksum in it.
        """
        path = Path(name)
        kept = f"{path.stem}-{_checksum(content)}{path.suffix}"
        self._write(kept, content)
        return kept

    def kept(self, name: str) -> bytes:
        """Return the content of a file that the state of `newest` names."""
        return (self.folder / name).read_bytes()

    def newest(self, at_most: int | None = None) -> tuple[int, Any] | None:
        """Return the highest step of which there is a whole checkpoint, and its state.

        A checkpoint that is damaged (cut off, changed, empty, unreadable, not PyTorch's), or whose
        files are, is named in a warning and set aside as `<name>.damaged`, of which DAMAGED_KEPT
        are kept; the one before it is taken. What a killed process left half written is removed.

        Args:
            at_most: the highest step that is wanted; None = any.

        Returns:
            The step and the state, the same to the bit: tensors on the CPU with the strides that
            they had, mappings as dicts, sequences as lists or tuples. None if there is none.
        """
        for rest in self.folder.glob(".*.partial"):
            with suppress(OSError):
                rest.unlink()
        for file in sorted(self._files(), key=lambda file: (file.step, file.number), reverse=True):
            if at_most is None or file.step <= at_most:
                try:
                    return file.step, self._read(file)
                except _DamagedError as damage:
                    self._set_aside(file, damage)
        return None

    def warn(self, error: OSError) -> None:
        """Say, the first time only, that checkpoints cannot be written and why."""
        if not self._warned:
            self._warned = True
            log.warning(
                "cannot write checkpoints to %s (%s); the work goes on, but after a kill it begins "
                "again from an earlier one, or from the start",
                self.folder,
                error.strerror or error,
            )

    def _files(self) -> list["_File"]:
        """Return the checkpoints in the order of writing."""
        found = (_File.of(path) for path in self.folder.glob("*.pt"))
        return sorted((file for file in found if file), key=lambda file: file.number)

    def _read(self, file: "_File") -> Any:
        """Return the state of a checkpoint that is whole, and so are the files that it names."""
        state = _unpack(file.path, file.checksum)
        for name in state.get("files", ()):
            try:
                _whole(self.folder / name, Path(name).stem.rpartition("-")[2])
            except _DamagedError as damage:
                raise _DamagedError(f"{name} beside it: {damage}") from None
        return state

    def _write(self, name: str, content: bytes) -> bool:
        """Write a file; return whether it could be written."""
        try:
            with replacing(self.folder / name) as temporary, temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            self.warn(error)
            return False
        _sync_names(self.folder)
        return True

    def _remove_old(self) -> None:
        files = self._files()
        kept = files[-WRITTEN_KEPT:] + [file for file in files if file.end][-ENDS_KEPT:]
        # A shorter run must not cost a longer one, which was interrupted, its state.
        kept.append(max(files, key=lambda file: (file.step, file.number)))
        for file in files:
            if file not in kept:
                with suppress(OSError):
                    file.path.unlink()

    def _set_aside(self, file: "_File", damage: "_DamagedError") -> None:
        aside = file.path.with_name(f"{file.path.name}.damaged")
        log.warning(
            "checkpoint %s is damaged (%s); it is set aside as %s, and the one before it is taken, "
            "if there is one",
            file.path,
            damage,
            aside.name,
        )
        with suppress(OSError):
            file.path.replace(aside)
            for old in sorted(self.folder.glob("*.damaged"))[:-DAMAGED_KEPT]:
                old.unlink()


@dataclass(frozen=True)
class _File:
    """A checkpoint by its name; whether it is whole is not known yet."""

    path: Path
    number: int
    step: int
    end: bool
    checksum: str

    @classmethod
    def of(cls, path: Path) -> "_File | None":
        match = _NAME.fullmatch(path.name)
        if match is None:
            return None
        number, step = int(match["number"]), int(match["step"])
        return cls(path, number, step, match["end"] is not None, match["checksum"])


class _DamagedError(Exception):
    """A checkpoint cannot be used; the message is the reason."""


def _pack(state: Mapping[str, Any]) -> bytes:
    # Not straight into the file: PyTorch's writer turns a full disk, and Ctrl-C too, into an error
    # of its own.
    buffer = io.BytesIO()
    torch.save(_plain(state, "state"), buffer)
    return buffer.getvalue()


def _whole(path: Path, checksum: str) -> bytes:
    """Return the content of a file, which must be what its checksum says."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _DamagedError(error.strerror or str(error)) from None
    if not content:
        raise _DamagedError("it is empty")
    if _checksum(content) != checksum:
        raise _DamagedError("its content is not what its checksum says")
    return content


def _unpack(path: Path, checksum: str) -> Any:
    packed = _whole(path, checksum)
    # torch.load would take anything else for its own format of before 2020.
    if not zipfile.is_zipfile(io.BytesIO(packed)):
        raise _DamagedError("it is not PyTorch's")
    try:
        return torch.load(io.BytesIO(packed), map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError):
        # Without the reason, which may be advice to trust the file.
        raise _DamagedError("PyTorch cannot read it") from None


def _plain(value: Any, place: str) -> Any:
    """Return a state as what torch.load takes without trusting the file; tensors on the CPU."""
    if isinstance(value, Tensor):
        tensor = value.detach().cpu()
        # Of a view torch.save would write all that it is a view of.
        return tensor if tensor.untyped_storage().nbytes() == tensor.nbytes else tensor.clone()
    if isinstance(value, Mapping):
        if strange := [key for key in value if type(key) not in (str, int)]:
            raise TypeError(f"{place} has the key {strange[0]!r}, neither a string nor an integer")
        return {key: _plain(item, f"{place}[{key!r}]") for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = [_plain(item, f"{place}[{index}]") for index, item in enumerate(value)]
        return items if isinstance(value, list) else tuple(items)
    # Exactly these: a float of NumPy's is a float too, and could not be read again.
    if type(value) in (bool, int, float, str, NoneType):
        return value
    kind = type(value)
    raise TypeError(
        f"{place} is of {kind.__module__}.{kind.__qualname__}, but a checkpoint holds tensors, "
        "numbers, strings, booleans, None, and dicts, lists and tuples of them"
    )


def _checksum(packed: bytes) -> str:
    return hashlib.sha256(packed).hexdigest()[:32]


def _sync_names(folder: Path) -> None:
    """Make a renaming outlive a power cut, where the system can."""
    # Windows opens no folder, and some network drives sync none: there a power cut, though no
    # kill, may cost the newest checkpoint.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
