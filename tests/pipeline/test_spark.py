"""The champion as a Spark UDF: a real Spark, two worker processes, the model's own code in them."""

import os
import shutil
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.tiny_model import SIDE, images_and_masks, publish_two

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

RESULT = "array<array<array<int>>>"
COUNT = 30

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # Spark's and MLflow's, about their own libraries
]


@pytest.fixture(scope="module")
def champion(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a champion, in a store that is this process's while the tests run."""
    from mlflow import set_tracking_uri

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        uri, _ = publish_two(tmp_path_factory.mktemp("store"))
        set_tracking_uri(uri)
        yield "models:/dcgan-inpainting-drawn@champion"
        set_tracking_uri(None)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[SparkSession]":
    """Spark with two workers. Where it can't be, the tests are skipped and say so in capitals."""
    sql = pytest.importorskip(
        "pyspark.sql",
        reason="NOT TESTED ON SPARK: pyspark is missing: pip install -r requirements-spark.lock",
    )
    if shutil.which("java") is None:
        pytest.skip("NOT TESTED ON SPARK: Java is missing: apt-get install default-jre-headless")
    decoy = tmp_path_factory.mktemp("decoy")
    (decoy / "dcgan_inpainting").mkdir()
    (decoy / "dcgan_inpainting" / "__init__.py").write_text("raise ImportError('the decoy')")
    with pytest.MonkeyPatch.context() as patch:
        # The workers are to take the model's own code, not what else is called so.
        patch.setenv("PYTHONPATH", str(decoy), prepend=os.pathsep)
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.delenv("OMP_NUM_THREADS", raising=False)  # Spark is to set it
        session = (
            sql.SparkSession.builder.master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("OFF")
        yield session
        session.stop()


@pytest.fixture(scope="module")
def udf(spark: "SparkSession", champion: str) -> Any:
    from mlflow.pyfunc import spark_udf

    return spark_udf(spark, champion, result_type=RESULT, env_manager="local")


@pytest.fixture(scope="module")
def expected(champion: str) -> np.ndarray:
    """What the model gives in this process, all images at once."""
    from mlflow.pyfunc import load_model

    images, masks = images_and_masks(COUNT)
    return load_model(champion).predict({"image": images, "mask": masks})


def frame(
    spark: "SparkSession", count: int = COUNT, *, change: dict[int, tuple[Any, Any]] | None = None
) -> "DataFrame":
    """Return numbered images and masks as rows of bytes, some of them replaced."""
    images, masks = images_and_masks(count)
    pairs = zip(images, masks, strict=True)
    rows = {index: (image.tobytes(), mask.tobytes()) for index, (image, mask) in enumerate(pairs)}
    rows |= change or {}
    schema = "index int, image binary, mask binary"
    return spark.createDataFrame([(index, *pair) for index, pair in rows.items()], schema)


def restored(rows: "DataFrame", column: "Column") -> np.ndarray:
    """Return the UDF's results in the order of the rows' numbers."""
    found = sorted(rows.select("index", column.alias("restored")).collect())
    return np.array([row.restored for row in found], np.uint8)


@pytest.mark.parametrize(
    ("partitions", "batch"),
    [(1, 10_000), (2, 10_000), (3, 4), (7, 1), (COUNT, 10_000)],
)
def test_rows_in_and_rows_out_are_the_same_as_in_one_process(
    spark: "SparkSession", udf: Any, expected: np.ndarray, partitions: int, batch: int
) -> None:
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", batch)
    rows = frame(spark).repartition(partitions)
    np.testing.assert_array_equal(restored(rows, udf("image", "mask")), expected)
    images, masks = images_and_masks(COUNT)
    np.testing.assert_array_equal(expected[masks == 0], images[masks == 0])
    assert (expected[masks != 0] != images[masks != 0]).mean() > 0.5


@pytest.mark.parametrize("kind", ["smallint", "int", "bigint"])
def test_columns_may_be_flat_arrays_of_integers(
    spark: "SparkSession", udf: Any, expected: np.ndarray, kind: str
) -> None:
    pairs = zip(*images_and_masks(COUNT), strict=True)
    cells = [(index, *(part.ravel().tolist() for part in pair)) for index, pair in enumerate(pairs)]
    schema = f"index int, image array<{kind}>, mask array<{kind}>"
    rows = spark.createDataFrame(cells[:3], schema)
    np.testing.assert_array_equal(restored(rows, udf("image", "mask")), expected[:3])


IMAGE, MASK = (tensor[0].tobytes() for tensor in images_and_masks(1))
NEEDED = f"it must be {SIDE * SIDE * 3} numbers ({SIDE}×{SIDE}×3, flat)"


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ((IMAGE[:-1], MASK), f"image of row 0 is {SIDE * SIDE * 3 - 1}; {NEEDED}"),
        ((None, MASK), f"image of row 0 is None; {NEEDED}"),
        ((MASK, IMAGE), f"image of row 0 is {SIDE * SIDE}; {NEEDED}"),
        ((IMAGE, bytes(SIDE * SIDE)), "mask 0 has no hole: it is 0 everywhere"),
    ],
    ids=["a byte short", "null", "swapped", "no hole"],
)
def test_a_wrong_row_ends_the_job_with_an_error_that_says_what(
    spark: "SparkSession", udf: Any, pair: tuple[Any, Any], message: str
) -> None:
    from pyspark.errors import PythonException

    rows = frame(spark, 1, change={0: pair})
    with pytest.raises(PythonException) as caught:
        restored(rows, udf("image", "mask"))
    assert f"RequestError: {message}" in str(caught.value)


def test_a_worker_has_one_thread(spark: "SparkSession") -> None:
    """Spark sets it; else two workers on two cores would wait for each other."""
    from pyspark.sql.functions import udf

    threads = udf(lambda _: os.environ.get("OMP_NUM_THREADS", "as many as cores"), "string")
    rows = frame(spark, 4).repartition(2)
    assert {row[0] for row in rows.select(threads("index")).collect()} == {"1"}
