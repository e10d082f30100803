"""params.yaml, read as DVC reads it and checked before any work begins."""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from dcgan_inpainting.errors import UserError

PARAMS_FILE = Path("params.yaml")

S = TypeVar("S", bound="Section")


class Section(BaseModel):
    """One section of params.yaml: unknown keys, wrong types and values out of range are refused."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False
    )

    @field_validator("*", mode="before")
    @classmethod
    def _no_flag_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        # pydantic takes true for 1; in params.yaml it is a slip of the pen.
        annotation = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, bool) and bool not in (annotation, *get_args(annotation)):
            raise ValueError("true and false are not allowed here")
        return value


class _Yaml12Loader(yaml.SafeLoader):
    """PyYAML with the scalars of YAML 1.2, which is what DVC reads and writes.

    PyYAML's own YAML 1.1 returns 1e-05 (as DVC writes a sweep's 0.00001) as a string, 010 as 8,
    and a key or value `on` as True.
    """


_Yaml12Loader.yaml_implicit_resolvers = {}


def _int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    digits = str(loader.construct_scalar(node)).replace("_", "")
    base = {"0x": 16, "0o": 8, "0b": 2}.get(digits.lstrip("+-")[:2].lower(), 10)
    return int(digits, base)


for _tag, _pattern, _first in (
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)", "tTfF"),
    ("null", r"(?:~|null|Null|NULL|)", ["~", "n", "N", ""]),
    ("int", r"[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)", "-+0123456789"),
    (
        "float",
        (
            r"[-+]?(?:(?:\.[0-9]+|[0-9][0-9_]*\.[0-9_]*)(?:[eE][-+]?[0-9]+)?"
            r"|[0-9][0-9_]*[eE][-+]?[0-9]+|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)"
        ),
        "-+0123456789.",
    ),
):
    _Yaml12Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first)
    )
_Yaml12Loader.add_constructor("tag:yaml.org,2002:int", _int)


def section_of(stage: str) -> str:
    """Return the section of params.yaml that holds a stage's parameters: its name, or `data`."""
    return "data" if stage == "download" else stage


def load_yaml(text: str) -> Any:
    """Parse YAML text into Python values, with the meaning that DVC gives to each scalar.

    Raises:
        yaml.YAMLError: the text is not YAML.
    """
    # _Yaml12Loader is a SafeLoader: it builds plain values only.
    return yaml.load(text, Loader=_Yaml12Loader)


def load_params(path: Path = PARAMS_FILE) -> dict[str, Any]:
    """Return the whole of params.yaml as {section: {key: value}}, not yet validated.

    Raises:
        UserError: the file is missing, is not YAML, or does not hold sections.
    """
    try:
        document = load_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} not found: run this from the project's top folder") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict):
        raise UserError(f"{path} must hold sections (data, crop, train …), not {document!r}")
    return document


def read_section(name: str, model: type[S], path: Path = PARAMS_FILE) -> S:
    """Return one section of params.yaml as a validated model.

    Args:
        name: the section, for example "train".
        model: the pydantic model that says what the section may hold.
        path: the file, by default params.yaml in the working directory.

    Raises:
        UserError: the section is missing or holds anything that the model refuses; the message
            names each key, the value that it has and what is allowed.
    """
    document = load_params(path)
    values = document.get(name)
    if not isinstance(values, dict):
        known = ", ".join(str(key) for key in document)
        raise UserError(f"{path}: section '{name}' is missing (the file holds: {known})")
    return validate(name, values, model, path)


def check_all(models: Mapping[str, type[Section]], path: Path = PARAMS_FILE) -> None:
    """Validate every section of params.yaml, and that it holds no other.

    Raises:
        UserError: as read_section does, with the complaints of all sections together.
    """
    complaints = [
        f"section '{name}' is not known (known: {', '.join(models)})"
        for name in load_params(path)
        if name not in models
    ]
    for name, model in models.items():
        try:
            read_section(name, model, path)
        except UserError as error:
            complaints.append(str(error).removeprefix(f"{path}: "))
    if complaints:
        raise UserError(f"{path}: {'; '.join(complaints)}")


def validate(name: str, values: dict[str, Any], model: type[S], path: Path) -> S:
    """Return `values` as a `model`; raises UserError as read_section does."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        complaints = "; ".join(_complaint(name, dict(item), model) for item in error.errors())
        raise UserError(f"{path}: {complaints}") from None


def _complaint(section: str, error: dict[str, Any], model: type[Section]) -> str:
    key = ".".join(str(part) for part in (section, *error["loc"]))
    if error["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(error["loc"][-1]), model.model_fields, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(model.model_fields)}"
        return f"{key} is not a parameter; {hint}"
    if error["type"] == "missing":
        return f"{key} is missing"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{key} is {error['input']!r}: {message}" if error["loc"] else f"{key}: {message}"
