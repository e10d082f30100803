"""The stage inpaint: what it restores in parts is what it would have restored at once."""

from pathlib import Path

import numpy as np
import pytest

from dcgan_inpainting.inpaint.restoration import restore
from dcgan_inpainting.inpaint.results import load_results
from dcgan_inpainting.networks.weights import load_trained
from stages.inpaint import work
from tests.tiny_encoder import faces, holes
from tests.tiny_model import write_models
from tests.tiny_search import settings


@pytest.mark.parametrize("batch_size", [2, 3])
def test_an_image_has_its_own_start_in_whatever_part_it_is(
    batch_size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    write_models(Path("models"))
    images, known = faces(5), holes(5)
    for path, array in {"data/cropped/val.npy": images, "data/masks/center.npy": known}.items():
        Path(path).parent.mkdir(parents=True)
        np.save(path, array)
    own = {"start": "random", "shared_starts": False, "steps": 0, "depth": 0}
    work("center", "val", settings(batch_size=batch_size, **own))
    found = load_results(Path("data/inpainted/center"))
    at_once = restore(images, known, *load_trained(Path("models")), settings(**own))
    assert np.array_equal(found.z, at_once.z)
    assert len(np.unique(found.z, axis=0)) == 5
