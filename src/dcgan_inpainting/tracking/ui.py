"""`make ui`: the MLflow UI on this machine's loopback address, on the project's one store."""

import argparse
import os
import socket
import subprocess
import sys
from pathlib import Path

from dcgan_inpainting.errors import UserError
from dcgan_inpainting.tracking.outbox import catch_up
from dcgan_inpainting.tracking.record import record_if_new

HOST = "127.0.0.1"
# The plain address opens on an overview for language models; this one opens on the runs.
PAGE = "http://{host}:{port}/#/experiments/{experiment}/runs?workflowType=machine_learning"


def serve(port: int, root: Path) -> int:
    """Serve the UI until it is interrupted; return its exit status.

    Raises:
        UserError: the port is taken.
    """
    with socket.socket() as probe:
        if probe.connect_ex((HOST, port)) == 0:
            raise UserError(f"port {port} is taken; give another one: make ui PORT={port + 1}")
    store, _ = catch_up(root)
    record_if_new(root, store)
    uri = store.location.uri
    page = PAGE.format(host=HOST, port=port, experiment=store.experiment_id)
    print(f"MLflow on {uri}\nOpen {page} (ready in about 10 s; Ctrl-C ends it)", flush=True)
    # One worker and no job runner: two processes instead of a dozen, ready in a third of the time.
    command = [sys.executable, "-m", "mlflow", "ui", "--workers", "1", "--host", HOST]
    command += ["--port", str(port), "--backend-store-uri", uri]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    try:
        return subprocess.run(command, env=environment, check=False).returncode
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=5000, help="TCP port, 1…65535")
    try:
        sys.exit(serve(parser.parse_args().port, Path.cwd()))
    except UserError as error:
        sys.exit(f"ui: error: {error}")
