import errno
import os
from pathlib import Path

import pytest

from dcgan_inpainting.common.files import replacing, write_csv, write_text, writing


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


def full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_told_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(OSError, match="No space left") as failed, replacing(path):
        raise full()
    assert failed.value.errno == errno.ENOSPC
    assert failed.value.filename == str(path)
    with pytest.raises(OSError, match="No space left") as failed, writing(path):
        raise full()
    assert failed.value.filename == str(path)
    assert list(tmp_path.iterdir()) == []


def test_errors_name_no_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    (tmp_path / ".file.partial").mkdir()
    with pytest.raises(OSError, match="Is a directory") as failed, replacing(path) as temporary:
        temporary.write_text("x")
    assert failed.value.filename == str(path)


def test_errors_of_other_files_stay_theirs(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as failed, replacing(tmp_path / "file"):
        (tmp_path / "other").read_text()
    assert failed.value.filename == str(tmp_path / "other")
    with pytest.raises(ConnectionError), replacing(tmp_path / "file"):
        raise ConnectionError("the server is gone")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError) as failed, replacing(tmp_path / "file" / "below"):
        pass
    assert failed.value.filename == str(tmp_path / "file")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_libraries_that_name_no_file(tmp_path: Path) -> None:
    path = tmp_path / "link"
    path.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as failed:
        write_text(path, "x")
    assert failed.value.filename == str(path)
