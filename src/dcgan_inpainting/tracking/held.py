"""What a run in MLflow holds already: told again, a point or a picture would be there twice."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

PICTURES = "images"  # the folder of artifacts in which MLflow keeps series of pictures

# The name of the file that MLflow writes last of a picture; it writes a slash as a tilde.
_PICTURE = re.compile(rf"{PICTURES}/(?P<key>.+)\+step\+(?P<step>\d+)\+.*\+compressed\.webp")


class Held:
    """The points and pictures of one run; each curve and the pictures are asked for once."""

    def __init__(self, client: "MlflowClient", run_id: str) -> None:
        self._client = client
        self._run_id = run_id
        self._steps: dict[str, set[int]] = {}
        self._pictures: set[tuple[str, int]] | None = None

    def has_point(self, name: str, step: int) -> bool:
        """Return whether the run has a point of a curve.

        Raises:
            whatever MLflow raises.
        """
        if name not in self._steps:
            history = self._client.get_metric_history(self._run_id, name)
            self._steps[name] = {point.step for point in history}
        return step in self._steps[name]

    def has_picture(self, key: str, step: int) -> bool:
        """Return whether the run has a series' picture, whole.

        Raises:
            whatever MLflow raises.
        """
        if self._pictures is None:
            files = self._client.list_artifacts(self._run_id, PICTURES)
            found = (_PICTURE.fullmatch(file.path) for file in files)
            self._pictures = {
                (match["key"].replace("~", "/"), int(match["step"])) for match in found if match
            }
        return (key, step) in self._pictures
