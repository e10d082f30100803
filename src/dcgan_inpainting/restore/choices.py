"""What can be chosen without PyTorch, slow to import: the folder of networks, and the method."""

from pathlib import Path

from dcgan_inpainting.inpaint.params import METHODS

MODELS = Path("models")  # the workspace's
# The one that comes with the project. It is a package of its own, so that the copies of this one in
# registered models don't hold it.
CELEBA = "celeba"
_FOLDERS = {CELEBA: Path(__file__).parents[2] / "dcgan_inpainting_celeba"}
SETTINGS = "inpaint.json"  # beside the weights of a registered model: the section `inpaint`
BY_ENCODER = "encoder"
WAYS = (*METHODS, BY_ENCODER)
SEEDS = 2**32  # how many there are, from 0 on


def folder_of(model: Path | str) -> Path:
    """Return the folder of a model: CELEBA, or a folder itself."""
    return _FOLDERS.get(str(model), Path(model))
