"""Eyes, brows, nose, mouth and glasses of a drawn face.

Coordinates are pixels of the CelebA frame with x counted from the midline, so that a part is
written once, for the right half of the picture, and mirrored.
"""

from __future__ import annotations

import numpy as np

from dcgan_inpainting.download.drawn_faces.canvas import (
    EYE_X,
    Canvas,
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
from dcgan_inpainting.download.drawn_faces.head import EYE_ROW, OUTLINE, WHITE, shade_of
from dcgan_inpainting.download.drawn_faces.traits import Traits


def paint_eye(canvas: Canvas, traits: Traits, side: int) -> None:
    """White, iris, pupil and lids of the eye at `side` (-1 left, 1 right of the picture)."""
    eyes, skin = traits.eyes, traits.head.skin
    half, up, slant = eyes.half_width, eyes.opening, eyes.slant
    low = 1.8 + 0.25 * up
    x = EYE_X
    upper_lid = ((x - half, EYE_ROW + 1.4), (x - half * 0.45, EYE_ROW - up * 0.8),
                 (x + half * 0.2, EYE_ROW - up),
                 (x + half * 0.7, EYE_ROW - up * 0.62 - slant * 0.4),
                 (x + half, EYE_ROW - slant))  # fmt: skip
    opening = closed_curve(
        *upper_lid, (x + half * 0.4, EYE_ROW + low), (x - half * 0.35, EYE_ROW + low)
    )
    eye = canvas.fill(on_face(mirrored(opening, side)), (246, 242, 238))
    # The gaze is the same for both eyes, hence not mirrored.
    iris_x, iris_y = side * x + eyes.gaze_x, EYE_ROW - 0.7 + eyes.gaze_y
    for radius, colour in ((5.5, darken(eyes.iris, 0.45)), (4.6, eyes.iris), (2.4, (14, 11, 12))):
        canvas.fill(on_face(ellipse(iris_x, iris_y, radius, radius)), colour, within=eye)
    lid = open_curve(*upper_lid)
    cast = on_face(mirrored(stroke(lid + np.array([0.0, 1.2]), 1.0, 2.6, 1.0), side))
    canvas.fill(cast, (40, 28, 30), opacity=0.35, blur=1, within=eye)
    glint = ellipse(iris_x + 1.5 * (1 if traits.scene.light > 0 else -1), iris_y - 1.6, 1.1, 1.1)
    canvas.fill(on_face(glint), WHITE, opacity=0.9, within=eye)
    lash = stroke(lid, 0.9, eyes.lash * 0.85, eyes.lash)
    canvas.fill(on_face(mirrored(lash, side), 0.5), mix((30, 20, 20), darken(skin, 0.3), 0.3))
    crease = stroke(lid + np.array([0.4, -2.8]), 0.5, 1.2, 0.6)
    canvas.fill(on_face(mirrored(crease, side), 0.5), shade_of(skin), opacity=0.65)
    under = stroke(open_curve((x + half * 0.9, EYE_ROW), (x + half * 0.35, EYE_ROW + low + 0.5),
                              (x - half * 0.6, EYE_ROW + low)), 0.6, 1.1, 0.5)  # fmt: skip
    canvas.fill(on_face(mirrored(under, side)), shade_of(skin), opacity=0.7)


def paint_brow(canvas: Canvas, traits: Traits, side: int) -> None:
    """One eyebrow."""
    eyes = traits.eyes
    row = 99.0 - eyes.brow_lift
    line = open_curve((8.5, row + 0.8), (15.0, row - eyes.brow_arch * 0.6),
                      (23.5, row - eyes.brow_arch), (32.5, row + 1.2))  # fmt: skip
    brow = stroke(line, eyes.brow_width * 0.95, eyes.brow_width, 0.8)
    canvas.fill(on_face(mirrored(brow, side), 1.0), eyes.brow_colour, opacity=0.92, blur=0.6)


def paint_nose(canvas: Canvas, traits: Traits, face: Stencil) -> None:
    """Bridge, tip, wings and nostrils; the side away from the light is in shade."""
    half, tip = traits.nose.half_width, traits.nose.tip_row
    skin = traits.head.skin
    shadow = shade_of(skin)
    light = traits.scene.light
    for side in (-1, 1):
        away = 0.42 - 0.3 * light * side
        flank = closed_curve((5.0, 103.0), (4.5, 116.0), (half * 0.55, tip - 6.0),
                             (half, tip + 1.0), (half * 1.02, tip - 5.0), (7.5, 116.0))  # fmt: skip
        canvas.fill(on_face(mirrored(flank, side), 4.0), shadow, opacity=away, blur=2, within=face)
    under = closed_curve((-half, tip + 2.0), (0.0, tip + 4.0), (half, tip + 2.0),
                         (half * 0.6, tip + 6.5), (0.0, tip + 8.0),
                         (-half * 0.6, tip + 6.5))  # fmt: skip
    canvas.fill(on_face(under, 6.0), shadow, opacity=0.62, blur=1.5)
    bridge = stroke(open_curve((0.0, 102.0), (0.0, 120.0), (0.0, tip - 3.0)), 3.0, 3.0, 4.0)
    shine = mix(skin, WHITE, 0.5)
    canvas.fill(on_face(bridge, 9.0), shine, opacity=0.35, blur=2)
    canvas.fill(
        on_face(ellipse(light * 1.5, tip - 1.5, 2.8, 2.4), 13.0), shine, opacity=0.7, blur=1
    )
    for side in (-1, 1):
        wing = stroke(open_curve((half * 0.80, tip - 4.0), (half * 1.02, tip + 0.5),
                                 (half * 0.62, tip + 4.6)), 0.5, 1.6, 1.2)  # fmt: skip
        canvas.fill(on_face(mirrored(wing, side), 7.0), shadow, opacity=0.7)
        nostril = mirrored(ellipse(half * 0.42, tip + 4.0, half * 0.24, 1.5), side)
        canvas.fill(on_face(nostril, 8.0), darken(shadow, 0.5))


def paint_mouth(canvas: Canvas, traits: Traits) -> None:
    """Lips, and teeth when the mouth is open."""
    mouth = traits.mouth
    half, row, opening = mouth.half_width, mouth.row, mouth.opening
    corner = row - 2.6 * mouth.smile
    middle = row + 1.0 * mouth.smile - 0.35 * opening
    upper, lower = mouth.lips * 0.85, mouth.lips * 1.25
    bottom = middle + opening
    shadow = shade_of(traits.head.skin)
    below = ellipse(0.0, bottom + lower + 2.5, half * 0.6, 2.0)
    canvas.fill(on_face(below, 3.0), shadow, opacity=0.5, blur=2)
    lips = closed_curve(
        (-half, corner), (-half * 0.5, middle - upper * 0.85), (-3.0, middle - upper),
        (0.0, middle - upper * 0.75), (3.0, middle - upper), (half * 0.5, middle - upper * 0.85),
        (half, corner), (half * 0.6, bottom + lower * 0.62), (0.0, bottom + lower),
        (-half * 0.6, bottom + lower * 0.62),
    )  # fmt: skip
    canvas.fill(on_face(lips, 4.0), mouth.colour)
    shine = ellipse(traits.scene.light * 2.0, bottom + lower * 0.45, half * 0.4, lower * 0.22)
    canvas.fill(on_face(shine, 5.0), mix(mouth.colour, WHITE, 0.5), opacity=0.55, blur=1)
    if opening:
        inside = closed_curve((-half * 0.9, corner), (0.0, middle), (half * 0.9, corner),
                              (half * 0.5, bottom - 0.3 * opening), (0.0, bottom),
                              (-half * 0.5, bottom - 0.3 * opening))  # fmt: skip
        gap = canvas.fill(on_face(inside, 4.0), (70, 24, 26))
        teeth = closed_curve((-half * 0.85, corner - 1.0), (0.0, middle - 1.0),
                             (half * 0.85, corner - 1.0), (half * 0.45, middle + 0.6 * opening),
                             (0.0, middle + 0.75 * opening),
                             (-half * 0.45, middle + 0.6 * opening))  # fmt: skip
        canvas.fill(on_face(teeth, 4.0), (246, 240, 230), within=gap)
    else:
        line = open_curve((-half, corner), (-half * 0.4, middle), (0.0, middle + 0.4),
                          (half * 0.4, middle), (half, corner))  # fmt: skip
        canvas.fill(on_face(stroke(line, 1.0, 1.5, 1.0), 4.0), darken(mouth.colour, 0.45))


def paint_glasses(canvas: Canvas, traits: Traits) -> None:
    """Frame, bridge and side pieces of the glasses."""
    glasses = traits.glasses
    if glasses.shape == "none":
        return
    half, rim = glasses.half_width, glasses.rim
    tall = half * (0.92 if glasses.shape == "round" else 0.72)
    for side in (-1, 1):
        x, y = EYE_X + 0.8, EYE_ROW + 1.5
        outer, inner = (
            ellipse(x, y, half - inset, tall - inset)
            if glasses.shape == "round"
            else _rounded_box(x, y, half - inset, tall - inset)
            for inset in (0.0, rim)
        )
        lens = on_face(mirrored(inner, side), 6.0)
        canvas.fill(lens, (214, 226, 238), opacity=0.10)
        canvas.fill(on_face(mirrored(outer, side), 6.0), glasses.colour, hole=lens)
        arm = np.array([(x + half - 1.0, y - 4.0), (x + half - 1.0, y - 1.6),
                        (traits.head.half_width + 2.0, y - 1.4),
                        (traits.head.half_width + 2.0, y - 3.4)])  # fmt: skip
        placed = np.concatenate([on_face(arm[:2], 5.0), at_depth(arm[2:], OUTLINE)])
        canvas.fill(mirrored(placed, side), glasses.colour)
    bridge = open_curve((-EYE_X - 0.8 + half - 0.6, EYE_ROW), (0.0, EYE_ROW - 2.2),
                        (EYE_X + 0.8 - half + 0.6, EYE_ROW))  # fmt: skip
    canvas.fill(on_face(stroke(bridge, rim, rim, rim), 5.0), glasses.colour)


def _rounded_box(x: float, y: float, half_width: float, half_height: float) -> Points:
    corners = [(0.0, -1.0), (0.82, -0.96), (1.0, -0.6), (0.9, 0.55), (0.6, 0.95), (0.0, 1.0)]
    half = [(half_width * a, half_height * b) for a, b in corners]
    box: Points = symmetric_curve(*half) + np.array([x, y])
    return box
