"""The page of `dvc plots show`, with Vega in it, so that it opens with no network.

`python src/dcgan_inpainting/commands/plots_page.py` makes DVC use it in this checkout.
"""

import subprocess
import sys
from pathlib import Path

import vl_convert

if __name__ == "__main__":
    # Also as a script, whose folder Python takes for the place of its modules.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from dcgan_inpainting.common.errors import FaultError, UserError
from dcgan_inpainting.common.files import write_text
from dcgan_inpainting.process.command_line import reporting

DVC = Path(".dvc")
PAGE = Path("plots/page.html")  # as DVC wants it: relative to .dvc
OFFLINE = Path("plots/offline.html")

# Where DVC puts the elements that load Vega, Vega-Lite and Vega-Embed from a server.
SCRIPTS = "{scripts}"
VEGA_LITE = "5.21"  # of version 5, which the charts of DVC and of this project are written for


def offline(page: str) -> str:
    """Return DVC's page template with the libraries themselves instead of their addresses.

    Args:
        page: the template; where {scripts} stands in it, they come.
    """
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", VEGA_LITE)
    bundle = bundle.replace("</script", r"<\/script")
    # In a function of its own, so that none of its short names is also one of the page's.
    return page.replace(SCRIPTS, f"<script>(() => {{\n{bundle}\n}})();</script>")


def install() -> None:
    """Write the page, and name it in .dvc/config.local, which is this checkout's alone.

    Raises:
        UserError: the template is missing.
        FaultError: DVC does not take the page, and has said why.
    """
    template = DVC / PAGE
    if not template.is_file():
        raise UserError(f"{template} is not there: run this from the project's top folder")
    page = offline(template.read_text(encoding="utf-8"))
    setting = ["--local", "plots.html_template", OFFLINE.as_posix()]
    if status := subprocess.run([sys.executable, "-m", "dvc", "config", *setting]).returncode:
        raise FaultError(f"`dvc config {' '.join(setting)}` ended with status {status}")
    # Last: that it is there says that all of this was done.
    write_text(DVC / OFFLINE, page)


if __name__ == "__main__":
    with reporting("plots_page"):
        install()
