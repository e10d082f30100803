"""When each stage ran, for its run in MLflow, which is made later."""

import json
import time
from contextlib import suppress
from pathlib import Path

from dcgan_inpainting.common.files import write_text
from dcgan_inpainting.tracking.provenance import Process

FOLDER = Path(".dvc/tmp")  # DVC's own, where git and DVC look at nothing


def note(stage: str, start: int, end: int) -> None:
    """Note when a stage ("inpaint@center") ran, in milliseconds since 1970, and for which DVC."""
    text = json.dumps({"by": str(Process.caller()), "start": start, "end": end})
    with suppress(OSError):
        write_text(FOLDER / f"ran-{stage}.json", text + "\n")


def noted(folder: Path) -> dict[str, tuple[int, int]]:
    """Return start and end by stage, of those that the DVC which runs this process has run.

    What the files of another stage hold may come from DVC's cache.
    """
    caller, found = str(Process.caller()), {}
    for file in (folder / FOLDER).glob("ran-*.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            ran = json.loads(file.read_text(encoding="utf-8"))
            if ran["by"] == caller:
                found[file.stem.removeprefix("ran-")] = (int(ran["start"]), int(ran["end"]))
    return found


def began(folder: Path) -> int:
    """Return when the first of those stages began, or the present time where there is none."""
    return min((start for start, _ in noted(folder).values()), default=now())


def now() -> int:
    """Return milliseconds since 1970, as MLflow counts."""
    return int(time.time() * 1000)
