"""What was restored of a kind of mask, by each method, as the stages before left it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_inpainting.baselines.methods import BASELINES
from dcgan_inpainting.common.errors import DamagedError
from dcgan_inpainting.common.files import read_json
from dcgan_inpainting.common.images import Images, Known, load_images, load_masks
from dcgan_inpainting.feedforward.methods import FEEDFORWARD

MASKS = Path("data/masks")
INPAINTED = Path("data/inpainted")
OTHERS = {  # what fills holes without a search, in the order of tables, by where its images are
    **dict.fromkeys(BASELINES, Path("data/baselines")),
    **dict.fromkeys(FEEDFORWARD, Path("data/feedforward")),
}
IMAGES_AT_ONCE = 512  # some 40 MB at 64 pixels with five methods


@dataclass(frozen=True)
class Trial:
    """One kind of mask: the images, what is known of them, and each method's restorations."""

    original: Images  # uint8, N×H×W×3
    known: Known  # N×H×W, True = known
    restored: Mapping[str, Images]  # by method, each N×H×W×3

    def __getitem__(self, some: slice) -> "Trial":
        """Return some of the images."""
        restored = {name: images[some] for name, images in self.restored.items()}
        return Trial(self.original[some], self.known[some], restored)

    @property
    def damaged(self) -> Images:
        """The images with grey holes, to look at."""
        return np.where(self.known[..., None], self.original, np.uint8(128))


def read_listing() -> dict[str, Any]:
    """Return what the stage masks wrote: the split, and the kinds in their order.

    Raises:
        DamagedError: the file is missing or damaged.
    """
    return read_json(MASKS / "masks.json", split=str, kinds=list)


def our_method(kind: str) -> str:
    """Return the name of the method that restored a kind of mask.

    Raises:
        DamagedError: the file is missing or damaged.
    """
    return str(read_json(INPAINTED / kind / "settings.json", method=str)["method"])


def others_of(kinds: Sequence[str]) -> list[str]:
    """Return which of OTHERS filled any of these kinds of masks, in their order."""
    return [name for name in OTHERS if any(_file(name, kind).is_file() for kind in kinds)]


def read_trials(
    kind: str, images: Images, others: list[str], at_once: int = IMAGES_AT_ONCE
) -> Iterator[tuple[int, Trial]]:
    """Yield a kind of mask in parts, each with the number of its first image.

    So the memory that they take does not grow with the number of images.

    Args:
        kind: of the masks.
        images: the whole images, uint8, N×S×S×3, or more of them.
        others: in the order in which they are to come, ours after them.
        at_once: images of a part.

    Raises:
        DamagedError: a file is missing or damaged.
    """
    known = load_masks(MASKS / f"{kind}.npy", images)
    files = {name: _file(name, kind) for name in others}
    files[our_method(kind)] = INPAINTED / kind / "composite.npy"
    restored = {}
    for name, path in files.items():
        restored[name] = load_images(path, side=images.shape[1])
        if len(restored[name]) != len(known):
            count = len(restored[name])
            raise DamagedError(path, f"holds {count} images, but there are {len(known)} masks")
    for first in range(0, len(known), at_once):
        some = slice(first, min(first + at_once, len(known)))
        filled = {name: np.array(images[some]) for name, images in restored.items()}
        yield first, Trial(np.array(images[some]), known[some], filled)


def _file(name: str, kind: str) -> Path:
    return OTHERS[name] / kind / f"{name}.npy"
