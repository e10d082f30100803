"""What the tests of the encoder start from."""

import pytest

from dcgan_inpainting.encoder import holes


@pytest.fixture(autouse=True)
def few_holes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the stock of holes small: drawing it would take longer than a tiny training."""
    monkeypatch.setattr(holes, "OF_EACH_KIND", 8)
