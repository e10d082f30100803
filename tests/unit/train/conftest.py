"""What all tests of training start from."""

import pytest

from dcgan_inpainting.train import loop, reconstruction, updates


@pytest.fixture(autouse=True)
def quick_validation(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (loop, updates):
        monkeypatch.setattr(module, "RECALIBRATION_BATCHES", 2)
    monkeypatch.setattr(reconstruction, "STARTS", 4)
    monkeypatch.setattr(reconstruction, "STEPS", 3)
