from pathlib import Path

import pytest

from dcgan_inpainting.atomic import replacing, write_csv


def test_the_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    with replacing(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert temporary.parent == path.parent  # the same disk: a rename, not a copy
    assert path.read_text() == "half"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        assert temporary.write_text("new") / 0
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_csv_is_the_same_on_every_system(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ("file", "n"), [("é,1.jpg", 2)])
    assert (tmp_path / "a.csv").read_bytes() == 'file,n\n"é,1.jpg",2\n'.encode()
