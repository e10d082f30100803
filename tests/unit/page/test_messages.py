"""Lines of JSON with files behind them."""

import pytest

from dcgan_inpainting.page.messages import message, read_message


def test_what_is_sent_is_read_again() -> None:
    files = [b"one\nwith lines", b"", bytes(range(256))]
    sent = message({"name": "Übung.png", "share": 0.5}, *files)
    assert read_message(sent) == ({"name": "Übung.png", "share": 0.5}, files)
    assert read_message(sent + b"the next one") == read_message(sent)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "Expecting value"),
        (b"[1]\n", "no object"),
        (b"{}\n", "no list of lengths"),
        (b'{"parts": [-1]}\n', "no list of lengths"),
        (b'{"parts": [true]}\nx', "no list of lengths"),
        (b'{"parts": [4]}\nabc', "cut short"),
        (b'{"name": "\xff", "parts": []}\n', "can't decode"),
    ],
)
def test_what_is_no_message_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_message(body)
