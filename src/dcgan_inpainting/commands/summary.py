"""The last words of `make repro`: the quality table, and where to look."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

if __name__ == "__main__":
    # Also as a script, whose folder Python takes for the place of its modules.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from dcgan_inpainting.common.errors import DamagedError, UserError
from dcgan_inpainting.evaluate.metrics import HEADLINE, METRICS
from dcgan_inpainting.process.command_line import reporting

RESULTS = Path("reports/metrics.json")
OF_WHOLE_IMAGES = ("psnr", "ssim")  # beside the HEADLINE
WHERE = """
Look at   reports/galleries/    original, damaged, each method, by kind of mask
          reports/train/        loss curves, and samples as training went on
          reports/quality.png   the table above as a plot
Then      make report           all of this as one page
          make ui               the runs in MLflow
          dvc metrics diff      against the last commit, after you have changed a parameter"""


def table(metrics: dict[str, dict[str, dict[str, float]]]) -> str:
    """Return reports/metrics.json as text: a line for each mask and method, a mask's best marked.

    Args:
        metrics: {mask: {method: {metric: value}}}, as comparison.as_tree gives it.
    """
    heads = {name: METRICS[name].label for name in (*HEADLINE, *OF_WHOLE_IMAGES)}
    lines = [_line("mask", "method", heads)]
    for mask, methods in metrics.items():
        best = max(methods, key=lambda method: methods[method][next(iter(HEADLINE))])
        for method, figures in methods.items():
            cells = {name: _cell(name, figures) for name in heads}
            lines.append(_line(mask, method, cells) + ("  ← best" if method == best else ""))
            mask = ""
    return "\n".join(lines)


def _cell(name: str, figures: Mapping[str, float]) -> str:
    """Return a metric's mean, and of HEADLINE half its interval."""
    text = METRICS[name].text
    interval = f" ± {text(figures[f'{name}_ci95'])}" if name in HEADLINE else ""
    return text(figures[name]) + interval


def _line(mask: str, method: str, cells: Mapping[str, str]) -> str:
    wide = {name: max(len("0.000 ± 0.000"), len(METRICS[name].label)) + 4 for name in HEADLINE}
    numbers = (cell.rjust(wide.get(name, 7)) for name, cell in cells.items())
    return f"{mask:<15} {method:<11} {' '.join(numbers)}"


def main() -> None:
    """Print the table of this checkout's results, and where to look.

    Raises:
        UserError: there are none, or the file is damaged.
    """
    if not RESULTS.is_file():
        raise UserError(f"{RESULTS} is not there: run the pipeline first (make repro)")
    try:
        text = table(json.loads(RESULTS.read_bytes()))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DamagedError(RESULTS, f"is no table of figures ({error!r})") from None
    print(f"\n{text}\n{WHERE}")


if __name__ == "__main__":
    with reporting("summary"):
        main()
