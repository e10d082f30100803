"""Faces drawn a second, by one process and by all: `python -m benchmarks.draw`."""

import argparse
import tempfile
import time
from pathlib import Path

from dcgan_inpainting import parallel
from dcgan_inpainting.drawing import draw_faces


def measure(count: int, workers: int) -> float:
    """Return faces a second: drawn, encoded, packed, the start of processes included."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        draw_faces(Path(folder) / "images.zip", count, seed=1, workers=workers)
        return count / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1000, help="faces to draw each time")
    count = parser.parse_args().images
    cores = parallel.cores()
    one, all_ = measure(count, 1), measure(count, cores)
    print(f"drawing {count} faces of 178×218, as JPEG in a zip")
    print(f"  1 process    {one:7.1f} images/s")
    print(f"  {cores} processes  {all_:7.1f} images/s   ({all_ / one:.2f} times as many)")
    print(f"  6000 faces in {6000 / all_:.0f} s")


if __name__ == "__main__":
    main()
