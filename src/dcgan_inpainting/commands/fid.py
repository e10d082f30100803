"""FID and KID of the trained generator: `python -m dcgan_inpainting.commands.fid`.

Both compare sets of images by what the Inception network sees in them, whose weights are not the
project's: nothing fetches them but you. docs/fid.md says where they are and what the figures mean.

Sources: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash
Equilibrium", NeurIPS 2017 (FID); Bińkowski et al., "Demystifying MMD GANs", ICLR 2018 (KID).
"""

import argparse
import hashlib
import importlib.util
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    from dcgan_inpainting.process.command_line import begin

    begin()  # PyTorch takes seconds to import

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.images import Images, load_images
from dcgan_inpainting.networks.dcgan import Generator
from dcgan_inpainting.networks.devices import device, place
from dcgan_inpainting.networks.frozen import freeze
from dcgan_inpainting.networks.tensors import to_uint8
from dcgan_inpainting.networks.weights import load_trained
from dcgan_inpainting.process.command_line import reporting

NAME = "weights-inception-2015-12-05-6726825d.pth"
ADDRESS = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{NAME}"
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
WEIGHTS = Path(".downloads") / NAME
MODELS = Path("models")
TRAIN = Path("data/cropped/train.npy")

FEATURES = 2048  # what the network's last pooling gives for an image
SUBSETS = 100  # KID is the mean over so many random subsets of both sets
SUBSET_SIZE = 1000  # images; both as in the paper's own code
_AT_ONCE = 64  # images that the network sees together: 1 GB


@dataclass(frozen=True)
class Distances:
    """How far one set of images is from another; 0 for sets that cannot be told apart."""

    fid: float
    kid: float  # mean over the subsets; may be a little below 0, because it is unbiased
    kid_deviation: float  # standard deviation over the subsets


def load_extractor(weights: Path, sha256: str | None = SHA256) -> nn.Module:
    """Return the Inception network, which takes uint8 images, N×3×H×W, of any size.

    Args:
        weights: the file of the network's weights.
        sha256: what the file's SHA-256 must be; None = not checked.

    Raises:
        UserError: torch-fidelity is not installed, or the file is missing or another one.
    """
    if importlib.util.find_spec("torch_fidelity") is None:
        raise UserError('torch-fidelity is missing: pip install "torch-fidelity>=0.4,<0.5"')
    if not weights.is_file():
        raise UserError(
            f"the Inception network's weights are missing: fetch {ADDRESS} (96 MB) and save it as "
            f"{weights}, or name your copy with --weights"
        )
    _check(weights, sha256)
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    try:
        # torch-fidelity would run whatever a pickle says: none with more than tensors gets to it.
        torch.load(weights, weights_only=True)
        network = FeatureExtractorInceptionV3("inception", [str(FEATURES)], str(weights))
    except (RuntimeError, TypeError, EOFError, pickle.UnpicklingError):
        raise UserError(f"{weights} does not hold the Inception network's weights") from None
    return network.to(device())


def _check(weights: Path, sha256: str | None) -> None:
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 is not None and found != sha256:
        raise UserError(
            f"{weights} is another file, or broken: its SHA-256 is {found}, not {sha256}; fetch "
            f"{ADDRESS} again (--sha256 any takes it as it is)"
        )


@torch.no_grad()
def features(images: Images, extractor: nn.Module, title: str = "") -> Tensor:
    """Return what the network sees in each image: N×2048, float32, on the CPU.

    Args:
        images: uint8, N×H×W×3; they are scaled to 299×299 as the network's authors did.
        extractor: load_extractor's.
        title: stands before the progress bar.
    """
    seen = []
    for start in tqdm(range(0, len(images), _AT_ONCE), desc=title, unit="batch"):
        batch = torch.from_numpy(np.ascontiguousarray(images[start : start + _AT_ONCE]))
        (found,) = extractor(batch.permute(0, 3, 1, 2).to(device()))
        seen.append(found.cpu())
    return torch.cat(seen)


