"""params.yaml, read as DVC reads it and checked before any work begins."""

import difflib
import os
import reprlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
)
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from dcgan_inpainting.common.errors import UserError

PARAMS_FILE = Path("params.yaml")
LONGEST = 1_000_000  # bytes; params.yaml has 7,000, and to parse so many takes seconds
COMPLAINTS = 10  # named in one line

# What the parser lets through beside its own errors, for example of the tag !!int before a word.
_PARSER_ERRORS = (
    YAMLError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
)

# Aliases make a list of billions of items out of a few lines.
_SHORT = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxlist, _SHORT.maxstring, _SHORT.maxother = 2, 9, 60, 60
_SHOWN = 120  # characters of a value or key

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

    @field_validator("*", mode="before")
    @classmethod
    def _no_text_that_cannot_name_a_file(cls, value: Any) -> Any:
        if isinstance(value, str):
            os.fsencode(value)  # raises ValueError, as for half of a surrogate pair
            if "\0" in value:
                raise ValueError("a NUL is not allowed here")
        return value


def one_complaint(message: str) -> WrapValidator:
    """Return what makes a type of several branches refuse a value once, not once a branch."""

    def check(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
        try:
            return validate(value)
        except ValidationError:
            raise ValueError(message) from None

    return WrapValidator(check)


def each_once(names: list[str]) -> list[str]:
    """Return a list in which nothing stands twice, as it is; for pydantic's validators."""
    if len(set(names)) < len(names):
        raise ValueError("each may stand in the list once only")
    return names


def one_of(names: Collection[str]) -> AfterValidator:
    """Return what makes a text one of the names of a registry."""

    def check(value: str) -> str:
        if value not in names:
            raise ValueError(f"should be one of {', '.join(names)}")
        return value

    return AfterValidator(check)


def load_yaml(text: str) -> Any:
    """Parse YAML text into Python values, just as DVC does: YAML 1.2, no key twice.

    Raises:
        UserError: the text is not YAML.
    """
    try:
        return YAML(typ="safe").load(text)
    except RecursionError:
        raise UserError("not valid YAML: it is nested too deeply") from None
    except _PARSER_ERRORS as error:
        raise UserError(f"not valid YAML: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    if isinstance(error, MarkedYAMLError) and error.problem and error.problem_mark:
        # Of a key that stands twice both values follow, which may be whole sections.
        problem = shown(error.problem.partition(" with value")[0]).strip("'")
        return f"line {error.problem_mark.line + 1}: {problem}"
    return " ".join(str(error).split())


def load_params(path: Path = PARAMS_FILE) -> dict[str, Any]:
    """Return the whole of params.yaml as {section: {key: value}}, not yet validated.

    Raises:
        UserError: the file is missing or too long, is not YAML, or does not hold sections.
    """
    try:
        return parse_params(path.read_bytes(), str(path))
    except FileNotFoundError:
        raise UserError(f"{path} not found: run this from the project's top folder") from None


def parse_params(data: bytes, where: str) -> dict[str, Any]:
    """Return what load_params does, of a file's bytes; `where` is said of what is wrong."""
    if len(data) > LONGEST:
        raise UserError(f"{where} is too long: it should have a few thousand bytes")
    try:
        document = load_yaml(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise UserError(f"{where} is not valid YAML: it is not UTF-8: {error}") from None
    except UserError as error:
        raise UserError(f"{where} is {error}") from None
    if not isinstance(document, dict):
        raise UserError(
            f"{where} must hold sections (download, crop, train …), not {shown(document)}"
        )
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
    return _validated(load_params(path), name, model, path)


def check_all(models: Mapping[str, type[Section]], path: Path = PARAMS_FILE) -> dict[str, Any]:
    """Validate every section of params.yaml, and that it holds no other; return them by name.

    Raises:
        UserError: as read_section does, with the complaints of all sections together.
    """
    document = load_params(path)
    complaints = [
        f"section '{_name(name)}' is not known (known: {', '.join(models)})"
        for name in document
        if name not in models
    ]
    sections = {}
    for name, model in models.items():
        try:
            sections[name] = _validated(document, name, model, path)
        except UserError as error:
            complaints.append(str(error).removeprefix(f"{path}: "))
    if complaints:
        raise UserError(f"{path}: {joined(complaints)}")
    return sections


def _validated(document: Mapping[str, Any], name: str, model: type[S], path: Path) -> S:
    values = document.get(name)
    if not isinstance(values, dict):
        known = ", ".join(map(_name, list(document)[:COMPLAINTS]))
        raise UserError(f"{path}: section '{name}' is missing (the file holds: {known})")
    return validate(name, values, model, path)


def validate(name: str, values: dict[str, Any], model: type[S], path: Path) -> S:
    """Return `values` as a `model`; raises UserError as read_section does."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        complaints = [_complaint(name, dict(item), model) for item in error.errors()[:COMPLAINTS]]
        more = [""] * (error.error_count() - len(complaints))
        raise UserError(f"{path}: {joined(complaints + more)}") from None


def joined(complaints: Sequence[str]) -> str:
    """Return complaints on one line, the first few of many."""
    more = len(complaints) - COMPLAINTS
    return "; ".join([*complaints[:COMPLAINTS], *([f"and {more} more"] if more > 0 else [])])


def _complaint(section: str, error: dict[str, Any], model: type[Section]) -> str:
    key = ".".join(_name(part) for part in (section, *error["loc"]))
    if error["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(error["loc"][-1]), model.model_fields, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(model.model_fields)}"
        return f"{key} is not a parameter; {hint}"
    if error["type"] == "missing":
        return f"{key} is missing"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{key} is {shown(error['input'])}: {message}" if error["loc"] else f"{key}: {message}"


def shown(value: object) -> str:
    """Return a value as Python writes it, on one line, and what is long or deep cut short."""
    try:
        text = _SHORT.repr(value)
    except ValueError:  # Python writes no number of more than 4,300 digits
        return "a number of thousands of digits"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _name(key: object) -> str:
    return shown(key).strip("'")
