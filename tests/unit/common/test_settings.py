"""params.yaml: read as DVC reads it, and refused in words that name the key and the value."""

import math
from pathlib import Path
from typing import Annotated, Literal

import pytest
from dvc.exceptions import DvcException
from dvc.utils.hydra import apply_overrides
from dvc.utils.serialize import YAMLFileCorruptedError
from dvc.utils.serialize import load_yaml as dvc_load_yaml
from pydantic import Field, model_validator

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.settings import (
    COMPLAINTS,
    Section,
    check_all,
    load_params,
    load_yaml,
    one_complaint,
    read_section,
    shown,
)

# What users write after `dvc exp run -S train.value=`, and what it must be in a stage.
OVERRIDES = {
    "1e-5": 1e-5,
    "0.00001": 1e-5,
    "1e-05": 1e-5,
    "1E5": 1e5,
    "1e+5": 1e5,
    "1e10": 1e10,
    "5e-4": 5e-4,
    "0.1e-3": 1e-4,
    "1.": 1.0,
    "-0.5": -0.5,
    "inf": math.inf,
    "-inf": -math.inf,
    "3": 3,
    "-3": -3,
    "+7": 7,
    "1_000": 1000,
    "010": "010",
    "-010": "-010",
    "0x10": "0x10",
    "0o17": "0o17",
    "on": "on",
    "off": "off",
    "yes": "yes",
    "no": "no",
    "y": "y",
    "true": True,
    "True": True,
    "false": False,
    "null": None,
    "'null'": "null",
    "'true'": "true",
    "'1e-5'": "1e-5",
    '"010"': "010",
    "''": "",
    "12:30:45": "12:30:45",
    "2020-01-01": "2020-01-01",
    "a b": "a b",
    "'a: b'": "a: b",
    "'# x'": "# x",
    "'data/celeb ä.zip'": "data/celeb ä.zip",
    "[1,2]": [1, 2],
    "[]": [],
    "[center,half]": ["center", "half"],
    "[1e-5,010,on,null]": [1e-5, "010", "on", None],
}

# What users write into params.yaml themselves.
WRITTEN = [
    *("1e-5", "1e-05", "5e-4", "1E5", "1e10", "1.5e+3", ".5", "1.", "-.5", "+.5", ".inf", "-.Inf"),
    *("0", "7", "-7", "+7", "010", "-010", "0o17", "0x1F", "0b11", "1_000"),
    *("on", "off", "yes", "no", "y", "n", "On", "NO", "true", "True", "FALSE", "'true'", "tRue"),
    *("null", "~", "", "Null", "nULL", "'~'", "'1e-5'", '"010"'),
    *("12:30:45", "2020-01-01", "1.2.3", "a b", "e5", "1e"),
    *("[1e-5, on, 010]", "{on: off, 010: 1e-5}"),
]


def write(folder: Path, text: str) -> Path:
    path = folder / "params.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def same(left: object, right: object) -> bool:
    return repr(left) == repr(right)  # tells 1 from 1.0 and from True


@pytest.mark.parametrize("override", OVERRIDES)
def test_what_dvc_writes_arrives_as_dvc_means_it(tmp_path: Path, override: str) -> None:
    path = write(tmp_path, "train:\n  value: 0 # a comment\n  other: 1e-5\n")
    apply_overrides(path, [f"train.value={override}"])
    arrived = load_params(path)["train"]
    assert same(arrived["value"], OVERRIDES[override])
    assert same(arrived["value"], dvc_load_yaml(path)["train"]["value"])
    assert same(arrived["other"], 1e-5)


@pytest.mark.parametrize("text", WRITTEN)
def test_what_users_write_is_read_as_dvc_reads_it(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, f"train:\n  value: {text}\n")
    assert same(load_params(path), dvc_load_yaml(path))


