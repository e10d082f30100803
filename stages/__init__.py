"""The pipeline's scripts, one a DVC stage: `python -m stages.NAME` in the project's top folder."""

import signal
import sys
from pathlib import Path

# DVC runs an experiment in a snapshot of the project. The snapshot's own src comes first on the
# path, so that no installed copy of the package (an editable install points at the workspace)
# can be imported in its stead.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from dcgan_inpainting.process.command_line import begin, ending

# Whether this is a script's process, and not a test that imports one, or a script's helper.
STARTED = sys.argv[:1] == ["-m"]

if STARTED:
    # Before anything else is imported: PyTorch and MLflow take seconds.
    begin()
elif "--multiprocessing-fork" in sys.orig_argv:
    # A helper of a pool, which imports its parent's script: the parent hears Ctrl-C (parallel.py).
    signal.signal(signal.SIGINT, signal.SIG_IGN)

from dcgan_inpainting.process.cores import take_share  # noqa: E402
from dcgan_inpainting.process.ranks import rank_of_this_process  # noqa: E402

# Before a script imports PyTorch or NumPy, which read their number of threads only then.
take_share()

if STARTED:
    # Lightning Fabric ends in a traceback for such a variable when it is imported.
    with ending("stages"):
        rank_of_this_process()
