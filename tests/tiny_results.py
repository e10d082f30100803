"""What a finished pipeline leaves for its report, in a second: small drawn faces, made-up curves.

Holes are filled without any network, and measured by the code that measures real ones.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from dcgan_inpainting.common.images import Images, grid, save_png
from dcgan_inpainting.crop.square import cut_square, scale
from dcgan_inpainting.download.drawn_faces.draw import draw_face
from dcgan_inpainting.evaluate.comparison import measure
from dcgan_inpainting.evaluate.reports import with_files, write_reports
from dcgan_inpainting.evaluate.trials import OTHERS, Trial
from dcgan_inpainting.masks.kinds import make_masks

ROOT = Path(__file__).parents[1]
FACES, SIDE = 6, 32
KINDS = ("center", "half")
STEPS = (100, 200, 300)
# How far from the original each method's holes are, in grey levels; ours is the last.
ERRORS = {"mean": 40, "unet": 20, "encoder": 12, "latent": 10}


def build(folder: Path, kinds: Iterable[str] = KINDS) -> None:
    """Write a workspace: params.yaml, data/ and reports/, as the stages would.

    Args:
        folder: where to, an empty one.
        kinds: of the masks.
    """
    shutil.copy(ROOT / "params.yaml", folder)
    faces = [cut_square(draw_face(number, 1), 108) for number in range(FACES)]
    images = np.concatenate([scale(face[None], SIDE) for face in faces])
    data = folder / "data"
    for name in ("cropped", "masks"):
        (data / name).mkdir(parents=True)
    np.save(data / "cropped/test.npy", images)
    index = pd.DataFrame({"split": "test", "row": range(FACES)})
    index["file"] = [f"{n:06d}.jpg" for n in range(FACES)]
    index.to_csv(data / "cropped/index.csv", index=False)
    names = ", ".join(f'"{kind}"' for kind in kinds)
    (data / "masks/masks.json").write_text(f'{{"split": "test", "kinds": [{names}]}}')
    measured = [_restore(folder, kind, images) for kind in kinds]
    (folder / "reports").mkdir()
    per_image = with_files(pd.concat(measured), data / "cropped/index.csv", "test")
    write_reports(folder / "reports", per_image, "latent")
    _write_curves(folder / "reports", images)


def _restore(folder: Path, kind: str, images: Images) -> pd.DataFrame:
    """Fill the holes of a kind of mask by each method; return how well."""
    known = make_masks(kind, FACES, SIDE, 1)
    np.save(folder / f"data/masks/{kind}.npy", known)
    rng = np.random.default_rng(0)
    worse = np.linspace(0.5, 1.5, FACES)[:, None, None, None]  # face by face
    restored = {}
    for method, error in ERRORS.items():
        noise = worse * rng.normal(0, error, images.shape)
        noisy = np.clip(images + noise, 0, 255).astype(np.uint8)
        restored[method] = np.where(known[..., None], images, noisy)
        ours = Path("data/inpainted", kind, "composite.npy")
        path = folder / (OTHERS[method] / kind / f"{method}.npy" if method in OTHERS else ours)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, restored[method])
    (folder / "data/inpainted" / kind / "settings.json").write_text('{"method": "latent"}')
    return measure(Trial(images, known, restored)).assign(mask=kind)


def _write_curves(reports: Path, images: Images) -> None:
    for name in ("train/samples", "encoder", "unet"):
        (reports / name).mkdir(parents=True)
    steps = np.arange(1, 301)
    losses = {"step": steps, "images": 16 * steps, "g_loss": 3 - steps / 200, "d_loss": 1.0}
    losses |= {"d_real": 0.7, "d_fake": 0.3, "g_grad_norm": 30.0, "d_grad_norm": 3.0}
    pd.DataFrame(losses).to_csv(reports / "train/losses.csv", index=False)
    seen = pd.DataFrame({"step": STEPS, "images": [16 * step for step in STEPS]})
    scores = {"swd": [60.0, 40.0, 30.0], "swd_floor": 17.0, "reconstruction_psnr": [20, 22, 23.5]}
    seen.assign(**scores).to_csv(reports / "train/validation.csv", index=False)
    for step in STEPS:
        save_png(grid(images[: step // 100]), reports / f"train/samples/{step:07d}.png")
    for name, lead in (("encoder", 1.0), ("unet", 0.0)):
        progress = seen[["step", "images"]].assign(psnr=[18 + lead, 20 + lead, 22 + lead])
        progress.to_csv(reports / name / "training.csv", index=False)
        tried = progress.rename(columns={"psnr": "center"}).assign(half=progress["psnr"] - 3)
        tried.to_csv(reports / name / "validation.csv", index=False)
