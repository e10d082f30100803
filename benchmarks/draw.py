"""Faces drawn a second, by one process and by all: `python -m benchmarks.draw`."""

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.measuring import measured, show
from dcgan_inpainting.download.drawn_faces.write import draw_faces
from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.process.cores import cores


def draw(count: int, workers: int) -> tuple[int, float]:
    """Draw, encode and pack faces, the start of the processes included."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        draw_faces(Path(folder) / "images.zip", count, seed=1, workers=workers)
        return count, time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1000, help="faces to draw each time")
    count = parser.parse_args().images
    results = {f"{workers} process(es)": measured(draw, count, workers) for workers in (1, cores())}
    show(f"drawing {count} faces of 178×218, as JPEG in a zip", results)


if __name__ == "__main__":
    with reporting("draw"):
        main()
