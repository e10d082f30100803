"""A digest of the project's own source, for what must begin anew when the code has changed."""

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

# The frame in which stages run: no result depends on it, so a change of it alone costs no work.
FRAME = (
    "stages",
    "dcgan_inpainting.checkpoints",
    "dcgan_inpainting.command_line",
    "dcgan_inpainting.cores",
    "dcgan_inpainting.parts",
    "dcgan_inpainting.ranks",
    "dcgan_inpainting.run_folders",
    "dcgan_inpainting.source_digest",
    "dcgan_inpainting.stage",
)


def digest_of_code(*, leave_out: Sequence[str] = ()) -> str:
    """Return a digest of the project's own source that this process has imported.

    It is the sha256, in hexadecimal, of the names and contents of all modules of `stages` (the
    script that runs too) and of this package, but for `dcgan_inpainting.tracking`, which never
    changes a result. Where the checkout lies and what is compiled makes no difference.

    Call it in a stage's process once all of the stage's imports are made, which stand at the top
    of its script and of its modules: before that, or where other things are imported as well (as
    in tests), it is the digest of another set of modules. The files are read at the call, so call
    it before the work, not hours later when somebody may have edited them.

    Args:
        leave_out: full names of modules, or of packages, that do not matter to the result.
    """
    folders = {"dcgan_inpainting": Path(__file__).parent}
    if file := getattr(sys.modules.get("stages"), "__file__", None):
        folders["stages"] = Path(file).parent
    left_out = ("dcgan_inpainting.tracking", *leave_out)
    digest = hashlib.sha256()
    for name, path in sorted(set(_imported_below(folders))):
        if not any(f"{name}.".startswith(f"{other}.") for other in left_out):
            digest.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _imported_below(folders: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
    """Yield the full names and files of the imported modules that lie in packages' folders."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        for package, folder in folders.items():
            # A package's modules are all found from its own folder, so that links do not matter.
            if isinstance(file, str) and file.startswith(f"{folder}{os.sep}"):
                path = Path(file)
                # Named by its place, since the script that runs is called __main__.
                inner = path.relative_to(folder).with_suffix("").parts
                yield ".".join((package, *inner)).removesuffix(".__init__"), path
