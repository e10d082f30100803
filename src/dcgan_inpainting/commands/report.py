"""What the workspace holds, as one page that opens anywhere: `make report`."""

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

if __name__ == "__main__":
    # Also as a script, whose folder Python takes for the place of its modules.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from dcgan_inpainting.common.files import replacing
from dcgan_inpainting.process.command_line import reporting

REPORT = Path("reports/report.html")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page; end the process as command_line says."""
    argparse.ArgumentParser(
        prog="dcgan-inpainting report",
        description=(__doc__ or "").partition("\n")[0],
    ).parse_args(arguments)
    with reporting("report"):
        # Not at the top: matplotlib and pandas take seconds, and --help needs neither.
        from dcgan_inpainting.report.page import page

        text = page(datetime.now())
        with replacing(REPORT) as temporary:
            temporary.write_text(text, encoding="utf-8")
        print(f"{REPORT}: {len(text.encode()) / 1e6:.1f} MB; open it in a browser")


if __name__ == "__main__":
    main()
