"""Drawn flowers: a data set that is none of faces, for the tests of one's own images."""

import colorsys
import math
import random
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter


def draw_flowers(folder: Path, plants: int, of_each: int, *, size: int = 160) -> None:
    """Write JPEGs of flowers, a folder for each plant: folder/plant-001/2.jpg …

    All flowers of a plant have its number of petals, their shape and its colour; each stands turned
    otherwise, before another background.
    """
    for plant in range(1, plants + 1):
        rng = random.Random(plant)
        petals = rng.randint(5, 14), rng.uniform(0.12, 0.4), rng.uniform(0.55, 1.15)
        here = folder / f"plant-{plant:03}"
        here.mkdir(parents=True)
        for number in range(1, of_each + 1):
            flower(rng, *petals, size).save(here / f"{number}.jpg", quality=92)


def flower(rng: random.Random, petals: int, width: float, hue: float, size: int) -> Image.Image:
    """Return one flower, drawn at twice its size and made smaller."""
    side = 2 * size
    image = Image.new("RGB", (side, side), _colour(rng.uniform(0.2, 0.4), 0.6, 0.35))
    middle = side / 2
    for _ in range(24):  # leaves out of focus
        x, y, radius = rng.uniform(0, side), rng.uniform(0, side), rng.uniform(0.1, 0.3) * side
        green = _colour(rng.uniform(0.22, 0.38), 0.6, rng.uniform(0.2, 0.6))
        ImageDraw.Draw(image).ellipse((x - radius, y - radius / 2, x + radius, y + radius), green)
    image = image.filter(ImageFilter.GaussianBlur(side / 40))
    draw = ImageDraw.Draw(image)
    reach, turned = side * rng.uniform(0.36, 0.44), rng.uniform(0, math.tau)
    for ring, value in ((1.0, 0.75), (0.75, 0.95)):
        for number in range(petals):
            angle = turned + math.tau * (number + (1 - ring) * 2) / petals
            _petal(draw, middle, angle, reach * ring, width * reach, _colour(hue, 0.75, value))
    heart = reach * 0.22
    square = (middle - heart, middle - heart, middle + heart, middle + heart)
    draw.ellipse(square, _colour(0.13, 0.85, 0.9), _colour(0.08, 0.8, 0.5), side // 80)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def _petal(
    draw: ImageDraw.ImageDraw,
    middle: float,
    angle: float,
    length: float,
    width: float,
    colour: tuple[int, int, int],
) -> None:
    along, across = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
    outline = []
    for step in range(24):
        turn = math.tau * step / 24
        far, aside = length * (1 + math.cos(turn)) / 2, width * math.sin(turn)
        outline.append(tuple(middle + far * along[k] + aside * across[k] for k in (0, 1)))
    draw.polygon(outline, colour, tuple(level * 2 // 3 for level in colour))


def _colour(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(255 * red), round(255 * green), round(255 * blue)
