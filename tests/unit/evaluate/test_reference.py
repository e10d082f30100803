"""A wrong figure ends the evaluation."""

import numpy as np
import pytest

from dcgan_inpainting.common.errors import FaultError
from dcgan_inpainting.evaluate.comparison import measure
from dcgan_inpainting.evaluate.reference import hold_to_reference
from dcgan_inpainting.evaluate.trials import Trial


def a_trial() -> Trial:
    rng = np.random.default_rng(0)
    original = rng.integers(0, 256, (3, 32, 32, 3), np.uint8)
    known = np.ones((3, 32, 32), bool)
    known[:, 8:24, 8:24] = False
    noisy = np.where(known[..., None], original, rng.integers(0, 256, original.shape, np.uint8))
    return Trial(original, known, {"noise": noisy, "perfect": original})


def test_what_is_right_passes() -> None:
    assert len(measure(a_trial())) == 6


@pytest.mark.parametrize("metric", ["psnr", "ssim"])
def test_what_is_wrong_is_named(metric: str) -> None:
    trial = a_trial()
    table = measure(trial)
    table.loc[(table["method"] == "noise") & (table["row"] == 0), metric] += 1e-4
    with pytest.raises(FaultError, match=f"{metric} of noise came out as .* scikit-image says"):
        hold_to_reference(trial, table)
