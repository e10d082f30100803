"""The faces of the report: nothing of a picture is lost, and best and worst are told apart."""

import base64
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from PIL import Image

from dcgan_inpainting.common.errors import DamagedError
from dcgan_inpainting.report.faces import Gallery, read_gallery
from tests.tiny_results import ERRORS, SIDE


def figures(kind: str) -> pd.DataFrame:
    table = pd.read_csv("reports/per_image.csv")
    return table[table["mask"] == kind]


def pieces(gallery: Gallery) -> NDArray[np.uint8]:
    """Return the pieces of a sheet, rows×columns×S×S×4."""
    head, _, content = gallery.sheet.partition(",")
    assert head == "data:image/webp;base64"
    with Image.open(io.BytesIO(base64.b64decode(content))) as picture:
        sheet = np.asarray(picture.convert("RGBA"))
    step, columns = SIDE + 1, len(gallery.pictures)
    assert sheet.shape == (len(gallery.faces) * step, columns * step, 4)
    tiles = sheet.reshape(len(gallery.faces), step, columns, step, 4).swapaxes(1, 2)
    return tiles[:, :, :SIDE, :SIDE]


@pytest.mark.parametrize("kind", ["center", "half"])
def test_original_and_hole_make_up_each_picture_to_the_bit(workspace: Path, kind: str) -> None:
    gallery = read_gallery(kind, figures(kind))
    tiles = pieces(gallery)
    assert gallery.pictures == ["original", "damaged", *ERRORS]
    original = np.load("data/cropped/test.npy")
    known = np.load(f"data/masks/{kind}.npy")[..., None]
    expected = {"original": original, "damaged": np.where(known, original, 128)}
    expected["latent"] = np.load(f"data/inpainted/{kind}/composite.npy")
    expected["mean"] = np.load(f"data/baselines/{kind}/mean.npy")
    for name, images in expected.items():
        piece = tiles[:, gallery.pictures.index(name)]
        shown = np.where(piece[..., 3:] == 0, tiles[:, 0, :, :, :3], piece[..., :3])
        np.testing.assert_array_equal(shown, images)


def test_best_and_worst_are_ours_by_the_hole(workspace: Path) -> None:
    gallery = read_gallery("half", figures("half"), count=2)
    ours = figures("half").query("method == 'latent'").set_index("row")
    ranked = ours.hole_psnr.sort_values()
    files = {name: [face.name for face in some] for name, some in gallery.groups.items()}
    assert files == {
        "The first": [*ours.file[:2]],
        "Restored best": [*ours.file[ranked.index[::-1][:3]]],
        "Restored worst": [*ours.file[ranked.index[:3]]],
    }
    worst = gallery.groups["Restored worst"][0]
    assert worst.figures["latent"]["hole PSNR [dB]"] == f"{ranked.iloc[0]:.2f}"
    assert [face.row for face in gallery.faces] == [*range(len(gallery.faces))]


def test_only_the_faces_that_are_shown_are_in_the_sheet(workspace: Path) -> None:
    few = figures("half").query("row in [1, 4]")
    gallery = read_gallery("half", few)
    tiles = pieces(gallery)
    assert tiles.shape == (2, 2 + len(ERRORS), SIDE, SIDE, 4)
    original = np.load("data/cropped/test.npy")[[1, 4]]
    np.testing.assert_array_equal(tiles[:, 0, :, :, :3], original)


def test_figures_of_other_pictures_are_refused(workspace: Path) -> None:
    with pytest.raises(DamagedError, match=r"half\.npy has no row 9"):
        read_gallery("half", figures("half").replace({"row": {5: 9}}))
    Path("data/inpainted/half/settings.json").write_text('{"method": "yeh"}')
    with pytest.raises(DamagedError, match="half holds no restorations by latent"):
        read_gallery("half", figures("half"))
    Path("data/inpainted/half/composite.npy").unlink()
    with pytest.raises(DamagedError, match=r"composite\.npy is missing"):
        read_gallery("half", figures("half"))
