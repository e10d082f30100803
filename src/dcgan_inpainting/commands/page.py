"""`dcgan-inpainting page`: a page in the browser, to paint a hole on and watch it being filled.

docs/page.md shows it.
"""

import argparse
from collections.abc import Sequence

from dcgan_inpainting.commands.chosen_model import add_option, load
from dcgan_inpainting.process.command_line import reporting

PORT = "5002"  # beside those of `make ui` and `make serve`


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the page; end the process as command_line says."""
    parser = argparse.ArgumentParser(
        prog="dcgan-inpainting page",
        description="Serve a page on which holes of photographs are painted and restored. It is "
        "seen on this machine alone.",
    )
    parser.add_argument("--port", default=PORT, help=f"TCP port, 1…65535; default: {PORT}")
    add_option(parser)
    options = parser.parse_args(arguments)
    with reporting("page"):
        from dcgan_inpainting.tracking.ui import check_port, port_number

        port = port_number(options.port)
        check_port(port, "make page")
        from dcgan_inpainting.page.server import serve

        serve(load(options.model), port)
