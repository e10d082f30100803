"""Each stage's throughput beside a plain reference in the same run: `python -m benchmarks.NAME`."""

import sys
from pathlib import Path

# As for the stages: this checkout's own src, whatever is installed.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from dcgan_inpainting.process.command_line import begin

if sys.argv[:1] == ["-m"]:
    # As a benchmark's process begins; where a test imports one, nothing happens.
    begin()
