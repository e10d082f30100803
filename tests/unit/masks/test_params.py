"""Section `masks` of params.yaml: what it may hold."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from dcgan_inpainting.masks.kinds import make_masks
from dcgan_inpainting.masks.params import OWN, DrawnKinds, MasksParams

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
        ("kinds", ["center_19", "center_19"]),
        ("kinds", ["file_3"]),
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


def test_kinds_with_a_number_may_stand_beside_those_without() -> None:
    drawn = ["center", "center_19", "center_20", "random_70", "random"]
    assert MasksParams.model_validate({**PARAMS, "kinds": [*drawn, OWN]}).kinds == [*drawn, OWN]
    learned = TypeAdapter(DrawnKinds)
    assert learned.validate_python(drawn) == drawn
    with pytest.raises(ValidationError, match=OWN):
        learned.validate_python([*drawn, OWN])


def test_validation_images_have_other_masks_than_test_images_with_the_same_seed() -> None:
    for_test, for_tuning = (
        MasksParams.model_validate({**PARAMS, "seed": 5, "split": split})
        for split in ("test", "val")
    )
    assert for_test.stream == 5
    masks = [make_masks("random", 3, 16, params.stream) for params in (for_test, for_tuning)]
    assert (masks[0] != masks[1]).any(axis=(1, 2)).all()
