import hashlib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.partition import (
    SPLITS,
    Entry,
    by_name,
    by_position,
    read_partition,
    write_partition,
)


def test_by_position_the_last_are_the_test() -> None:
    assert by_position(10, 0.2, 0.3) == ["train"] * 5 + ["val"] * 2 + ["test"] * 3
    counted = Counter(by_position(6000, 0.04, 0.04))
    assert counted == {"train": 5520, "val": 240, "test": 240}


def test_by_position_every_split_has_one() -> None:
    assert Counter(by_position(10, 0.01, 0.01)) == {"train": 8, "val": 1, "test": 1}


def test_by_position_leaves_one_to_train_on() -> None:
    assert by_position(10, 0.5, 0.49) == ["train"] + ["val"] * 5 + ["test"] * 4
    for count in range(3, 30):
        assert set(by_position(count, 0.5, 0.49)) == set(SPLITS)


FLAT = [f"{number:06d}.jpg" for number in range(300)]


def hashed(file: str, val_fraction: float, test_fraction: float) -> str:
    """An image's split in a flat folder, as it has been since the first release."""
    name = unicodedata.normalize("NFC", file.rpartition("/")[2]).encode()
    position = int(hashlib.sha256(name).hexdigest()[:16], 16) / 2**64
    if position < test_fraction:
        return "test"
    return "val" if position < test_fraction + val_fraction else "train"


def by_unit(files: Sequence[str], splits: Sequence[str], unit: int) -> dict[str, set[str]]:
    """The splits that the images of each folder have, the folder being the path's part `unit`."""
    found: dict[str, set[str]] = defaultdict(set)
    for file, split in zip(files, splits, strict=True):
        found[file.split("/")[unit]].add(split)
    return found


def test_a_flat_folder_keeps_its_splits() -> None:
    # sha256("000001.jpg") starts with 520685714a16f9c2: at 0.3204 of the range.
    for fractions, split in [((0.2, 0.12), "train"), ((0.21, 0.12), "val"), ((0.1, 0.33), "test")]:
        splits, how = by_name(FLAT, *fractions)
        assert splits == [hashed(file, *fractions) for file in FLAT]
        assert (splits[1], how) == (split, "by name")


@pytest.mark.parametrize("above", ["img_align_celeba/", "a/b/c/", "/"])
def test_folders_that_all_have_in_common_do_not_count(above: str) -> None:
    splits, how = by_name([above + file for file in FLAT], 0.1, 0.1)
    assert (splits, how) == by_name(FLAT, 0.1, 0.1)


def test_a_flat_folders_images_do_not_depend_on_each_other() -> None:
    splits = dict(zip(FLAT, by_name(FLAT, 0.2, 0.2)[0], strict=True))
    for some in (FLAT[:100], FLAT[50::2], FLAT[::-1]):
        assert by_name(some, 0.2, 0.2)[0] == [splits[file] for file in some]


def test_names_are_the_same_on_macos_and_linux() -> None:
    composed = [f"\u00e9{n % 50}/{n}\u00e9.png" for n in range(500)]
    decomposed = [unicodedata.normalize("NFD", file) for file in composed]
    assert composed != decomposed
    assert by_name(composed, 0.3, 0.3) == by_name(decomposed, 0.3, 0.3)


@pytest.mark.parametrize("above", ["", "faces/"])
@pytest.mark.parametrize(("persons", "images"), [(10, 1), (10, 6), (40, 10), (300, 2)])
def test_a_folder_for_each_person_is_split_by_person(above: str, persons: int, images: int) -> None:
    files = [f"{above}{person:03d}/{n:04d}.jpg" for person in range(persons) for n in range(images)]
    splits, how = by_name(files, 0.04, 0.04)
    assert how.startswith(f"by {persons} folders")
    folders = by_unit(files, splits, -2)
    assert {len(found) for found in folders.values()} == {1}
    assert set.union(*folders.values()) == set(SPLITS)


def test_a_person_in_two_folders_of_a_name_has_one_split() -> None:
    files = [f"{part}/{n % 30:02d}/{n}.jpg" for part in ("train", "test") for n in range(300)]
    splits, how = by_name(files, 0.2, 0.2)
    assert how.startswith("by 30 folders")
    assert {len(found) for found in by_unit(files, splits, 1).values()} == {1}


