"""The page of `dvc plots show`, with Vega in it, so that it opens with no network.

`python src/dcgan_inpainting/plots_page.py` makes DVC use it in this checkout.
"""

import subprocess
import sys
from pathlib import Path

import vl_convert

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
    """Write the page, and name it in .dvc/config.local, which is this checkout's alone."""
    page = (DVC / PAGE).read_text(encoding="utf-8")
    setting = ["--local", "plots.html_template", OFFLINE.as_posix()]
    subprocess.run([sys.executable, "-m", "dvc", "config", *setting], check=True)
    # Last, and whole: that it is there says that all of this was done. (Without `replacing`, since
    # this file is also run where the package is on no path.)
    temporary = (DVC / OFFLINE).with_suffix(".partial")
    temporary.write_text(offline(page), encoding="utf-8")
    temporary.replace(DVC / OFFLINE)


if __name__ == "__main__":
    install()
