from collections import Counter

import pytest

from dcgan_inpainting.celeba_splits import official_entries, parse_list
from dcgan_inpainting.errors import UserError


def test_the_official_images_without_a_list_have_the_official_splits() -> None:
    names = tuple(f"img_align_celeba/{number:06d}.jpg" for number in range(1, 202_600))
    entries = official_entries(list(names))
    # The sizes that CelebA's own list gives.
    assert Counter(split for _, split in entries) == {"train": 162770, "val": 19867, "test": 19962}
    assert [split for _, split in entries[162_769:162_771]] == ["train", "val"]
    assert [split for _, split in entries[182_636:182_638]] == ["val", "test"]
    assert official_entries(list(names[1:])) == []


@pytest.mark.parametrize("line", ["000001.jpg", "000001.jpg 3", "000001.jpg,0", "0"])
def test_a_broken_list_names_its_line(line: str) -> None:
    with pytest.raises(UserError, match="the list, line 2"):
        parse_list(f"a.jpg 0\n{line}\n", "the list")


def test_a_list_with_windows_line_ends_and_blanks() -> None:
    assert parse_list("a.jpg  0\r\nb.jpg 1\r\n\r\n", "") == {
        "a.jpg": "train",
        "b.jpg": "val",
    }
