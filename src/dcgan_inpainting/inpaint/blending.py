"""Putting the generated hole into the damaged image.

`paste` takes the generated pixels as they are. `poisson` and `tension` add a correction to them: on
the known pixels it is damaged − raw, and in the hole it is the surface of least energy that goes on
from there. They differ in the energy.

Sources: Pérez, Gangnet and Blake, "Poisson Image Editing", SIGGRAPH 2003, used by Yeh et al. 2017,
section 3.3, for `poisson`. For `tension`, Duchon, "Splines minimizing rotation-invariant semi-norms
in Sobolev spaces", 1977 (the thin plate), and Smith and Wessel, "Gridding with continuous curvature
splines in tension", Geophysics 55(3), 1990.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array, kron
from scipy.sparse.linalg import splu
from torch import Tensor

from dcgan_inpainting.common.images import Images, Known
from dcgan_inpainting.inpaint.params import Blending

Floats = NDArray[np.float64]

# Weight of stretching beside bending, for distances in pixels: a slope at the hole's edge dies out
# over about 1/√TENSION pixels. Chosen by the PSNR in the holes of validation faces at 64×64.
TENSION = 0.1


def paste(raw: Floats, damaged: Floats, known: Known) -> Floats:
    """Return damaged images with the generated pixels in the hole, as they are.

    Args:
        raw: what the generator made, N×H×W×3.
        damaged: the known pixels, N×H×W×3; what stands in the hole counts nothing.
        known: N×H×W, True = known.
    """
    return np.where(known[..., None], damaged, raw)


def poisson(raw: Floats, damaged: Floats, known: Known) -> Floats:
    """Return damaged images with the generated gradients in the hole and no seam at its edge.

    Solves, for each image and channel, Δf = Δ(raw) in the hole with f = damaged on the known pixels
    around it; where the hole touches the image's border, nothing flows across the border. Known
    pixels are unchanged. An image without a known pixel has nothing to blend with: it is raw.

    Args:
        raw: what the generator made, N×H×W×3.
        damaged: N×H×W×3; what stands in the hole counts nothing.
        known: N×H×W, True = known.

    Returns:
        N×H×W×3; values may leave the range of the inputs, and are to be clipped.
    """
    # f − raw is harmonic in the hole (its Laplacian is zero): the membrane that is stretched least.
    return _corrected(raw, damaged, known, bending=0.0, tension=1.0)


def tension(raw: Floats, damaged: Floats, known: Known) -> Floats:
    """Return damaged images with the hole corrected as a thin plate in tension goes on into it.

    For each image and channel the correction u is damaged − raw on the known pixels, and in the
    hole what makes Σ (u_yy² + u_xx² + 2·u_xy²) + TENSION · Σ (u_y² + u_x²) least, in finite
    differences inside the image: at its border the plate is free. Unlike poisson's, it goes on with
    the slope that it has among the known pixels, so that the hole's edge makes no crease and a
    known pixel that stands alone no spike. Known pixels are unchanged. An image without a known
    pixel has nothing to blend with: it is raw.

    Args:
        raw: what the generator made, N×H×W×3.
        damaged: N×H×W×3; what stands in the hole counts nothing.
        known: N×H×W, True = known.

    Returns:
        N×H×W×3; values may leave the range of the inputs, and are to be clipped.
    """
    return _corrected(raw, damaged, known, bending=1.0, tension=TENSION)


def _corrected(
    raw: Floats,
    damaged: Floats,
    known: Known,
    *,
    bending: float,
    tension: float,
) -> Floats:
    """Return raw plus the surface of least energy through damaged − raw on the known pixels."""
    blended = paste(raw, damaged, known)
    # Image by image: solving all images of a mask at once is no faster, and its rounding would
    # depend on how many there are.
    for index, mask in enumerate(known):
        if mask.any() and not mask.all():
            solve = _solver(mask.tobytes(), mask.shape, (bending, tension))
            blended[index][~mask] += solve(damaged[index][mask] - raw[index][mask])
    return blended


# Many images share one mask (center has one, half has four); random masks are used once each.
@lru_cache(maxsize=8)
def _solver(
    mask: bytes, shape: tuple[int, int], stiffness: tuple[float, float]
) -> Callable[[Floats], Floats]:
    """Return what finds the surface in the hole (M×3) from that on the known pixels (K×3).

    Where uᵀAu is least, its derivative by each of the hole's pixels is zero: A_hh u_h = −A_hk u_k.
    """
    known = np.frombuffer(mask, bool)
    rows = _energy(shape, *stiffness)[~known]
    from_known = rows[:, known]
    # A_hh is positive definite: its diagonal serves as pivots, in an order that keeps it symmetric.
    # That is up to three times as fast as splu's defaults.
    factor = splu(
        csc_array(rows[:, ~known]),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    return lambda surface: np.asarray(factor.solve(from_known @ -surface))


@lru_cache(maxsize=4)
def _energy(shape: tuple[int, int], bending: float, tension: float) -> csr_array:
    """Return the matrix A of the energy uᵀAu of a surface u, HW×HW, symmetric.

    With tension above 0 only constant surfaces have none, so that one known pixel suffices to
    decide the others.
    """
    height, width = shape
    energy = csr_array((height * width, height * width))
    terms = [
        (tension, 1, 0),
        (tension, 0, 1),
        (bending, 2, 0),
        (bending, 0, 2),
        (2 * bending, 1, 1),
    ]
    for weight, down, across in terms:
        if weight:  # a term of zeros would still fill the factor
            slopes = kron(_differences(height, down), _differences(width, across), format="csr")
            energy = energy + weight * (slopes.T @ slopes)
    return energy


def _differences(count: int, order: int) -> csr_array:
    """Return the matrix that takes the differences of neighbours, `order` times."""
    return csr_array(np.diff(np.eye(count), order, axis=0))


BLENDINGS = {"paste": paste, "poisson": poisson, "tension": tension}


def composite(raw: Tensor, damaged: Images, known: Known, blending: Blending) -> Images:
    """Return damaged images with their holes filled from generated ones, uint8, N×H×W×3.

    Args:
        raw: what was generated, N×3×H×W in about −1…1.
        damaged: uint8, N×H×W×3; what stands in the holes counts nothing.
        known: boolean, N×H×W.
        blending: how the two are joined.
    """
    generated = (raw.permute(0, 2, 3, 1).double().cpu().numpy() + 1) * 127.5
    blended = BLENDINGS[blending](generated, damaged.astype(np.float64), known)
    return np.rint(blended).clip(0, 255).astype(np.uint8)
