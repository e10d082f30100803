"""What the page and its server send each other: a line of JSON, and the files that belong to it.

The line's "parts" says how many bytes each of the files has that follow it.
"""

import json
from collections.abc import Mapping
from typing import Any


def message(head: Mapping[str, Any], *parts: bytes) -> bytes:
    """Return a message."""
    line = json.dumps({**head, "parts": [len(part) for part in parts]}, ensure_ascii=False)
    return b"".join((line.encode(), b"\n", *parts))


def read_message(body: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Return what the message at the beginning of some bytes says, and its files.

    Raises:
        ValueError: it is no message, or cut short.
    """
    line, _, rest = body.partition(b"\n")
    head = json.loads(line)
    if not isinstance(head, dict):
        raise ValueError("the line is no object")
    lengths, parts, place = head.pop("parts", None), [], 0
    if not isinstance(lengths, list) or not all(type(one) is int and one >= 0 for one in lengths):
        raise ValueError("parts is no list of lengths")
    for length in lengths:
        parts.append(rest[place : place + length])
        place += length
    if place > len(rest):
        raise ValueError("it is cut short")
    return head, parts
