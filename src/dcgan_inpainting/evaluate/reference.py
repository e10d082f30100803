"""Each run holds its own PSNR and SSIM against scikit-image's.

The figures are worked out in blocks of images, some five times as fast. That they are the same ones
is no matter of trust: of each kind of mask one image of each method is measured both ways.
"""

import math

import pandas as pd

from dcgan_inpainting.common.errors import FaultError
from dcgan_inpainting.evaluate.trials import Trial

TOLERANCE = 1e-6  # dB of PSNR, and of SSIM's −1…1


def hold_to_reference(trial: Trial, measured: pd.DataFrame) -> None:
    """Compare a trial's first image with what scikit-image says of it.

    Args:
        trial: at least one image of each method.
        measured: columns method, row, psnr and ssim.

    Raises:
        FaultError: a figure is another one.
    """
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    first = measured[measured["row"] == 0].set_index("method")
    truth = trial.original[0]
    for method, images in trial.restored.items():
        if (images[0] == truth).all():
            continue  # the PSNR of identical images is infinite
        wanted = {
            "psnr": peak_signal_noise_ratio(truth, images[0]),
            "ssim": structural_similarity(
                truth,
                images[0],
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
                channel_axis=-1,
            ),
        }
        for metric, value in wanted.items():
            found = float(first[metric][method])
            if not math.isclose(found, value, rel_tol=0, abs_tol=TOLERANCE):
                raise FaultError(
                    f"{metric} of {method} came out as {found}, and scikit-image says {value}: "
                    "one of the two computes wrongly on this machine"
                )
