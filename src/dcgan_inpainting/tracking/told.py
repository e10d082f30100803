"""What a run was told by earlier attempts, so that no point and no picture is told twice.

MLflow keeps a point for each time at which it was told, and has no way to delete one.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

ATTEMPTS = "attempts"  # tag of a run that was continued: how many processes have worked at it
PICTURES = "images"  # the folder of artifacts in which MLflow keeps series of pictures
WHOLE = "+compressed.webp"  # the end of the file that MLflow writes last of a picture


class Told:
    """The points and pictures that a run held when it was first asked about them.

    None of a run that was never continued. A curve is asked for once, and only where the run has
    it.
    """

    def __init__(self, client: "MlflowClient", run_id: str) -> None:
        """Ask which curves there are.

        Raises:
            whatever MLflow raises.
        """
        self._client = client
        self._run_id = run_id
        run = client.get_run(run_id)
        self._continued = ATTEMPTS in run.data.tags
        self._names = set(run.data.metrics) if self._continued else set()
        self._curves: dict[str, dict[int, set[float]]] = {}
        self._pictures: set[str] | None = None

    def has_point(self, name: str, value: float, step: int | None) -> bool:
        """Return whether the run has a point of a curve at a step, or a single figure at none.

        A point's value does not count: how fast the work goes is never twice the same. A figure
        may change, and is then another.

        Raises:
            whatever MLflow raises.
        """
        if name not in self._names:
            return False
        curve = self._curve(name)
        return value in curve.get(0, set()) if step is None else step in curve

    def has_picture(self, key: str, step: int) -> bool:
        """Return whether the run has a series' picture of a step, whole.

        Raises:
            whatever MLflow raises.
        """
        if not self._continued:
            return False
        if self._pictures is None:
            files = self._client.list_artifacts(self._run_id, PICTURES)
            whole = [file.path for file in files if file.path.endswith(WHOLE)]
            self._pictures = {path.partition("+timestamp+")[0] for path in whole}
        # As MLflow names them.
        return f"{PICTURES}/{key.replace('/', '~')}+step+{step}" in self._pictures

    def _curve(self, name: str) -> dict[int, set[float]]:
        if name not in self._curves:
            curve: dict[int, set[float]] = {}
            for point in self._client.get_metric_history(self._run_id, name):
                curve.setdefault(point.step, set()).add(point.value)
            self._curves[name] = curve
        return self._curves[name]
