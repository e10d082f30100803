"""Which of several processes this one is, as the launcher that started it says."""

import os
import re
from collections.abc import Mapping

from dcgan_inpainting.common.errors import UserError

# torchrun, SLURM, IBM's JSM; the first that is set says it.
_NUMBERS = ("RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")

# Where none of these is set: the process on its machine, and the machine.
_PARTS = ("LOCAL_RANK", "NODE_RANK")

# What else Fabric takes for a number, some of it when it is imported.
_OTHER_NUMBERS = ("WORLD_SIZE", "GROUP_RANK", "LOCAL_WORLD_SIZE", "MASTER_PORT")

_NUMBER = re.compile(r"[0-9]{1,9}")


def rank_of_this_process(environment: Mapping[str, str] = os.environ) -> int:
    """Return the number of this process among those that share its work; 0 where it is alone.

    Known from the start, so that only one of them holds locks, talks and writes. Where a process
    knows its machine's number and not how many processes each has, any number above 0 serves.

    Raises:
        UserError: one of the variables that say it is not a number.
    """
    for name in (*_NUMBERS, *_PARTS, *_OTHER_NUMBERS):
        if not _NUMBER.fullmatch(environment.get(name, "0")):
            raise UserError(
                f"the environment's {name} is {environment[name]!r}, which is no number; launchers "
                f"such as torchrun set it: without one, unset {name}"
            )
    known = (int(environment[name]) for name in _NUMBERS if name in environment)
    return next(known, sum(int(environment.get(name, "0")) for name in _PARTS))
