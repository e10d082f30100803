"""The check of what the model in MLflow is given."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.tracking.model_input import IMAGES_A_REQUEST, read_input
from tests.tiny_model import SIDE, images_and_masks

SHAPE = f"{SIDE}×{SIDE}"


def tensors_of(count: int = 2) -> dict[str, Any]:
    images, masks = images_and_masks(count)
    return {"image": images, "mask": masks}


def as_lists(tensors: dict[str, Any]) -> dict[str, Any]:
    """Return tensors as they come over HTTP."""
    return json.loads(json.dumps({name: value.tolist() for name, value in tensors.items()}))


def with_first(value: object, name: str = "image") -> dict[str, Any]:
    """Return a request as lists, its first number replaced."""
    tensors = as_lists(tensors_of())
    row = tensors[name][0][0]
    if name == "image":
        row = row[0]
    row[0] = value
    return tensors


def as_table(tensors: dict[str, Any], dtype: type | None = None) -> pd.DataFrame:
    """Return tensors as rows of bytes, or of flat arrays of a type, as they come from Spark."""

    def cell(part: np.ndarray) -> object:
        return part.tobytes() if dtype is None else part.ravel().astype(dtype)

    return pd.DataFrame({name: [cell(part) for part in value] for name, value in tensors.items()})


# ── What is right ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("how", [dict, as_lists])
def test_a_request_becomes_images_and_what_is_known(how: Any) -> None:
    tensors = tensors_of(3)
    tensors["mask"][0, 5, 6] = 1  # anything but 0 is missing
    images, known = read_input(how(tensors), SIDE)
    assert images.dtype == np.uint8
    assert known.dtype == np.bool_
    np.testing.assert_array_equal(images, tensors["image"])
    np.testing.assert_array_equal(known, tensors["mask"] == 0)
    assert not known[0, 5, 6]


def test_as_many_images_as_a_request_may_hold() -> None:
    images, _ = read_input(as_lists(tensors_of(IMAGES_A_REQUEST)), SIDE)
    assert len(images) == IMAGES_A_REQUEST


def test_arrays_may_hold_more_images_than_a_request() -> None:
    images, _ = read_input(tensors_of(IMAGES_A_REQUEST + 1), SIDE)
    assert len(images) == IMAGES_A_REQUEST + 1


@pytest.mark.parametrize("dtype", [None, np.uint8, np.int16, np.int32, np.int64])
def test_a_table_has_a_flat_cell_for_each_image_and_mask(dtype: type | None) -> None:
    tensors = tensors_of(3)
    images, known = read_input(as_table(tensors, dtype), SIDE)
    assert images.dtype == np.uint8
    assert known.dtype == np.bool_
    np.testing.assert_array_equal(images, tensors["image"])
    np.testing.assert_array_equal(known, tensors["mask"] == 0)


def test_a_table_may_hold_more_images_than_a_request() -> None:
    images, _ = read_input(as_table(tensors_of(IMAGES_A_REQUEST + 1)), SIDE)
    assert len(images) == IMAGES_A_REQUEST + 1


# ── What is wrong ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0.5, "image holds floating-point numbers; it must hold whole numbers of 0…255 (uint8)"),
        (12.0, "image holds floating-point numbers"),
        (float("nan"), "image holds floating-point numbers"),
        (300, "image holds 300; it must hold whole numbers of 0…255 (uint8)"),
        (-1, "image holds -1"),
        (2**40, "image holds 1099511627776"),
        (2**70, "image holds mixed values"),
        ("7", "image holds text"),
        (None, "image holds mixed values"),
        ([7], f"image has lists of unequal length; it must be N×{SHAPE}×3"),
    ],
)
def test_one_wrong_level_among_lists_is_refused(value: object, message: str) -> None:
    with pytest.raises(UserError) as caught:
        read_input(with_first(value), SIDE)
    assert str(caught.value).startswith(message)


def test_a_mask_of_true_and_false_is_refused() -> None:
    tensors = as_lists(tensors_of())
    tensors["mask"] = (np.array(tensors["mask"]) > 0).tolist()
    with pytest.raises(UserError, match="mask holds true and false"):
        read_input(tensors, SIDE)


@pytest.mark.parametrize(
    ("dtype", "holds"),
    [(np.float32, "floating-point numbers"), (np.int64, "int64"), (bool, "true and false")],
)
@pytest.mark.parametrize("name", ["image", "mask"])
def test_arrays_must_be_uint8(name: str, dtype: type, holds: str) -> None:
    tensors = tensors_of()
    tensors[name] = tensors[name].astype(dtype)
    with pytest.raises(UserError, match=f"{name} holds {holds}; it must hold whole numbers"):
        read_input(tensors, SIDE)


@pytest.mark.parametrize(
    ("shape", "actual"),
    [
        ((SIDE, SIDE, 3), f"{SHAPE}×3"),
        ((2, 3, SIDE, SIDE), f"2×3×{SHAPE}"),
        ((2, SIDE, SIDE), f"2×{SHAPE}"),
        ((2, SIDE, SIDE, 4), f"2×{SHAPE}×4"),
        ((2, SIDE // 2, SIDE, 3), f"2×16×{SIDE}×3"),
        ((0, SIDE, SIDE, 3), f"0×{SHAPE}×3"),
        ((0,), "0"),
        ((), "no list"),
    ],
)
@pytest.mark.parametrize("lists", [False, True])
def test_wrong_shapes_are_refused(shape: tuple[int, ...], actual: str, lists: bool) -> None:
    image = np.zeros(shape, np.uint8)
    if lists and shape and shape[0] == 0:
        actual = "0"  # a list without items has no other shape
    tensors = tensors_of() | {"image": image.tolist() if lists else image}
    with pytest.raises(UserError) as caught:
        read_input(tensors, SIDE)
    assert str(caught.value) == f"image is {actual}; it must be N×{SHAPE}×3, N at least 1"


@pytest.mark.parametrize("value", ["abc", {"a": 1}, None, 3])
def test_no_tensor_at_all_is_refused(value: object) -> None:
    with pytest.raises(UserError, match=f"image is no list; it must be N×{SHAPE}×3"):
        read_input(tensors_of() | {"image": value}, SIDE)


def test_missing_and_unknown_names_are_refused() -> None:
    with pytest.raises(UserError, match=r"^'mask' is missing$"):
        read_input({"image": tensors_of()["image"]}, SIDE)
    with pytest.raises(UserError, match=r"^'known' is not an input; known: image, mask$"):
        read_input(tensors_of() | {"known": 1}, SIDE)


@pytest.mark.parametrize("value", [[1, 2], None, "abc", np.zeros(3)])
def test_anything_but_names_and_tensors_is_refused(value: object) -> None:
    with pytest.raises(UserError, match="the input must be"):
        read_input(value, SIDE)


def test_each_image_needs_its_mask() -> None:
    tensors = tensors_of(3)
    with pytest.raises(UserError, match=r"^2 masks for 3 images; each needs one$"):
        read_input(tensors | {"mask": tensors["mask"][:2]}, SIDE)


def test_a_mask_needs_a_hole_and_something_known() -> None:
    tensors = tensors_of(3)
    tensors["mask"][1] = 0
    with pytest.raises(UserError, match=r"^mask 1 has no hole: it is 0 everywhere$"):
        read_input(tensors, SIDE)
    tensors["mask"][1] = 255
    with pytest.raises(UserError, match=r"^mask 1 leaves no pixel known: it is 0 nowhere$"):
        read_input(tensors, SIDE)


def test_too_many_images_are_refused_before_they_are_looked_at() -> None:
    count = IMAGES_A_REQUEST + 1
    with pytest.raises(UserError, match=f"^image holds {count}; a request takes"):
        read_input({"image": [None] * count, "mask": [None] * count}, SIDE)


NEEDED = f"{SIDE * SIDE * 3} numbers ({SHAPE}×3, flat), as bytes or as an array of integers"


@pytest.mark.parametrize(
    ("cell", "actual"),
    [
        (bytes(5), "5"),
        (np.zeros(5, np.int32), "5"),
        (np.zeros((SIDE, SIDE, 3), np.uint8), f"{SHAPE}×3"),
        (None, "None"),
        ([0] * 20_000, "[" + "0, " * 13),
        ("abc", "'abc'"),
    ],
)
def test_a_cell_of_another_shape_or_type_is_refused(cell: object, actual: str) -> None:
    table = as_table(tensors_of(3))
    table.at[1, "image"] = cell
    with pytest.raises(UserError) as caught:
        read_input(table, SIDE)
    assert str(caught.value) == f"image of row 1 is {actual}; it must be {NEEDED}"


@pytest.mark.parametrize(
    ("level", "dtype", "holds"),
    [
        (300, np.int32, "300"),
        (-1, np.int16, "-1"),
        (0.5, np.float64, "floating-point numbers"),
        (True, np.bool_, "true and false"),
    ],
)
def test_a_wrong_level_in_a_table_is_refused(level: float, dtype: type, holds: str) -> None:
    table = as_table(tensors_of(), dtype)
    table["mask"][1][7] = level
    with pytest.raises(UserError, match=f"mask holds {holds}; it must hold whole numbers"):
        read_input(table.assign(image=as_table(tensors_of())["image"]), SIDE)


def test_a_table_needs_both_columns_and_no_other_and_a_row() -> None:
    table = as_table(tensors_of())
    with pytest.raises(UserError, match=r"^'mask' is missing$"):
        read_input(table[["image"]], SIDE)
    with pytest.raises(UserError, match=r"^'index' is not an input; known: image, mask$"):
        read_input(table.assign(index=1), SIDE)
    with pytest.raises(UserError, match=r"^image has no rows; it must have at least one$"):
        read_input(table[:0], SIDE)
