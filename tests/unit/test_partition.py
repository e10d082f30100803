from collections import Counter
from pathlib import Path

import pytest

from dcgan_inpainting.errors import UserError
from dcgan_inpainting.partition import Entry, by_name, by_position, read_partition, write_partition


def test_by_position_the_last_are_the_test() -> None:
    assert by_position(10, 0.2, 0.3) == ["train"] * 5 + ["val"] * 2 + ["test"] * 3
    counted = Counter(by_position(6000, 0.04, 0.04))
    assert counted == {"train": 5520, "val": 240, "test": 240}


def test_by_position_every_split_has_one() -> None:
    assert Counter(by_position(10, 0.01, 0.01)) == {"train": 8, "val": 1, "test": 1}


def test_by_name_does_not_change() -> None:
    # sha256("000001.jpg") starts with 520685714a16f9c2: at 0.3204 of the range.
    assert by_name("000001.jpg", 0.2, 0.12) == "train"
    assert by_name("000001.jpg", 0.21, 0.12) == "val"
    assert by_name("000001.jpg", 0.1, 0.33) == "test"


def test_by_name_looks_at_the_name_alone() -> None:
    names = [f"{n}.png" for n in range(200)]
    alone = [by_name(name, 0.25, 0.25) for name in names]
    assert [by_name(f"some/folder/{name}", 0.25, 0.25) for name in names] == alone
    assert set(alone) == {"train", "val", "test"}
    composed, decomposed = "\u00e9{}.png", "e\u0301{}.png"
    for n in range(50):
        assert by_name(composed.format(n), 0.3, 0.3) == by_name(decomposed.format(n), 0.3, 0.3)


def test_by_name_keeps_the_fractions() -> None:
    counted = Counter(by_name(f"{n}.jpg", 0.1, 0.2) for n in range(20_000))
    # Four standard deviations of the binomial distribution.
    assert abs(counted["val"] - 2000) < 4 * (20_000 * 0.1 * 0.9) ** 0.5
    assert abs(counted["test"] - 4000) < 4 * (20_000 * 0.2 * 0.8) ** 0.5


def test_the_table_comes_back(tmp_path: Path) -> None:
    entries = [Entry("a, b/é.jpg", "train"), Entry('"q".png', "val"), Entry("z", "test")]
    write_partition(entries, tmp_path / "p.csv")
    assert read_partition(tmp_path / "p.csv") == entries
    assert (tmp_path / "p.csv").read_text(encoding="utf-8").startswith("file,split\n")


@pytest.mark.parametrize("text", ["", "name,split\na,train\n", "file,split\na,training\n"])
def test_another_table_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(UserError, match="columns file and split"):
        read_partition(tmp_path / "p.csv")
