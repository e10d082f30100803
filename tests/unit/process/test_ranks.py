"""Which process of several this is."""

import pytest

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.process.ranks import rank_of_this_process


@pytest.mark.parametrize(
    ("environment", "rank"),
    [
        ({}, 0),
        ({"PATH": "/bin"}, 0),
        ({"LOCAL_RANK": "1"}, 1),  # started by Fabric
        ({"RANK": "5", "LOCAL_RANK": "1"}, 5),  # by torchrun, on the second machine
        ({"SLURM_PROCID": "3", "SLURM_LOCALID": "1"}, 3),
        ({"NODE_RANK": "1"}, 1),  # by Fabric, on the second machine
        ({"NODE_RANK": "0", "LOCAL_RANK": "2"}, 2),
        ({"JSM_NAMESPACE_RANK": "2"}, 2),
        ({"RANK": "0", "LOCAL_RANK": "0"}, 0),
    ],
)
def test_launchers_say_it_in_their_own_ways(environment: dict[str, str], rank: int) -> None:
    assert rank_of_this_process(environment) == rank


@pytest.mark.parametrize(
    "name", ["RANK", "LOCAL_RANK", "SLURM_PROCID", "WORLD_SIZE", "MASTER_PORT"]
)
@pytest.mark.parametrize("value", ["", "first", "-1", "1.5", "١", "9" * 5000])
def test_what_is_no_number_is_refused(name: str, value: str) -> None:
    with pytest.raises(UserError, match=f"the environment's {name} is '.*unset {name}"):
        rank_of_this_process({"RANK": "0", name: value})
