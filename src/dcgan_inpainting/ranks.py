"""Which of several processes this one is, as the launcher that started it says."""

import os
from collections.abc import Mapping

# torchrun and Lightning Fabric, SLURM, IBM's JSM; the first that is set says it.
_NUMBERS = ("RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK", "LOCAL_RANK")


def rank_of_this_process(environment: Mapping[str, str] = os.environ) -> int:
    """Return the number of this process among those that share its work; 0 where it is alone.

    Known from the start, so that only one of them holds locks, talks and writes.
    """
    return next((int(environment[name]) for name in _NUMBERS if name in environment), 0)
