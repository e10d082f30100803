"""What a user can mend: each is told in one line, without a traceback."""

from pathlib import Path


class UserError(Exception):
    """Bad input: the message names the thing, what is wrong with it and what to do."""


class FaultError(Exception):
    """The world failed, not the input: a full disk, a process that died. The message says what."""


class DamagedError(UserError):
    """A file that a stage wrote is missing or not as it wrote it; the message names it."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            f"{path} {what}; `dvc checkout` brings back what the pipeline made, and `dvc repro` "
            "makes it anew"
        )
