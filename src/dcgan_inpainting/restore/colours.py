"""What a photograph's levels mean: to the 8-bit sRGB that the networks know, and back."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

Floats = NDArray[np.float64]


class Colours:
    """The two conversions of one photograph's colours.

    A profile that can't be used counts as sRGB, as viewers take it.
    """

    def __init__(self, profile: bytes | None, planes: int, top: int) -> None:
        """Prepare them.

        Args:
            profile: ICC, or None for sRGB.
            planes: 1 for grey, 3 for colour.
            top: the largest level.
        """
        self._mode, self._top = ("L" if planes == 1 else "RGB"), top
        self._there: ImageCms.ImageCmsTransform | None = None
        self._back: ImageCms.ImageCmsTransform | None = None
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile or b""))
            if "sRGB" in ImageCms.getProfileDescription(own):
                return  # both ways would round for nothing
            srgb = ImageCms.createProfile("sRGB")
            self._there = ImageCms.buildTransform(own, srgb, self._mode, "RGB")
            self._back = ImageCms.buildTransform(srgb, own, "RGB", self._mode)
        except (OSError, ImageCms.PyCMSError):
            self._there = self._back = None

    def to_srgb(self, levels: Floats) -> NDArray[np.uint8]:
        """Return levels of the photograph (H×W×1 or 3) as 8-bit sRGB, H×W×3."""
        eight = np.rint(levels * (255 / self._top)).clip(0, 255).astype(np.uint8)
        picture = Image.fromarray(eight[..., 0] if self._mode == "L" else eight)
        if self._there is None:
            return np.array(picture.convert("RGB"))
        return np.array(self._there.apply(picture))

    def from_srgb(self, image: NDArray[np.uint8]) -> Floats:
        """Return 8-bit sRGB (H×W×3) as levels of the photograph, H×W×1 or 3."""
        picture = Image.fromarray(image)
        own = picture.convert(self._mode)
        if self._back is not None:
            own = self._back.apply(picture)
        levels = np.asarray(own, np.float64) * (self._top / 255)
        return levels.reshape(*image.shape[:2], -1)
