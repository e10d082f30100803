"""Wrong params.yaml files: each is refused before any work, in one line, and nothing is done."""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dcgan_inpainting.check.consistency import SECTIONS, check_settings
from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.settings import load_params
from tests.faults.commands import ROOT, python

GOOD: dict[str, dict[str, Any]] = load_params(ROOT / "params.yaml")
KEYS = [(section, key) for section, values in GOOD.items() for key in values]
LONGEST_LINE = 2000  # characters

Refusal = Callable[[bytes], str]


@pytest.fixture
def refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Refusal:
    """How a file is checked: the line that refuses it, or "" where it is taken."""
    shutil.copytree(ROOT / "data/holes", tmp_path / "data/holes")
    monkeypatch.chdir(tmp_path)

    def check(content: bytes) -> str:
        Path("params.yaml").write_bytes(content)
        try:
            check_settings()
        except UserError as error:
            line = str(error)
            assert line.startswith("params.yaml")
            assert line.isprintable()
            assert len(line) < LONGEST_LINE
            return line
        return ""

    return check


def lines(changes: dict[tuple[str, str], str | None] | None = None) -> Iterator[str]:
    """Yield the lines of params.yaml, some values as other text; None leaves a key out."""
    changes = changes or {}
    for section, values in GOOD.items():
        yield f"{section}:"
        for key, value in values.items():
            text = changes.get((section, key), json.dumps(value))
            if text is not None:
                yield f"  {key}: {text}"


def with_value(section: str, key: str, text: str | None) -> bytes:
    return "\n".join(lines({(section, key): text})).encode()


def field(section: str, key: str) -> Any:
    return SECTIONS[section].model_fields[key]


def takes(section: str, key: str, value: object) -> bool:
    """Whether a key may have a value that is wrong nearly everywhere else."""
    return isinstance(GOOD[section][key], type(value)) or (
        value is None and type(None) in getattr(field(section, key).annotation, "__args__", ())
    )


def free_text(section: str, key: str) -> bool:
    return (section, key) in {("download", "archive"), ("masks", "folder")}


VALUES: dict[str, tuple[str, Callable[[str, str], bool]]] = {
    "a mapping": ("{a: 1}", lambda *_: False),
    "a list of lists": ("[[1]]", lambda *_: False),
    "not a number": (".nan", lambda *_: False),
    "infinity": (".inf", lambda *_: False),
    "minus infinity": ("-.inf", lambda *_: False),
    "far too large": ("1e300", lambda *_: False),
    "far too small": ("-1e300", lambda *_: False),
    "a date": ("2020-01-01", lambda *_: False),
    "true": ("true", lambda *key: takes(*key, True)),
    "nothing": ("null", lambda *key: takes(*key, None)),
    "nonsense": ("nonsense", free_text),
    "nonsense with a line break": ('"non\\nsense"', free_text),
    "a NUL": (r'"a\0b"', lambda *_: False),
    "half a character": (r'"\ud800"', lambda *_: False),
    "5,000 digits": ("9" * 5000, lambda *_: False),
    "5,000 hexadecimal digits": ("0x" + "f" * 5000, lambda *_: False),
    "an unknown tag": ("!!python/object:os.system x", lambda *_: False),
    "no integer, tagged as one": ("!!int x", lambda *_: False),
    "a name for nothing": ("*nothing", lambda *_: False),
    "itself": ("&a [*a]", lambda *_: False),
    "a tab": ("\t- x", lambda *_: False),
    "an open bracket": ("[", lambda *_: False),
    "nested 1,000 deep": ("[" * 1000, lambda *_: False),
}


@pytest.mark.parametrize("name", VALUES)
def test_each_key_with_a_wrong_value(
    name: str, refusal: Refusal, long: bool, seen: Callable[[str], None]
) -> None:
    text, right = VALUES[name]
    keys = [key for key in KEYS if not right(*key)]
    if not long or name.startswith("nested"):  # which takes seconds
        keys = random.Random(name).sample(keys, 3)
    lines = [refusal(with_value(*key, text)) for key in keys]
    accepted = [".".join(key) for key, line in zip(keys, lines, strict=True) if not line]
    assert accepted == []
    seen(f"{len(lines)} files, each refused in a line of at most {max(map(len, lines))} characters")


