"""Several processes: each sees images of its own, and all hold the same weights."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "tests/rank_weights.py"


@pytest.mark.parametrize("ranks", [2, 3])
def test_all_ranks_hold_the_same_weights(ranks: int, tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
        *("--nproc-per-node", str(ranks), "--no-python"),
        *(sys.executable, str(SCRIPT), str(ranks), str(tmp_path)),
    ]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=200)
    told = [json.loads((tmp_path / str(rank)).read_text()) for rank in range(ranks)]
    assert len({weights for weights, _, _ in told}) == 1
    assert len({figures for _, figures, _ in told}) == ranks
    # Two updates of G a step, one of D with three backward passes: each is averaged once.
    for _, _, averaged in told:
        assert averaged == [[2 * step, step] for step in range(1, 7)]
