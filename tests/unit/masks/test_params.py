"""Section `masks` of params.yaml: what it may hold."""

from typing import Any

import pytest
from pydantic import ValidationError

from dcgan_inpainting.masks.params import MasksParams

PARAMS: dict[str, Any] = {
    "kinds": ["center", "file"],
    "split": "val",
    "images": None,
    "folder": "holes",
    "seed": 0,
}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kinds", []),
        ("kinds", ["center", "center"]),
        ("kinds", ["centre"]),
        ("split", "train"),
        ("images", 0),
        ("seed", -1),
        ("seed", 2**32),
    ],
)
def test_params_out_of_range_are_refused(key: str, value: object) -> None:
    MasksParams.model_validate(PARAMS)
    with pytest.raises(ValidationError, match=key):
        MasksParams.model_validate({**PARAMS, key: value})