def test_each_key_left_out_misspelt_or_given_twice(
    refusal: Refusal, long: bool, seen: Callable[[str], None]
) -> None:
    keys = KEYS if long else random.Random(0).sample(KEYS, 8)
    for section, key in keys:
        place = f"{section}.{key}"
        left_out = refusal(with_value(section, key, None))
        # A section without any key is missing as a whole.
        named = place if len(GOOD[section]) > 1 else f"section '{section}' is missing"
        assert (named in left_out) == field(section, key).is_required()
        misspelt = with_value(section, key, f"{json.dumps(GOOD[section][key])}\n  {key}x: 1")
        assert f"{place}x is not a parameter; did you mean '{key}'?" in refusal(misspelt)
        value = json.dumps(GOOD[section][key])
        twice = refusal(with_value(section, key, f"{value}\n  {key}: {value}"))
        assert f'found duplicate key "{key}"' in twice
    seen(f"{3 * len(keys)} files")


@pytest.mark.parametrize("section", GOOD)
def test_each_section_left_out_empty_a_list_or_given_twice(section: str, refusal: Refusal) -> None:
    whole = "\n".join(lines())
    without = whole.replace(f"{section}:\n", f"{section}x:\n", 1)
    assert f"section '{section}x' is not known" in refusal(without.encode())
    assert f"section '{section}' is missing" in refusal(without.encode())
    for value in ("", "[1]", "text", "7"):
        others = {name: values for name, values in GOOD.items() if name != section}
        content = f"{json.dumps(others)[:-1]}, {section}: {value}}}"
        assert f"section '{section}' is missing" in refusal(content.encode())
    first = next(iter(GOOD[section]))
    twice = f"{whole}\n{section}:\n  {first}: 1\n".encode()
    assert f'found duplicate key "{section}"' in refusal(twice)


