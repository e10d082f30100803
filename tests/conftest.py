"""What every test starts from."""

import os

import pytest
import torch

# The tests' arrays are small: more threads would only wait for each other.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave nothing of a surrounding `dvc repro` or MLflow session to be found by a test."""
    for name in list(os.environ):
        if name.startswith(("DVC_", "MLFLOW_")):
            monkeypatch.delenv(name)