def test_keys_are_read_as_dvc_reads_them(tmp_path: Path) -> None:
    path = write(tmp_path, "on:\n  off: 1\n  no: 2\n")
    assert load_params(path) == dvc_load_yaml(path) == {"on": {"off": 1, "no": 2}}


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("train:\n  width: 1\n  rate: 2\n  width: 1\n", 4, "width"),
        ("train:\n  width: 1\ncrop:\n  size: 2\ntrain:\n  width: 1\n", 5, "train"),
        ("train: {width: 1, width: 2}\n", 1, "width"),
    ],
)
def test_a_key_or_section_given_twice_is_refused_as_dvc_does(
    tmp_path: Path, text: str, line: int, key: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(YAMLFileCorruptedError):
        dvc_load_yaml(path)
    with pytest.raises(UserError) as no:
        load_params(path)
    assert str(no.value) == f'{path} is not valid YAML: line {line}: found duplicate key "{key}"'


def test_not_a_number_is_read_as_such() -> None:
    assert math.isnan(load_yaml(".nan"))


def test_the_override_of_an_unknown_key_is_refused_by_dvc(tmp_path: Path) -> None:
    path = write(tmp_path, "train:\n  width: 1\n")
    with pytest.raises(DvcException):
        apply_overrides(path, ["train.widht=2"])


# Validation


class Train(Section):
    width: int = Field(ge=4, le=256)
    learning_rate: float = Field(gt=0, le=0.1)
    loss: Literal["cross_entropy", "hinge"] = "cross_entropy"
    flip: bool = True
    epochs: int | None = Field(None, ge=1)
    kinds: list[str] = Field(default=["center"])
    devices: Annotated[
        Annotated[int, Field(ge=1)] | Literal["all"], one_complaint("should be 1 or more, or all")
    ] = 1

    @model_validator(mode="after")
    def _consistent(self) -> "Train":
        if self.width == 5 and self.epochs == 5:
            raise ValueError("width and epochs cannot both be 5")
        return self


GOOD = {"width": "24", "learning_rate": "1e-3"}


def section(folder: Path, **values: str) -> Path:
    lines = [f"  {key}: {value}" for key, value in {**GOOD, **values}.items()]
    return write(folder, "\n".join(["crop:", "  size: 1", "train:", *lines, ""]))


def complaint(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_section("train", Train, path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"width": "'010'"}, {"width": 10}),
        ({"width": "010"}, {"width": 10}),
        ({"width": "1e2"}, {"width": 100}),
        ({"learning_rate": "1e-05"}, {"learning_rate": 1e-5}),
        ({"learning_rate": "'1e-05'"}, {"learning_rate": 1e-5}),
        ({"flip": "off"}, {"flip": False}),
        ({"flip": "true"}, {"flip": True}),
        ({"epochs": ""}, {"epochs": None}),
        ({"kinds": "[on, '010']"}, {"kinds": ["on", "010"]}),
    ],
)
def test_good_values_are_taken(
    tmp_path: Path, values: dict[str, str], expected: dict[str, object]
) -> None:
    held = read_section("train", Train, section(tmp_path, **values)).model_dump()
    assert {key: held[key] for key in expected} == expected
    assert all(same(held[key], value) for key, value in expected.items())


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ({"widht": "24"}, ["train.widht is not a parameter", "did you mean 'width'?"]),
        ({"zzz": "1"}, ["train.zzz is not a parameter", "width, learning_rate, loss"]),
        ({"width": "wide"}, ["train.width is 'wide'", "valid integer"]),
        ({"width": "2.5"}, ["train.width is 2.5", "valid integer"]),
        ({"width": "3"}, ["train.width is 3", "greater than or equal to 4"]),
        ({"width": "257"}, ["train.width is 257", "less than or equal to 256"]),
        ({"width": "null"}, ["train.width is None", "valid integer"]),
        ({"width": "[24]"}, ["train.width is [24]", "valid integer"]),
        ({"width": "true"}, ["train.width is True", "true and false are not allowed here"]),
        ({"epochs": "true"}, ["train.epochs is True", "true and false are not allowed here"]),
        ({"learning_rate": "0"}, ["train.learning_rate is 0", "greater than 0"]),
        ({"learning_rate": ".nan"}, ["train.learning_rate is nan", "finite number"]),
        ({"learning_rate": "'0,1'"}, ["train.learning_rate is '0,1'", "valid number"]),
        ({"loss": "l2"}, ["train.loss is 'l2'", "'cross_entropy' or 'hinge'"]),
        ({"flip": "maybe"}, ["train.flip is 'maybe'", "valid boolean"]),
        ({"kinds": "center"}, ["train.kinds is 'center'", "valid list"]),
        ({"kinds": "[center, 5]"}, ["train.kinds.1 is 5", "valid string"]),
        ({"width": '"1\\u0000"'}, ["train.width is '1\\x00'", "a NUL is not allowed here"]),
        ({"devices": "true"}, ["train.devices is True", "true and false are not allowed here"]),
        ({"width": "5", "epochs": "5"}, ["train: width and epochs cannot both be 5"]),
        ({"width": "3", "loss": "l2"}, ["train.width is 3", "train.loss is 'l2'"]),
    ],
)
def test_bad_values_are_refused_by_key_value_and_what_is_allowed(
    tmp_path: Path, values: dict[str, str], parts: list[str]
) -> None:
    message = complaint(section(tmp_path, **values))
    for part in parts:
        assert part in message


