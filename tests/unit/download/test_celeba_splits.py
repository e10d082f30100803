from collections import Counter

import pytest

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.download.celeba_splits import (
    listed_entries,
    official_entries,
    parse_list,
    refuse_unofficial,
)

SPLITS = {"a.jpg": "train", "b c.jpg": "val", "d,e.jpg": "test"}


def test_the_official_images_without_a_list_have_the_official_splits() -> None:
    names = tuple(f"img_align_celeba/{number:06d}.jpg" for number in range(1, 202_600))
    entries = official_entries(list(names))
    # The sizes that CelebA's own list gives.
    assert Counter(split for _, split in entries) == {"train": 162770, "val": 19867, "test": 19962}
    assert [split for _, split in entries[162_769:162_771]] == ["train", "val"]
    assert [split for _, split in entries[182_636:182_638]] == ["val", "test"]
    assert official_entries(list(names[1:])) == []


def test_another_split_of_the_official_images_is_noticed() -> None:
    official = dict(official_entries([f"{number:06d}.jpg" for number in range(1, 202_600)]))
    refuse_unofficial(official, "the list")
    changed = official | {"000007.jpg": "test", "202599.jpg": "train"}
    with pytest.raises(UserError, match=r"in 2 images \(000007\.jpg …\).*download\.partition_md5"):
        refuse_unofficial(changed, "the list")
    # Of other images nobody knows better.
    del changed["000001.jpg"]
    refuse_unofficial(changed, "the list")


@pytest.mark.parametrize(
    "text",
    [
        "a.jpg 0\nb c.jpg 1\nd,e.jpg 2\n",
        "a.jpg  0\r\nb c.jpg 1\r\n\r\nd,e.jpg 2  ",
        "a.jpg\t0\nb c.jpg\t1\t\n d,e.jpg \t2\n",
        "\ufeffa.jpg 0\nb c.jpg 1\nd,e.jpg 2\n",
        "image_id,partition\na.jpg,0\nb c.jpg,1\nd,e.jpg,2\n",
        '\ufeff"image_id", "partition"\r\n"a.jpg","0"\r\n"b c.jpg", 1\r\n"d,e.jpg",2',
        "a.jpg 0\nb c.jpg 1\nd,e.jpg 2\na.jpg 0\n",
    ],
    ids=["official", "Windows", "tabs", "BOM", "Kaggle", "quoted", "named twice alike"],
)
def test_a_list_is_read_as_people_have_it(text: str) -> None:
    assert parse_list(text.encode(), "the list") == SPLITS


@pytest.mark.parametrize(
    "line",
    ["b.jpg", "b.jpg 3", "b.jpg;0", "0", "b.jpg0", "b.jpg 01", "image_id,partition", "x" * 999],
)
def test_a_broken_list_names_its_line(line: str) -> None:
    with pytest.raises(UserError, match="the list, line 2: ") as caught:
        parse_list(f"a.jpg 0\n{line}\n".encode(), "the list")
    assert len(str(caught.value)) < 200


def test_an_image_with_two_splits_names_both_lines() -> None:
    with pytest.raises(UserError, match=r"lines 1 and 4: a\.jpg is in train and in test"):
        parse_list(b"a.jpg 0\nb.jpg 1\n\na.jpg 2\n", "the list")


@pytest.mark.parametrize("content", ["é.jpg 0\n".encode("latin-1"), "a.jpg 0".encode("utf-16")])
def test_a_list_that_is_not_utf_8(content: bytes) -> None:
    with pytest.raises(UserError, match="the list is not a text in UTF-8"):
        parse_list(content, "the list")


def test_a_list_of_blanks_is_read_at_once() -> None:
    with pytest.raises(UserError, match="line 1"):
        parse_list(b"a" + b" " * 10_000_000 + b"x", "the list")


def test_a_list_that_leaves_a_split_empty_says_what_to_do() -> None:
    names = ["a.jpg", "b.jpg"]
    with pytest.raises(UserError, match=r"none of the 2 images of a\.zip into val or test; put"):
        listed_entries(names, dict.fromkeys(names, "train"), "a.zip")
