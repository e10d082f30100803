"""Drawn faces, as a zip of JPEGs, on several cores."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from dcgan_inpainting.common import zips
from dcgan_inpainting.download.drawn_faces.draw import draw_face
from dcgan_inpainting.process import parallel
from dcgan_inpainting.process.cores import cores

_CHUNK = 50  # faces a task: half a second of work


def draw_faces(path: Path, count: int, seed: int, *, workers: int | None = None) -> list[str]:
    """Draw faces 0 to count−1 into a zip, and return their names (000001.jpg …).

    Args:
        path: the zip.
        count: how many faces.
        seed: the seed of all; each face depends on it and on its own number.
        workers: processes; None = one for each core that the stage uses. The bytes are the same.
    """
    names = [f"{number:06d}.jpg" for number in range(1, count + 1)]
    zips.pack(zip(names, _drawn(count, seed, workers or cores()), strict=True), path)
    return names


def _drawn(count: int, seed: int, workers: int) -> Iterator[bytes]:
    tasks = ((indices, seed) for indices in parallel.chunks(range(count), _CHUNK))
    with parallel.process_pool(workers) as pool, tqdm(total=count, unit="face") as bar:
        for faces in parallel.in_order(pool, _draw_chunk, tasks, ahead=3 * workers):
            yield from faces
            bar.update(len(faces))


def _draw_chunk(task: tuple[Sequence[int], int]) -> list[bytes]:
    indices, seed = task
    return [_jpeg(index, seed) for index in indices]


def _jpeg(index: int, seed: int) -> bytes:
    file = io.BytesIO()
    # Colour at full resolution (no subsampling): lips and irises are a few pixels wide.
    Image.fromarray(draw_face(index, seed)).save(file, "JPEG", quality=95, subsampling=0)
    return file.getvalue()