@pytest.mark.parametrize("value", ["0", "some", "1.5", "null", "[1]"])
def test_a_type_of_several_branches_complains_once(tmp_path: Path, value: str) -> None:
    path = section(tmp_path, devices=value)
    written = shown(load_params(path)["train"]["devices"])
    assert complaint(path) == f"train.devices is {written}: should be 1 or more, or all"


def test_of_many_complaints_the_first_are_told(tmp_path: Path) -> None:
    unknown = {f"x{number}": "1" for number in range(COMPLAINTS + 5)}
    message = complaint(section(tmp_path, **unknown))
    assert message.count("is not a parameter") == COMPLAINTS
    assert message.endswith("; and 5 more")


def test_the_sections_are_given_back_by_name(tmp_path: Path) -> None:
    path = write(tmp_path, "train: {width: 24, learning_rate: 1e-3}\n")
    assert check_all({"train": Train}, path) == {"train": read_section("train", Train, path)}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-5, "1e-05"),
        ("a\nb", r"'a\nb'"),
        (None, "None"),
        (["center", "half"], "['center', 'half']"),
        ([[[[1]]]], "[[[...]]]"),
    ],
)
def test_a_value_is_shown_on_one_line(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_number_that_python_does_not_write_is_shown_by_its_length() -> None:
    assert shown(10**5000) == "a number of thousands of digits"


def test_a_long_value_is_cut_short() -> None:
    nested: list[object] = ["x"] * 9
    for _ in range(12):
        nested = [nested] * 9  # as names in YAML make it
    for value in ("x" * 10_000, ["x" * 100] * 100, {"x" * 100: 1}, nested):
        assert len(shown(value)) <= 121


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    message = complaint(write(tmp_path, "train:\n  width: 24\n"))
    assert message == "train.learning_rate is missing"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("crop:\n  size: 1\n", "section 'train' is missing (the file holds: crop)"),
        ("train:\n", "section 'train' is missing"),
        ("train: 5\n", "section 'train' is missing"),
        ("", "must hold sections"),
        ("- 1\n", "must hold sections"),
        ("train: {width: 1\n", "is not valid YAML"),
    ],
)
def test_a_file_without_the_section_is_refused(tmp_path: Path, text: str, part: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UserError) as caught:
        read_section("train", Train, path)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"params\.yaml not found: run this from"):
        read_section("train", Train, tmp_path / "params.yaml")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes("train:\n  source: für\n".encode("latin-1"))
    with pytest.raises(UserError, match="is not valid YAML"):
        load_params(path)


def test_parameters_cannot_be_changed(tmp_path: Path) -> None:
    held = read_section("train", Train, section(tmp_path))
    with pytest.raises(ValueError, match="frozen"):
        held.width = 5  # type: ignore[misc]