WHOLE = "\n".join(lines())
BOMB = "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9 if level else ['x'] * 9)}]\n"
    for level in range(12)
)
FILES: dict[str, bytes] = {
    "nothing": b"",
    "a comment": b"# nothing\n",
    "one word": b"word",
    "a list": b"- data\n- crop\n",
    "in UTF-16": WHOLE.encode("utf-16"),
    "in Latin-1": f"{WHOLE}\n# für".encode("latin-1"),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "zeros": bytes(4096),
    "a control character": f"{WHOLE}\n\x07: 1\n".encode(),
    "indented by tabs": WHOLE.replace("  ", "\t").encode(),
    "indented no further": WHOLE.replace("  ", "").encode(),
    "two documents": f"{WHOLE}\n---\n{WHOLE}".encode(),
    "YAML of the future": f"%YAML 9.9\n---\n{WHOLE}".encode(),
    "an open quotation mark": f'{WHOLE}\nx: "'.encode(),
    "a name used within itself": b"&a data: *a\n",
    "billions of items by names": f"{BOMB}{WHOLE}".encode(),
    "billions of items in a value": f"{BOMB}{WHOLE}\nx: *a11\n".encode(),
    "billions of items as a value": BOMB.encode() + with_value("train", "width", "*a11"),
    "2 MB of comments": f"{WHOLE}\n{'# long ' * 300_000}".encode(),
    "2,000 unknown sections": "\n".join(f"s{number}: 1" for number in range(2_000)).encode(),
    "a section of 2,000 keys": "\n".join(
        ["train:", *(f"  k{number}: 1" for number in range(2_000))]
    ).encode(),
    "a key of 100,000 letters": f"{WHOLE}\n? {'k' * 100_000}\n: 1".encode(),
    "a key with a line break": f'{WHOLE}\n"a\\nb": 1'.encode(),
    "a key that rings the bell": f'{WHOLE}\n"\\a\\e[31m": 1'.encode(),
    "keys that are no text": f"{WHOLE}\n1: 1\n[1, 2]: 1\nnull: 1\n".encode(),
    "a mapping as key": f"{WHOLE}\n? {{a: b}}\n: 1".encode(),
    "the merge of no mapping": f"{WHOLE}\n<<: 5".encode(),
    "conflict marks of git": f"<<<<<<< HEAD\n{WHOLE}\n=======\n{WHOLE}\n>>>>>>> x\n".encode(),
    "JSON that breaks off": json.dumps(GOOD).encode()[:-5],
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_or_holds(name: str, refusal: Refusal, seen: Callable[[str], None]) -> None:
    line = refusal(FILES[name])
    assert line
    seen(line)


def test_a_file_cut_off_anywhere(refusal: Refusal, long: bool, seen: Callable[[str], None]) -> None:
    whole = (ROOT / "params.yaml").read_bytes()
    last = whole.index(b"\npictures:")
    lengths = range(0, last, 20 if long else 400)
    assert all(refusal(whole[:length]) for length in lengths)
    seen(f"{len(lengths)} lengths")


def test_a_file_with_bytes_changed_at_random_is_refused_or_still_good(
    refusal: Refusal, long: bool, seen: Callable[[str], None]
) -> None:
    rng = random.Random(1)
    whole = WHOLE.encode()
    count, refused = 3000 if long else 60, 0
    for _ in range(count):
        damaged = bytearray(whole)
        for _ in range(rng.randint(1, 8)):
            place = rng.randrange(len(damaged))
            damaged[place : place + rng.randint(0, 3)] = rng.choice(
                [rng.randbytes(2), b"\t", b"*", b"&", b"!", b"{", b"]", b'"', b"\n", b"- ", b": "]
            )
        refused += bool(refusal(bytes(damaged)))
    assert refused > count / 2
    seen(f"{refused} of {count} refused in one line, the others still good")


COMMANDS = {
    "a value out of range": (with_value("train", "width", "3"), "train.width is 3: should be"),
    "a key twice": (with_value("train", "width", "24\n  width: 24"), 'duplicate key "width"'),
    "nested 1,000 deep": (with_value("train", "width", "[" * 1000), "nested too deeply"),
    "5,000 digits": (with_value("train", "width", "9" * 5000), "is not valid YAML"),
    "hexadecimal digits": (
        with_value("train", "width", "0x" + "f" * 5000),
        "train.width is a number of thousands of digits: ",
    ),
    "devices": (
        with_value("train", "devices", "some"),
        "train.devices is 'some': should be a whole number from 1 to 1024, or all",
    ),
    "not UTF-8": (FILES["in Latin-1"], "it is not UTF-8"),
    "a bomb": (FILES["billions of items in a value"], "section 'a0' is not known"),
    "nothing": (b"", "must hold sections"),
    "depth": (with_value("inpaint", "depth", "5"), "inpaint.depth is 5, and the generator has 4"),
    "own masks": (with_value("masks", "kinds", "[file]"), "there is no PNG in"),
    "no archive": (
        "\n".join(
            lines({("download", "source"): "folder", ("download", "archive"): "faces"})
        ).encode(),
        "download.archive: faces",
    ),
}


@pytest.mark.timeout(900)  # a dozen starts of Python with PyTorch
def test_the_command_ends_with_2_and_one_line(
    tmp_path: Path, long: bool, seen: Callable[[str], None]
) -> None:
    shutil.copytree(ROOT / "data/holes", tmp_path / "data/holes")
    cases = list(COMMANDS.values()) if long else list(COMMANDS.values())[4:6]
    for content, words in cases:
        (tmp_path / "params.yaml").write_bytes(content)
        ended = python(tmp_path, "-m", "stages.check")
        assert ended.status == 2
        assert ended.error.startswith("check: error: params.yaml")
        assert ended.stderr.count("\n") == 1
        assert words in ended.error
        assert not (tmp_path / "data/params.checked").exists()
    seen(f"{len(cases)} commands")
