"""A store like one that a sweep leaves, in seconds: drawn faces, holes filled without a network."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from PIL import Image, ImageFilter

from dcgan_inpainting.cropping import cut_square, scale
from dcgan_inpainting.faces.drawn import draw_face
from dcgan_inpainting.images import Images, Known, columns_of
from dcgan_inpainting.masks import Kind, make_masks
from dcgan_inpainting.metrics import quality
from dcgan_inpainting.tracking.runs import experiment

FACES = 3
SIDE = 64
KINDS: tuple[Kind, ...] = ("center", "pattern", "random", "half")
PARAMS = Path(__file__).parents[2] / "params.yaml"


@dataclass(frozen=True)
class Experiment:
    """What one parent run holds."""

    name: str
    swept: Mapping[str, str]
    strength: float  # 0 = the hole is filled with a blur, 1 = with the original

    @property
    def tag(self) -> str:
        return " ".join(f"{name}={value}" for name, value in self.swept.items())


SWEEP = (
    Experiment("baseline · 3f2a91c", {}, 0.55),
    Experiment("inpaint.steps=50 · sedgy-plow", {"inpaint.steps": "50"}, 0.20),
    Experiment("inpaint.steps=100 · moody-kerb", {"inpaint.steps": "100"}, 0.40),
    Experiment("inpaint.steps=400 · gaunt-pint", {"inpaint.steps": "400"}, 0.60),
    Experiment("inpaint.steps=400 train.width=32 · loyal-wren", {"inpaint.steps": "400", "train.width": "32"}, 0.68),
)


def build(root: Path, sweep: tuple[Experiment, ...] = SWEEP) -> dict[str, dict[str, float]]:
    """Log the sweep into root's store; return each experiment's headline metrics by its name."""
    uri, number = experiment(root)
    client = MlflowClient(uri)
    original = np.stack([_face(index) for index in range(FACES)])
    return {one.name: _log(client, number, one, original) for one in sweep}


def _face(index: int) -> Images:
    return scale(cut_square(draw_face(index, 1), 108)[None], SIDE)[0]


def _log(
    client: MlflowClient, number: str, one: Experiment, original: Images
) -> dict[str, float]:
    tags = {"kind": "experiment", **({"swept": one.tag} if one.swept else {})}
    parent = client.create_run(number, tags=tags, run_name=one.name).info.run_id
    values = {**_baseline(), **one.swept}
    client.log_batch(parent, params=[Param(*pair) for pair in values.items()])
    figures: dict[str, float] = {}
    rows: dict[str, list[object]] = {"face": [], "restored": []}
    for kind in KINDS:
        known = make_masks(kind, FACES, SIDE, 1)
        restored = _fill(original, known, one.strength)
        measured = [quality(*trio) for trio in zip(original, restored, known, strict=True)]
        figures[f"hole_psnr/{kind}"] = round(float(np.mean([m.hole_psnr for m in measured])), 2)
        figures[f"hole_ssim/{kind}"] = round(float(np.mean([m.hole_ssim for m in measured])), 3)
        damaged = np.where(known[..., None], original, 255).astype(np.uint8)
        picture = columns_of([original, damaged, restored], scale=3)
        client.log_image(parent, picture, key=f"restored/{kind}", step=0)
        rows["face"] += [f"{kind} {index}" for index in range(FACES)]
        rows["restored"] += [mlflow.Image(columns_of([t[None] for t in trio], scale=2)) for trio in zip(original, damaged, restored)]
    client.log_table(parent, rows, "restored.json")
    for name in ("hole_psnr", "hole_ssim"):
        figures[f"{name}/mean"] = round(float(np.mean([figures[f"{name}/{kind}"] for kind in KINDS])), 3)
    client.log_batch(parent, metrics=[Metric(*pair, 0, 0) for pair in figures.items()])
    _log_stage(client, number, parent, "train", "loss/generator")
    _log_stage(client, number, parent, "inpaint", "objective")
    client.set_terminated(parent)
    return figures


def _baseline() -> dict[str, str]:
    sections = yaml.safe_load(PARAMS.read_text(encoding="utf-8"))
    return {f"{s}.{k}": str(v) for s, values in sections.items() for k, v in values.items()}


def _fill(original: Images, known: Known, strength: float) -> Images:
    blurred = np.stack(
        [np.asarray(Image.fromarray(face).filter(ImageFilter.GaussianBlur(9))) for face in original]
    )
    filled = strength * original + (1 - strength) * blurred
    return np.where(known[..., None], original, filled).astype(np.uint8)


def _log_stage(client: MlflowClient, number: str, parent: str, stage: str, curve: str) -> None:
    tags = {"kind": "stage", "stage": stage, "mlflow.parentRunId": parent}
    child = client.create_run(number, tags=tags, run_name=stage).info.run_id
    points = [Metric(curve, 1 / (step + 1), 0, step) for step in range(20)]
    client.log_batch(child, metrics=points, tags=[RunTag("host", "synthetic")])
    client.set_terminated(child)