@pytest.mark.parametrize("folders", [["a", "b"], ["a"] * 30 + [f"p{n}" for n in range(40)]])
def test_few_or_large_folders_are_split_by_path(folders: list[str]) -> None:
    files = [f"{folder}/{n:04d}.jpg" for n in range(20) for folder in folders]
    splits, how = by_name(files, 0.2, 0.2)
    assert how.startswith("by path, the folders being too few or too large")
    assert by_unit(files, splits, 0)["a"] == set(SPLITS)
    # Images of one name in two folders are two images.
    assert len(set(splits[: len(folders)])) > 1


def test_images_beside_the_folders_are_split_one_by_one() -> None:
    nested = [f"{person}/{n}.jpg" for person in range(20) for n in range(5)]
    splits, how = by_name(nested + FLAT, 0.2, 0.2)
    assert how.startswith("by 20 folders")
    assert splits[: len(nested)] == by_name(nested, 0.2, 0.2)[0]
    assert splits[len(nested) :] == by_name(FLAT, 0.2, 0.2)[0]


@pytest.mark.parametrize("count", [*range(3, 20), 60])
def test_no_split_of_a_small_set_is_empty(count: int) -> None:
    for files in (FLAT[:count], [f"{file}/1.png" for file in FLAT[:count]]):
        for fractions in [(0.04, 0.04), (0.01, 0.5), (0.5, 0.49)]:
            assert set(by_name(files, *fractions)[0]) == set(SPLITS)


def test_a_split_that_hashes_leave_empty_takes_the_nearest() -> None:
    files = FLAT[:30]
    splits, how = by_name(files, 0.1, 0.001)
    assert how == "by name, in the order of their hashes"
    files.sort(key=lambda file: hashlib.sha256(file.encode()).hexdigest())
    split_of = dict(zip(FLAT, splits, strict=False))
    assert [split_of[file] for file in files] == ["test"] + ["val"] * 3 + ["train"] * 26


def test_by_name_keeps_the_fractions() -> None:
    counted = Counter(by_name([f"{n}.jpg" for n in range(20_000)], 0.1, 0.2)[0])
    # Four standard deviations of the binomial distribution.
    assert abs(counted["val"] - 2000) < 4 * (20_000 * 0.1 * 0.9) ** 0.5
    assert abs(counted["test"] - 4000) < 4 * (20_000 * 0.2 * 0.8) ** 0.5


def test_the_table_comes_back(tmp_path: Path) -> None:
    entries = [Entry("a, b/é.jpg", "train"), Entry('"q".png', "val"), Entry("z", "test")]
    write_partition(entries, tmp_path / "p.csv")
    assert read_partition(tmp_path / "p.csv") == entries
    assert (tmp_path / "p.csv").read_text(encoding="utf-8").startswith("file,split\n")


def test_a_name_that_would_not_come_back_is_refused(tmp_path: Path) -> None:
    entries = [Entry("a\nb.jpg", "train"), Entry(" c.jpg", "val")]
    write_partition(entries, tmp_path / "p.csv")
    assert read_partition(tmp_path / "p.csv") == entries
    with pytest.raises(UserError, match="rename it"):
        write_partition([Entry("a\rb.jpg", "train")], tmp_path / "p.csv")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "line 1 is not file,split"),
        (bytes(5000), "line 1 is not file,split"),
        (b"name,split\na,train\n", "line 1 is not file,split"),
        (b"file,split\na,training\n", "line 2, 'a,training', is not"),
        (b"file,split\na,train\nb\n", "line 3, 'b', is not"),
        (b"file,split\na,train,1\n", "line 2, 'a,train,1', is not"),
        (b"file,split\n,train\n", "line 2, ',train', is not"),
        (b"file,split\na\0b,train\n", "line 2"),
        (b"file,split\n\xe9.jpg,train\n", "can't decode byte 0xe9"),
        (b'file,split\n"' + b"a" * 200_000 + b'",train\n', "field larger than field limit"),
        (b"file,split\na\rb,train\n", "line 2, 'a', is not"),
    ],
    ids=lambda value: value[:40],
)
def test_a_damaged_table_says_how_to_bring_it_back(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "p.csv").write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_partition(tmp_path / "p.csv")
    message = str(caught.value)
    assert "p.csv is damaged: " in message
    assert reason in message
    assert message.endswith("make it anew with `dvc repro -f download`")
    assert len(message) < 400


def test_no_table_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"p\.csv not found.*dvc repro -f download"):
        read_partition(tmp_path / "p.csv")
