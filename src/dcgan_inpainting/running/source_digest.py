"""A digest of the project's own source, for what must begin anew when the code has changed."""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

# The rooms that no result depends on: a change in one of them costs no work that is done already.
LEFT_OUT = ("process", "running", "tracking")


def digest_of_code() -> str:
    """Return a digest of the source of this package that this process has imported.

    It is the sha256, in hexadecimal, of the names and contents of all imported modules, but for
    those of the rooms LEFT_OUT. Where the checkout lies and what is compiled makes no difference.

    Call it in a stage's process once all of the stage's imports are made, which stand at the top
    of its script and of its modules: before that, or where other things are imported as well (as
    in tests), it is the digest of another set of modules. The files are read at the call, so call
    it before the work, not hours later when somebody may have edited them.
    """
    digest = hashlib.sha256()
    for name, path in sorted(set(_imported())):
        digest.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _imported() -> Iterator[tuple[str, Path]]:
    """Yield the places in the package and the files of the imported modules that count."""
    package = Path(__file__).parent.parent
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        # The package's modules are all found from its own folder, so that links do not matter.
        if isinstance(file, str) and Path(file).is_relative_to(package):
            place = Path(file).relative_to(package)
            if place.parts[0] not in LEFT_OUT:
                yield place.as_posix(), Path(file)
