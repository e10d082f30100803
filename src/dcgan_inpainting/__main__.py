"""The console command without an installation: `python src/dcgan_inpainting COMMAND …`."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # As a folder too, which Python takes for the place of its modules.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from dcgan_inpainting.commands.main import main

    main()
