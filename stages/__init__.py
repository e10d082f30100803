"""The pipeline's scripts, one a DVC stage: `python -m stages.NAME` in the project's top folder."""

import sys
from pathlib import Path

# DVC runs an experiment in a snapshot of the project. The snapshot's own src comes first on the
# path, so that no installed copy of the package (an editable install points at the workspace)
# can be imported in its stead.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from dcgan_inpainting.command_line import quiet_until_reporting
from dcgan_inpainting.cores import take_share

# Before a script imports PyTorch or NumPy, which read their number of threads only then.
take_share()

# PyTorch and MLflow take seconds to import.
quiet_until_reporting()
