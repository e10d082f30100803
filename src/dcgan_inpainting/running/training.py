"""What a stage that trains has around its training: checkpoints, a bar, reports, Ctrl-C."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from tqdm import tqdm

from dcgan_inpainting.common.frame import Run
from dcgan_inpainting.process.ranks import rank_of_this_process
from dcgan_inpainting.running.checkpoints import Checkpoints, checkpoints
from dcgan_inpainting.running.identity import identity_of
from dcgan_inpainting.running.stage import interruptible, project_root
from dcgan_inpainting.running.training_report import Report, Reporter


@contextmanager
def checkpoints_of(
    stage: str, params: Mapping[str, Any], files: Iterable[Path], run: Run, ranks: int = 1
) -> Iterator[Checkpoints | None]:
    """Hold the checkpoints of a training, in the first of the processes that share it.

    To be entered before the processes start: however long it waits for another run of the same
    training, none of them waits for this one.

    Args:
        stage: its name.
        params: those that determine the bytes of the training, as JSON can hold them.
        files: that it reads.
        run: learns where they are, so that it goes on with them.
        ranks: how many processes share it.

    Yields:
        The checkpoints; None in the other processes.
    """
    if rank_of_this_process() > 0:
        yield None
        return
    identity = {**identity_of(params, files), "ranks": ranks}
    with checkpoints(project_root(), stage, identity) as kept:
        run.kept_in(kept.folder)
        yield kept


@contextmanager
def reported(
    stage: str, images: int, report: Report, run: Run
) -> Iterator[tuple[Reporter | None, Callable[[], bool]]]:
    """Show how a training goes, and let Ctrl-C wait until its state is saved.

    Args:
        stage: its name.
        images: that the whole training will see.
        report: what to write.
        run: is told too.

    Yields:
        Who reports, None but in the first process; and whether the training is to end.
    """
    first = rank_of_this_process() == 0
    bar: tqdm[NoReturn] = tqdm(desc=stage, total=images, unit=" images", delay=1, disable=not first)
    with interruptible() as interrupted, bar:
        yield Reporter(report, bar, run) if first else None, interrupted
