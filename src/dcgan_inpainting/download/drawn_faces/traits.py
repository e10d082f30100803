"""What a drawn face looks like: its traits, and how they are drawn by lot, together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from dcgan_inpainting.download.drawn_faces.canvas import Colour, Pose, darken, mix

HairLength = Literal["bald", "short", "medium", "long"]
Fringe = Literal["back", "swept", "straight"]
Beard = Literal["none", "stubble", "moustache", "goatee", "full"]
GlassesShape = Literal["none", "round", "square"]

SKIN_TONES: tuple[Colour, ...] = (
    (255, 226, 208), (250, 211, 185), (240, 191, 156), (218, 163, 122),
    (184, 126, 88), (140, 92, 64), (98, 65, 48),
)  # fmt: skip
HAIR_TONES: tuple[Colour, ...] = (
    (30, 26, 27), (60, 42, 34), (100, 68, 46), (146, 106, 68), (206, 164, 100), (236, 208, 150),
)  # fmt: skip
RED_HAIR: Colour = (166, 76, 36)
GREY_HAIR: tuple[Colour, ...] = ((126, 124, 124), (220, 218, 214))
IRIS_TONES: tuple[Colour, ...] = (
    (48, 28, 18), (92, 56, 30), (120, 98, 50), (84, 126, 88), (76, 126, 172), (112, 148, 176),
)  # fmt: skip
CLOTHES: tuple[Colour, ...] = (
    (62, 76, 104), (150, 60, 58), (74, 104, 84), (198, 190, 178), (52, 50, 54), (170, 130, 74),
)  # fmt: skip
BACKGROUNDS: tuple[Colour, ...] = (
    (220, 212, 198), (146, 182, 218), (72, 104, 150), (122, 160, 122), (196, 132, 104),
    (66, 64, 74), (232, 232, 236), (200, 166, 202),
)  # fmt: skip


@dataclass(frozen=True)
class Head:
    """Outline of the face; lengths in px of the CelebA frame, half-widths from the midline."""

    half_width: float
    jaw: float
    chin: float
    chin_row: float
    skin: Colour
    age: float
    """0 is a young adult, 1 an old one."""


@dataclass(frozen=True)
class Hair:
    """Hair of the head; volume in px over the skull, parting -1 (left) ... 1 (right)."""

    length: HairLength
    fringe: Fringe
    volume: float
    parting: float
    line_row: float
    tucked: bool
    """Medium or long hair worn behind the ears."""
    colour: Colour


@dataclass(frozen=True)
class Eyes:
    """Both eyes: half-width and opening in px, slant of the outer corner, gaze in px."""

    half_width: float
    opening: float
    slant: float
    iris: Colour
    gaze_x: float
    gaze_y: float
    lash: float
    brow_width: float
    brow_arch: float
    brow_lift: float
    brow_colour: Colour


@dataclass(frozen=True)
class Nose:
    """Half-width of the wings and row of the tip, px."""

    half_width: float
    tip_row: float


@dataclass(frozen=True)
class Mouth:
    """Half-width, smile (-1 ... 1), opening and lips in px."""

    half_width: float
    row: float
    smile: float
    opening: float
    lips: float
    colour: Colour
    beard: Beard


@dataclass(frozen=True)
class Glasses:
    """Frame of the glasses, if any; half-width of a lens and width of the rim in px."""

    shape: GlassesShape
    half_width: float
    rim: float
    colour: Colour


@dataclass(frozen=True)
class Scene:
    """Light from the left (-1) to the right (1), how much of it is ambient, background, clothes."""

    light: float
    ambient: float
    upper: Colour
    lower: Colour
    clothes: Colour


@dataclass(frozen=True)
class Traits:
    """Everything that `draw_face` needs to know of one face."""

    pose: Pose
    head: Head
    hair: Hair
    eyes: Eyes
    nose: Nose
    mouth: Mouth
    glasses: Glasses
    scene: Scene


def sample_traits(rng: np.random.Generator) -> Traits:
    """Draw the traits of one face by lot.

    Masculinity, age and complexion are drawn first and the rest depends on them, as in life: what
    is seen of a face then tells much of what is hidden, which is what an inpainting model learns.
    """
    masculinity = 0.75 + 0.25 * _between(rng, -1, 1) if rng.random() < 0.5 else rng.random() * 0.5
    age = rng.random()
    complexion = rng.random() * _between(rng, 0.6, 1.0)
    head = _sample_head(rng, masculinity, age, complexion)
    hair = _sample_hair(rng, masculinity, age, complexion)
    mouth = _sample_mouth(rng, masculinity, head.skin)
    eyes = _sample_eyes(rng, masculinity, complexion, hair.colour, mouth.smile)
    nose = Nose(
        half_width=8.3 + 2.2 * masculinity * rng.random() + 1.6 * complexion * rng.random(),
        tip_row=134.5 + _between(rng, -1.5, 1.5) + 1.0 * masculinity,
    )
    return Traits(
        _sample_pose(rng), head, hair, eyes, nose, mouth, _sample_glasses(rng, age),
        _sample_scene(rng),
    )  # fmt: skip


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return low + (high - low) * rng.random()


def _near_zero(rng: np.random.Generator, spread: float) -> float:
    """Triangular about 0, within +-spread; only sums, so no libm is involved."""
    return spread * (rng.random() + rng.random() - 1.0)


def _along(tones: tuple[Colour, ...], position: float) -> Colour:
    """Colour at 0...1 along a row of tones, interpolated."""
    scaled = min(max(position, 0.0), 1.0) * (len(tones) - 1)
    first = min(int(scaled), len(tones) - 2)
    return mix(tones[first], tones[first + 1], scaled - first)


def _sample_pose(rng: np.random.Generator) -> Pose:
    return Pose(
        tilt=_near_zero(rng, 0.055),
        yaw=_near_zero(rng, 0.30),
        pitch=_near_zero(rng, 0.12),
        shift_x=_near_zero(rng, 2.0),
        shift_y=_near_zero(rng, 2.0),
        scale=1.0 + _near_zero(rng, 0.05),
    )


def _sample_head(
    rng: np.random.Generator, masculinity: float, age: float, complexion: float
) -> Head:
    half_width = 42.5 + 1.5 * masculinity + _near_zero(rng, 4.0)
    skin = _along(SKIN_TONES, complexion)
    return Head(
        half_width=half_width,
        jaw=half_width * (0.78 + 0.08 * masculinity + _near_zero(rng, 0.06)),
        chin=12.0 + 6.0 * masculinity + _near_zero(rng, 3.0),
        chin_row=180.0 + 4.0 * masculinity + _near_zero(rng, 5.0),
        skin=mix(skin, (222, 150, 118), 0.18 * rng.random()),
        age=age,
    )


def _sample_hair(
    rng: np.random.Generator, masculinity: float, age: float, complexion: float
) -> Hair:
    chance = rng.random()
    length: HairLength
    if masculinity > 0.5:
        length = "bald" if chance < 0.05 + 0.2 * age else "short" if chance < 0.93 else "medium"
    else:
        length = "short" if chance < 0.14 else "medium" if chance < 0.48 else "long"
    style = rng.random()
    fringe: Fringe = "back" if style < 0.3 else "swept" if style < 0.8 else "straight"
    # Fair hair goes with fair skin: the darker the skin, the narrower the choice.
    colour = _along(HAIR_TONES, rng.random() * (1.05 - 0.95 * complexion))
    if complexion < 0.4 and rng.random() < 0.16:
        colour = mix(colour, RED_HAIR, 0.85)
    greying = (age - 0.62) * 3.0 * rng.random()
    if greying > 0.25:
        colour = mix(colour, _along(GREY_HAIR, rng.random()), min(1.0, greying + 0.35))
    side = 1.0 if rng.random() < 0.5 else -1.0
    return Hair(
        length=length,
        fringe=fringe,
        volume=_between(rng, 3, 8) + 9.0 * complexion * rng.random(),
        parting=side * _between(rng, 0.1, 0.7),
        line_row=70.0 - 7.0 * masculinity * age + _near_zero(rng, 3.0),
        tucked=rng.random() < 0.3,
        colour=colour,
    )


def _sample_eyes(
    rng: np.random.Generator, masculinity: float, complexion: float, hair: Colour, smile: float
) -> Eyes:
    iris = _along(IRIS_TONES, rng.random() * max(0.2, 1.2 - 1.3 * complexion))
    return Eyes(
        half_width=10.5 + _near_zero(rng, 0.9),
        opening=5.7 - 0.7 * masculinity - 0.6 * max(0.0, smile) + _near_zero(rng, 1.1),
        slant=0.8 + _near_zero(rng, 1.6),
        iris=iris,
        gaze_x=_near_zero(rng, 2.2),
        gaze_y=_near_zero(rng, 0.8),
        lash=2.3 - 0.9 * masculinity + _near_zero(rng, 0.3),
        brow_width=3.4 + 1.7 * masculinity + _near_zero(rng, 0.9),
        brow_arch=3.6 - 2.0 * masculinity + _near_zero(rng, 1.2),
        brow_lift=_near_zero(rng, 2.0) - 1.5 * masculinity,
        # Brows are darker than the hair of the head, save white ones.
        brow_colour=mix(darken(hair, 0.66), (44, 32, 28), 0.3),
    )


def _sample_mouth(rng: np.random.Generator, masculinity: float, skin: Colour) -> Mouth:
    smile = _between(rng, -0.35, 1.0)
    opening = _between(rng, 2.5, 7.0) if smile > 0.25 and rng.random() < 0.6 else 0.0
    natural = mix(darken(skin, 0.80), (176, 62, 66), 0.38)
    painted = mix(natural, (176, 26, 48), 0.75 * rng.random())
    chance = rng.random()
    beard: Beard = "none"
    if masculinity > 0.5:
        beard = (
            "none" if chance < 0.45 else "stubble" if chance < 0.62 else "moustache"
            if chance < 0.72 else "goatee" if chance < 0.82 else "full"
        )  # fmt: skip
    return Mouth(
        half_width=15.0 + 2.6 * max(0.0, smile) + _near_zero(rng, 1.5),
        row=152.0 + _near_zero(rng, 2.0),
        smile=smile,
        opening=opening,
        lips=4.6 - 1.1 * masculinity + _near_zero(rng, 1.2),
        colour=natural if masculinity > 0.5 else painted,
        beard=beard,
    )


def _sample_glasses(rng: np.random.Generator, age: float) -> Glasses:
    worn = rng.random() < 0.09 + 0.12 * age
    round_lens = rng.random() < 0.45
    frames: tuple[Colour, ...] = ((34, 30, 32), (96, 52, 34), (168, 138, 82), (54, 62, 104))
    return Glasses(
        shape="none" if not worn else "round" if round_lens else "square",
        half_width=_between(rng, 13.6, 15.2),
        rim=_between(rng, 1.5, 2.8),
        colour=frames[int(rng.integers(len(frames)))],
    )


def _sample_scene(rng: np.random.Generator) -> Scene:
    upper = BACKGROUNDS[int(rng.integers(len(BACKGROUNDS)))]
    other = BACKGROUNDS[int(rng.integers(len(BACKGROUNDS)))]
    upper = darken(mix(upper, other, 0.5 * rng.random()), _between(rng, 0.7, 1.05))
    return Scene(
        light=_near_zero(rng, 1.3),
        ambient=_between(rng, 0.40, 0.66),
        upper=upper,
        lower=mix(upper, darken(other, 0.7), 0.6 * rng.random()),
        clothes=CLOTHES[int(rng.integers(len(CLOTHES)))],
    )
