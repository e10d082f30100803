"""The last words of `make repro`: the quality table, and where to look."""

import json
import sys
from pathlib import Path

if __name__ == "__main__":
    # Also as a script, whose folder Python takes for the place of its modules.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from dcgan_inpainting.common.errors import DamagedError, UserError
from dcgan_inpainting.process.command_line import reporting

METRICS = Path("reports/metrics.json")
WHERE = """
Look at   reports/galleries/    original, damaged, each baseline and ours, by kind of mask
          reports/train/        loss curves, and samples as training went on
          reports/quality.png   the table above as a plot
Then      make ui               the runs in MLflow
          dvc metrics diff      against the last commit, after you have changed a parameter"""


def table(metrics: dict[str, dict[str, dict[str, float]]]) -> str:
    """Return reports/metrics.json as text: a line for each mask and method, the best in each mark.

    Args:
        metrics: {mask: {method: {metric: value}}}, as evaluation.as_tree gives it.
    """
    head = ("mask", "method", "hole PSNR [dB]", "hole SSIM", "PSNR", "SSIM")
    lines = [f"{head[0]:<15} {head[1]:<11} {head[2]:>18} {head[3]:>17} {head[4]:>7} {head[5]:>7}"]
    for mask, methods in metrics.items():
        best = max(methods, key=lambda method: methods[method]["hole_psnr"])
        for method, m in methods.items():
            lines.append(
                f"{mask:<15} {method:<11} {m['hole_psnr']:>11.2f} ± {m['hole_psnr_ci95']:.2f} "
                f"{m['hole_ssim']:>9.3f} ± {m['hole_ssim_ci95']:.3f} {m['psnr']:>7.2f} "
                f"{m['ssim']:>7.3f}{'  ← best' if method == best else ''}"
            )
            mask = ""
    return "\n".join(lines)


def main() -> None:
    """Print the table of this checkout's results, and where to look.

    Raises:
        UserError: there are none, or the file is damaged.
    """
    if not METRICS.is_file():
        raise UserError(f"{METRICS} is not there: run the pipeline first (make repro)")
    try:
        text = table(json.loads(METRICS.read_bytes()))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DamagedError(METRICS, f"is no table of figures ({error!r})") from None
    print(f"\n{text}\n{WHERE}")


if __name__ == "__main__":
    with reporting("summary"):
        main()
