"""What can be chosen without PyTorch, slow to import: the folder of networks, and the method."""

from pathlib import Path

from dcgan_inpainting.inpaint.params import METHODS

MODELS = Path("models")  # the workspace's
SETTINGS = "inpaint.json"  # beside the weights of a registered model: the section `inpaint`
BY_ENCODER = "encoder"
WAYS = (*METHODS, BY_ENCODER)
