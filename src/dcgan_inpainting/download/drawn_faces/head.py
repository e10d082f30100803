"""Head, ears, neck and clothes of a drawn face, and the soft shading of its skin.

Coordinates are pixels of the CelebA frame with x counted from the midline, so that a part is
written once, for the right half of the picture, and mirrored.
"""

from __future__ import annotations

import numpy as np

from dcgan_inpainting.download.drawn_faces.canvas import (
    EYE_X,
    HEIGHT,
    Canvas,
    Colour,
    Points,
    Stencil,
    at_depth,
    closed_curve,
    darken,
    ellipse,
    mirrored,
    mix,
    on_face,
    open_curve,
    stroke,
    symmetric_curve,
)
from dcgan_inpainting.download.drawn_faces.traits import Head, Traits

EYE_ROW = 111.0
# Depths in px against the plane of the eyes: what yaw moves against the features.
OUTLINE, BEHIND = -22.0, -30.0
BELOW = HEIGHT + 20.0
WHITE: Colour = (255, 255, 255)


def shade_of(skin: Colour) -> Colour:
    """Skin in shade: darker and redder, as light that has passed through it."""
    return mix(darken(skin, 0.55), (96, 30, 22), 0.22)


def head_outline(head: Head, row_shift: float = 0.0) -> Points:
    """Outline of the bare head, crown to chin, moved down by `row_shift` px: (N, 2)."""
    w, bottom = head.half_width, head.chin_row
    half = [
        (0.0, 43.0), (16.0, 45.5), (29.0, 54.0), (0.9 * w, 71.0), (0.985 * w, 92.0), (w, 112.0),
        (0.965 * w, 130.0), (head.jaw, 152.0), (0.5 * (head.jaw + head.chin) + 1.0, bottom - 13.0),
        (head.chin * 0.75, bottom - 2.5), (0.0, bottom),
    ]  # fmt: skip
    return symmetric_curve(*((x, y + row_shift) for x, y in half))


def outline_at_depth(outline: Points) -> Points:
    """(N, 2) points of the face's outline to (N, 3), the chin before the ears."""
    placed = at_depth(outline, OUTLINE)
    placed[:, 2] += np.minimum(18.0, np.maximum(0.0, (outline[:, 1] - 126.0) * 0.36))
    return placed


def paint_neck(canvas: Canvas, traits: Traits) -> None:
    """Neck, the head's shadow on it, and clothes."""
    head, skin = traits.head, traits.head.skin
    half = 0.95 * head.jaw - 9.5
    neck_outline = closed_curve(
        (-half, 150.0), (half, 150.0), (half + 1.0, 185.0), (half + 14.0, 202.0),
        (half + 20.0, BELOW), (-half - 20.0, BELOW), (-half - 14.0, 202.0), (-half - 1.0, 185.0),
    )  # fmt: skip
    neck = canvas.silhouette(at_depth(neck_outline, -26.0), darken(skin, 0.92))
    shadow = outline_at_depth(head_outline(head, 9.0))
    canvas.fill(shadow, shade_of(skin), opacity=0.75, blur=4, within=neck)
    for side in (-1, 1):
        shoulder = open_curve((30.0, BELOW), (half + 3.0, 206.0), (half + 10.0, 196.0),
                              (64.0, 204.0), (94.0, 216.0), (100.0, BELOW))  # fmt: skip
        canvas.silhouette(at_depth(mirrored(shoulder, side), -26.0), traits.scene.clothes)


def paint_head(canvas: Canvas, traits: Traits) -> Stencil:
    """Ears and the face's outline; returns the area of the face."""
    head = traits.head
    covered = traits.hair.length in ("medium", "long") and not traits.hair.tucked
    if not covered:
        for side in (-1, 1):
            ear = mirrored(
                closed_curve((head.half_width - 4.0, 106.0), (head.half_width + 4.0, 103.0),
                             (head.half_width + 6.5, 112.0), (head.half_width + 4.0, 126.0),
                             (head.half_width - 1.0, 133.0), (head.half_width - 5.0, 124.0)),
                side,
            )  # fmt: skip
            canvas.silhouette(at_depth(ear, OUTLINE), darken(head.skin, 0.93))
            inner = mirrored(ellipse(head.half_width + 1.5, 115.0, 2.2, 7.0), side)
            canvas.fill(at_depth(inner, OUTLINE), shade_of(head.skin), opacity=0.6, blur=1)
    return canvas.silhouette(outline_at_depth(head_outline(head)), head.skin)


def paint_skin_shading(canvas: Canvas, traits: Traits, face: Stencil) -> None:
    """Soft shadows and colour of the skin: sockets, cheeks, temples, chin, folds of age."""
    head = traits.head
    shadow = shade_of(head.skin)
    blush = mix(head.skin, (214, 84, 74), 0.42)
    rim = outline_at_depth(head_outline(head))
    inner = at_depth(head_outline(head) * np.array([0.84, 0.92]) + np.array([0.0, 8.0]), -14.0)
    canvas.fill(rim, shadow, opacity=0.5, blur=5, hole=inner, within=face)
    chin = ellipse(0.0, head.chin_row - 9.0, head.chin * 0.7, 5.0)
    canvas.fill(on_face(chin), mix(head.skin, WHITE, 0.25), opacity=0.5, blur=3, within=face)
    for side in (-1, 1):
        socket = mirrored(ellipse(EYE_X - 1.0, EYE_ROW - 3.0, 12.5, 7.0), side)
        canvas.fill(on_face(socket), shadow, opacity=0.34, blur=3, within=face)
        cheek = mirrored(ellipse(26.0, 134.0, 9.0, 8.0), side)
        canvas.fill(on_face(cheek), blush, opacity=0.55, blur=5, within=face)
        fold_strength = 0.12 + 0.35 * head.age * head.age + 0.2 * max(0.0, traits.mouth.smile)
        fold = stroke(open_curve((11.5, 136.0), (17.0, 143.0), (20.5, 152.0)), 1.0, 2.2, 1.0)
        canvas.fill(on_face(mirrored(fold, side), 3.0), shadow, opacity=fold_strength, blur=1)
        if head.age > 0.55:
            bag = stroke(open_curve((12.0, 117.0), (19.0, 120.0), (27.0, 117.0)), 0.8, 2.2, 0.8)
            canvas.fill(on_face(mirrored(bag, side)), shadow, opacity=0.6 * head.age - 0.2, blur=1)
