"""By what a run is known that may be killed and gone on with."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from dcgan_inpainting.common.files import md5_of
from dcgan_inpainting.networks.devices import device, processor
from dcgan_inpainting.running.source_digest import digest_of_code


def identity_of(params: Mapping[str, Any], files: Iterable[Path]) -> dict[str, Any]:
    """Return what determines the bytes that a stage writes, as JSON can hold it.

    Call it when all of the stage's imports are made (see digest_of_code).

    Args:
        params: the settings on which they depend.
        files: what the stage reads.
    """
    return {
        "params": dict(params),
        "data": {file.as_posix(): md5_of(file) for file in files},
        "code": digest_of_code(),
        "torch": torch.__version__,
        "processor": processor(device()),
    }
