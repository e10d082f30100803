"""Hair of a drawn face: behind it, over the forehead, beside the cheeks, and the beard.

Coordinates are pixels of the CelebA frame with x counted from the midline, so that a part is
written once, for the right half of the picture, and mirrored.
"""

from __future__ import annotations

import numpy as np

from dcgan_inpainting.download.drawn_faces.canvas import (
    Canvas,
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
from dcgan_inpainting.download.drawn_faces.head import (
    BEHIND,
    BELOW,
    OUTLINE,
    WHITE,
    outline_at_depth,
    shade_of,
)
from dcgan_inpainting.download.drawn_faces.traits import Traits


def paint_back_hair(canvas: Canvas, traits: Traits) -> None:
    """Hair behind head and neck."""
    hair, w = traits.hair, traits.head.half_width
    if hair.length == "bald":
        if traits.head.age > 0.5:
            rim = symmetric_curve((0.0, 84.0), (w - 7.0, 84.0), (w + 2.0, 96.0), (w + 2.0, 112.0),
                                  (w - 4.0, 134.0), (0.0, 140.0))  # fmt: skip
            canvas.silhouette(at_depth(rim, OUTLINE), darken(hair.colour, 0.85))
        return
    v = hair.volume
    top = [(0.0, 43.0 - v), (17.0, 45.5 - v), (31.0, 54.5 - v), (0.9 * w + 0.7 * v, 72.0 - 0.5 * v)]
    wide = w + 3.0 + 0.75 * v
    if hair.length == "short":
        rest = [(w + 1.0 + 0.45 * v, 96.0), (w - 2.0, 118.0), (w - 14.0, 140.0), (0.0, 150.0)]
    elif hair.length == "medium":
        rest = [
            (wide, 100.0), (wide + 3.0, 135.0), (wide + 1.0, 165.0), (w - 6.0, 182.0),
            (0.0, 184.0),
        ]  # fmt: skip
    else:
        rest = [(wide, 100.0), (wide + 3.0, 140.0), (wide + 7.0, 185.0), (wide + 6.0, BELOW),
                (0.0, BELOW)]  # fmt: skip
    outline = at_depth(symmetric_curve(*top, *rest), BEHIND)
    hair_mass = canvas.silhouette(outline, darken(hair.colour, 0.78))
    if hair.length != "short":
        # Behind the neck the hair lies in the head's own shadow.
        inner = ellipse(0.0, 165.0, 36.0, 34.0)
        canvas.fill(at_depth(inner, BEHIND), darken(hair.colour, 0.45), blur=6, within=hair_mass)


def paint_front_hair(canvas: Canvas, traits: Traits, face: Stencil) -> None:
    """Hair over the forehead and beside the face, with its shadow on the skin and its gloss."""
    hair, w = traits.hair, traits.head.half_width
    if hair.length == "bald":
        gloss = on_face(ellipse(traits.scene.light * 16.0, 64.0, 13.0, 7.0), -8.0)
        canvas.fill(gloss, mix(traits.head.skin, WHITE, 0.6), opacity=0.5, blur=5, within=face)
        return
    v = hair.volume
    right = [(w + 0.5, 108.0), (w + 1.0 + 0.45 * v, 92.0), (0.9 * w + 0.6 * v, 72.0 - 0.5 * v)]
    top = [(31.0, 54.5 - v), (17.0, 45.5 - v), (0.0, 43.0 - v), (-17.0, 45.5 - v),
           (-31.0, 54.5 - v)]  # fmt: skip
    over = open_curve(*_left(right)[::-1], *reversed(top), *reversed(right))
    edge = open_curve(*_hairline(traits))
    cap = np.concatenate([at_depth(over, -28.0), at_depth(edge, -14.0)])
    drop = cap + np.array([0.0, 4.0, 0.0])
    canvas.fill(drop, shade_of(traits.head.skin), opacity=0.5, blur=3, within=face)
    if hair.length in ("medium", "long") and not hair.tucked:
        _paint_locks(canvas, traits, face)
    area = canvas.silhouette(cap, hair.colour)
    gloss_line = open_curve((-34.0, 78.0), (-18.0, 62.0 - 0.4 * v), (0.0, 58.0 - 0.5 * v),
                            (18.0, 62.0 - 0.4 * v), (34.0, 78.0))  # fmt: skip
    gloss = at_depth(stroke(gloss_line, 4.0, 8.0, 4.0), -20.0)
    canvas.fill(gloss, mix(hair.colour, WHITE, 0.4), opacity=0.45, blur=3, within=area)
    if hair.fringe == "swept":
        part = 26.0 * hair.parting
        line = stroke(open_curve((part, hair.line_row - 6.0), (part * 0.9, 54.0),
                                 (part * 0.7, 44.0 - v)), 1.5, 1.5, 1.0)  # fmt: skip
        canvas.fill(at_depth(line, -17.0), darken(hair.colour, 0.55), opacity=0.6, blur=1,
                    within=area)  # fmt: skip


def _hairline(traits: Traits) -> list[tuple[float, float]]:
    """Vertices of the lower edge of the hair over the forehead, from right to left."""
    hair, w = traits.hair, traits.head.half_width
    row = hair.line_row
    right = [(w + 0.5, 108.0), (w - 4.0, 97.0), (w - 6.5, 86.0)]
    left = _left(right)
    if hair.fringe == "straight":
        return [*right[:2], (27.0, 92.5), (10.0, 93.5), (-10.0, 93.5), (-27.0, 92.5), *left[1:]]
    if hair.fringe == "swept":
        part = 26.0 * hair.parting
        return [*right, (0.5 * (part + w - 9.0), row + 7.0), (part + 2.5, row - 2.0),
                (part, row - 8.0), (part - 2.5, row - 2.0),
                (0.5 * (part - w + 9.0), row + 7.0), *left]  # fmt: skip
    return [*right, (22.0, row + 3.0), (8.0, row), (-8.0, row), (-22.0, row + 3.0), *left]


def _paint_locks(canvas: Canvas, traits: Traits, face: Stencil) -> None:
    """Hair that falls beside the face, over the ears."""
    hair, w, v = traits.hair, traits.head.half_width, traits.hair.volume
    wide = w + 2.0 + 0.75 * v
    bottom = 178.0 if hair.length == "medium" else BELOW
    for side in (-1, 1):
        lock = closed_curve(
            (0.6 * w, 70.0), (0.9 * w + 0.5 * v, 74.0 - 0.5 * v), (wide, 100.0),
            (wide + 3.0, 138.0),
            (wide + (0.0 if hair.length == "medium" else 6.0), bottom - 12.0), (w - 4.0, bottom),
            (w - 6.0, 160.0), (w - 2.5, 135.0), (w - 4.0, 104.0), (w - 9.0, 86.0),
        )  # fmt: skip
        outline = at_depth(mirrored(lock, side), -26.0)
        shade = outline - np.array([2.5 * side, -2.0, 0.0])
        canvas.fill(shade, shade_of(traits.head.skin), opacity=0.45, blur=3, within=face)
        canvas.silhouette(outline, darken(hair.colour, 0.95))
        gloss = stroke(
            open_curve((w + 2.0, 96.0), (w + 4.0, 125.0), (w + 3.0, 150.0)), 2.0, 5.0, 2.0
        )
        canvas.fill(at_depth(mirrored(gloss, side), OUTLINE), mix(hair.colour, WHITE, 0.3),
                    opacity=0.4, blur=3)  # fmt: skip


def paint_beard(canvas: Canvas, traits: Traits, face: Stencil) -> None:
    """Stubble, moustache, goatee or full beard, in the colour of the brows."""
    kind, head, mouth = traits.mouth.beard, traits.head, traits.mouth
    if kind == "none":
        return
    colour = mix(traits.eyes.brow_colour, traits.hair.colour, 0.4)
    row, smile = mouth.row, 2.0 * mouth.smile
    half = mouth.half_width
    upper = row - mouth.lips
    opacity = 0.34 if kind == "stubble" else 0.92
    if kind in ("full", "stubble"):
        w, bottom = head.half_width, head.chin_row + (5.0 if kind == "full" else 1.0)
        jaw = [
            (w - 1.0, 110.0), (0.965 * w + 1.0, 130.0), (head.jaw + 1.5, 152.0),
            (0.5 * (head.jaw + head.chin) + 2.5, bottom - 13.0), (head.chin * 0.8, bottom - 2.0),
        ]  # fmt: skip
        cheek = [
            (0.88 * w, 127.0), (0.74 * w, 144.0), (half + 4.0, upper + 1.0 - smile),
            (8.0, upper - 4.2),
        ]  # fmt: skip
        outer = outline_at_depth(open_curve(*jaw, (0.0, bottom), *_left(jaw)))
        inner = on_face(open_curve((0.955 * w, 112.0), *cheek, (0.0, upper - 3.6), *_left(cheek),
                                   (-0.955 * w, 112.0)))  # fmt: skip
        within = face if kind == "stubble" else None
        canvas.fill(np.concatenate([outer, inner[::-1]]), colour, opacity=opacity, blur=1.2,
                    within=within)  # fmt: skip
        return
    lip = closed_curve(
        (0.0, upper - 4.6), (7.0, upper - 5.0), (half + 1.5, row - 2.5 - smile),
        (half + 2.5, row + 1.0 - smile), (half * 0.6, upper + 0.5), (0.0, upper + 0.5),
        (-half * 0.6, upper + 0.5), (-half - 2.5, row + 1.0 - smile),
        (-half - 1.5, row - 2.5 - smile), (-7.0, upper - 5.0),
    )  # fmt: skip
    canvas.fill(on_face(lip, 5.0), colour, opacity=opacity, blur=1)
    if kind == "goatee":
        lower = row + mouth.opening + 1.3 * mouth.lips
        chin = symmetric_curve((0.0, lower + 2.0), (10.0, lower + 1.0), (14.0, row + 10.0),
                               (head.chin * 0.8, head.chin_row - 4.0),
                               (0.0, head.chin_row + 3.0))  # fmt: skip
        canvas.fill(on_face(chin, 2.0), colour, opacity=opacity, blur=2)


def _left(right_half: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same vertices on the other side of the midline, in reverse order."""
    return [(-x, y) for x, y in reversed(right_half)]