def distances(first: Tensor, second: Tensor, seed: int) -> Distances:
    """Return FID and KID of two sets of images from their features, N×F each.

    FID is the Fréchet distance of two normal distributions with the sets' means and covariances.
    KID is the squared maximum mean discrepancy of the sets for a cubic kernel.

    Args:
        first: features of at least four images.
        second: features of as many others.
        seed: of KID's subsets, which hold 1,000 images, or half of what there are if that is less.
    """
    from torch_fidelity import metric_fid, metric_kid

    statistics = [metric_fid.fid_features_to_statistics(one) for one in (first, second)]
    fid = metric_fid.fid_statistics_to_metric(*statistics, verbose=False)
    kid = metric_kid.kid_features_to_metric(
        first,
        second,
        kid_subsets=SUBSETS,
        kid_subset_size=min(SUBSET_SIZE, len(first) // 2),
        rng_seed=seed,
        verbose=False,
    )
    return Distances(
        fid[metric_fid.KEY_METRIC_FID],
        kid[metric_kid.KEY_METRIC_KID_MEAN],
        kid[metric_kid.KEY_METRIC_KID_STD],
    )


def halves(count: int, limit: int, seed: int) -> tuple[list[int], list[int]]:
    """Return two disjoint random choices of `count` images, in order, of `limit` at most each."""
    size = min(limit, count // 2)
    order = np.random.default_rng(seed).permutation(count)
    return sorted(order[:size].tolist()), sorted(order[size : 2 * size].tolist())


@torch.no_grad()
def sample(generator: Generator, count: int, seed: int) -> Images:
    """Return `count` images of random z, uint8."""
    frozen = place(freeze(generator))
    z = torch.randn(count, generator.latent_dim, generator=torch.Generator().manual_seed(seed))
    return np.concatenate(
        [to_uint8(frozen(some.to(device()))) for some in torch.split(z, _AT_ONCE)]
    )


def report(generated: Distances, floor: Distances, count: int) -> str:
    """Return the figures as a table, and what they may be compared with.

    Args:
        generated: of generated images, from training images.
        floor: of other training images, from the same ones.
        count: images in each of the three sets.
    """
    lines = [f"{'':<36} {'FID':>8} {'KID × 1000':>18}"]
    for name, one in (("generated images", generated), ("training images: the floor", floor)):
        kid = f"{1000 * one.kid:.2f} ± {1000 * one.kid_deviation:.2f}"
        lines.append(f"{name:<36} {one.fid:>8.2f} {kid:>18}")
    lines += [
        f"Both from other training images; {count:,} images in each set.",
        "FID is biased: the fewer the images, the higher. Compare it with the floor, and with",
        "figures from as many images. KID is not; after ± its standard deviation over subsets.",
    ]
    if count <= FEATURES:
        lines.append(
            f"FID wants more than {FEATURES:,} images, as many as it has dimensions: go by KID."
        )
    return "\n".join(lines)


def measure(weights: Path, sha256: str | None, limit: int, seed: int) -> str:
    """Return the report on what the pipeline left in models/ and data/cropped/.

    Args:
        weights: the Inception network's weights.
        sha256: their SHA-256; None = not checked.
        limit: the most images in each set.
        seed: of the choice of training images, of z and of KID's subsets.

    Raises:
        UserError: something is missing, or there are fewer than eight training images.
    """
    extractor = load_extractor(weights, sha256)
    train, generator = load_images(TRAIN), load_trained(MODELS)[0]
    chosen, others = halves(len(train), limit, seed)
    if len(chosen) < 4:
        raise UserError(f"{TRAIN} holds {len(train)} images: two sets of four are needed")
    reference = features(train[chosen], extractor, "training images")
    real = features(train[others], extractor, "other training images")
    made = sample(generator, len(chosen), seed)
    generated = features(made, extractor, "generated images")
    figures = [distances(one, reference, seed) for one in (generated, real)]
    return report(figures[0], figures[1], len(chosen))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the report; end the process as command_line says."""
    parser = argparse.ArgumentParser(
        prog="python -m dcgan_inpainting.commands.fid",
        description=(__doc__ or "").partition("\n")[0],
    )
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help=f"default: {WEIGHTS}")
    parser.add_argument("--sha256", default=SHA256, help="of the weights; any = not checked")
    parser.add_argument("--images", type=int, default=10_000, help="the most in a set, at least 4")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if options.images < 4:
        parser.error("--images must be at least 4")
    expected = None if options.sha256 == "any" else options.sha256
    with reporting("fid"):
        print(measure(options.weights, expected, options.images, options.seed))


if __name__ == "__main__":
    main()
