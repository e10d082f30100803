"""Log the experiment to MLflow: its row with figures and faces, and a run for each stage.

It comes last and has no outputs, so that DVC never takes it from its cache: an experiment whose
every other stage is cached has a row of its own all the same.
"""

from pathlib import Path

from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.running.stage import project_root
from dcgan_inpainting.tracking.record import record

if __name__ == "__main__":
    with reporting("record"):
        record(Path.cwd(), project_root())
