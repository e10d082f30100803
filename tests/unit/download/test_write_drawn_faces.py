import zipfile
from pathlib import Path

import numpy as np

from dcgan_inpainting.common.decoding import decode
from dcgan_inpainting.download.drawn_faces.draw import draw_face
from dcgan_inpainting.download.drawn_faces.write import draw_faces


def test_faces_are_the_drawn_ones_whatever_the_number_of_processes(tmp_path: Path) -> None:
    names = draw_faces(tmp_path / "1.zip", 60, seed=5, workers=1)
    draw_faces(tmp_path / "2.zip", 60, seed=5, workers=2)
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
    assert names == [f"{number:06d}.jpg" for number in range(1, 61)]
    with zipfile.ZipFile(tmp_path / "2.zip") as archive:
        assert archive.namelist() == names
        faces = [decode(archive.read(name)).astype(int) for name in names]
    for index in (0, 49, 50, 59):  # the ends of the tasks
        drawn = draw_face(index, 5)
        assert faces[index].shape == (218, 178, 3)
        assert np.abs(faces[index] - drawn).mean() < 2  # JPEG's loss
