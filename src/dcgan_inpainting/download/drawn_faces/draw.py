"""Faces that the project draws itself, framed as CelebA's aligned set frames its photographs.

The mean landmarks are CelebA's: eyes (69, 111) and (108, 111), tip of the nose (88, 135), corners
of the mouth (73, 152) and (105, 152), as (x, y) in a frame of 178 x 218.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dcgan_inpainting.download.drawn_faces import features, hair, head
from dcgan_inpainting.download.drawn_faces.canvas import HEIGHT, WIDTH, Canvas, at_depth
from dcgan_inpainting.download.drawn_faces.traits import Scene, Traits, sample_traits

SHADE_CELL = 8


def draw_face(index: int, seed: int) -> NDArray[np.uint8]:
    """Draw one face.

    Args:
        index: number of the face, 0 or more.
        seed: number of the set of faces, 0 or more.

    Returns:
        (218, 178, 3) RGB, 0...255; depends on `seed` and `index` only.
    """
    return paint_face(sample_traits(np.random.default_rng([seed, index])))


def paint_face(traits: Traits) -> NDArray[np.uint8]:
    """Paint the face that the traits describe, from back to front: (218, 178, 3) RGB, 0...255."""
    canvas = Canvas(traits.pose, _background(traits.scene))
    hair.paint_back_hair(canvas, traits)
    head.paint_neck(canvas, traits)
    face = head.paint_head(canvas, traits)
    head.paint_skin_shading(canvas, traits, face)
    features.paint_nose(canvas, traits, face)
    hair.paint_beard(canvas, traits, face)
    features.paint_mouth(canvas, traits)
    for side in (-1, 1):
        features.paint_eye(canvas, traits, side)
        features.paint_brow(canvas, traits, side)
    hair.paint_front_hair(canvas, traits, face)
    features.paint_glasses(canvas, traits)
    canvas.light(_shade(traits))
    return np.array(canvas.image)


def _background(scene: Scene) -> Image.Image:
    column = Image.new("RGB", (1, 2))
    column.putpixel((0, 0), scene.upper)
    column.putpixel((0, 1), scene.lower)
    return column.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)


def _shade(traits: Traits) -> Image.Image:
    """Lambert shading of an ellipsoid as large as head and hair, an "L" image of the frame's size.

    Reckoned on a coarse grid, rounded, and enlarged by Pillow in integers, so that neither the last
    bit of a square root nor the machine can show in a pixel.
    """
    centre = traits.pose.place(at_depth(np.array([[0.0, 112.0]]), -22.0))[0]
    x = (np.arange(-1, WIDTH // SHADE_CELL + 2) + 0.5) * SHADE_CELL
    y = (np.arange(-1, HEIGHT // SHADE_CELL + 2) + 0.5) * SHADE_CELL
    u = ((x - centre[0]) / 66.0)[None, :]
    v = ((y - centre[1]) / 100.0)[:, None]
    square = u * u + v * v
    forward = np.sqrt(np.maximum(0.0, 1.0 - square))
    outside = np.sqrt(np.maximum(1.0, square))
    light, ambient = traits.scene.light, traits.scene.ambient
    facing = (light * u - 0.35 * v) / outside + 0.9 * forward
    strength = 1.0 / math.sqrt(light * light + 0.35 * 0.35 + 0.9 * 0.9)
    value = np.minimum(1.0, ambient + (1.06 - ambient) * np.maximum(0.0, facing) * strength)
    table = Image.fromarray(np.rint(255.0 * value).astype(np.uint8))
    cells = (table.width * SHADE_CELL, table.height * SHADE_CELL)
    enlarged = table.resize(cells, Image.Resampling.BICUBIC)
    return enlarged.crop((SHADE_CELL, SHADE_CELL, SHADE_CELL + WIDTH, SHADE_CELL + HEIGHT))
