"""Check the whole of params.yaml before any other stage runs: data/params.checked.

Each stage checks its own section too; this one spares the user a typo in the last section that
would come to light when everything before it has run. Its output never changes, so that a change
of params.yaml reruns this stage and then only those that the change concerns.
"""

import os
from pathlib import Path

from dcgan_inpainting.check.consistency import check_settings
from dcgan_inpainting.process.command_line import reporting

CHECKED = Path("data/params.checked")

if __name__ == "__main__":
    with reporting("check"):
        # As stage.project_root has it, which would import the tracking.
        check_settings(root=Path(os.environ.get("DVC_ROOT", "")))
        CHECKED.write_text("params.yaml is valid\n", encoding="utf-8")
